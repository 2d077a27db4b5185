// What tests include on top.
#pragma once

#include <gtest/gtest.h>

#include "precompiled.h"
