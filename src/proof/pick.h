// The kernel in use, picked once.
#pragma once

#include "proof/kernel.h"

namespace v100::proof {

const ProofKernel& kernel() noexcept;

}  // namespace v100::proof
