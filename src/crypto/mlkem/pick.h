// The kernel that mlkem's own files run on. Not a front door.
#pragma once

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {

const MlkemKernel& kernel() noexcept;

}  // namespace v100::mlkem
