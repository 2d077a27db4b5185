// The kernel that keccak's own files run on. Not a front door.
#pragma once

#include "crypto/keccak/kernel.h"

namespace v100::keccak {

const KeccakKernel& kernel() noexcept;

}  // namespace v100::keccak
