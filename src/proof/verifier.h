// The verifier behind proof.h: its parameters are given, so that tests can have others than the
// presets.
#pragma once

#include <span>

#include "proof/params.h"
#include "proof/proof.h"

namespace v100::proof {

struct Trial {
  const Params* params;
  const Claim* claim;
};
// The bytes' version and preset are the caller's to look at.
std::vector<Result<void>> verify_trials(std::span<const Trial> trials);

}  // namespace v100::proof
