// If this fails, some property of Falcon does not hold.
#include "crypto/falcon/falcon.h"

#include <gtest/gtest.h>
