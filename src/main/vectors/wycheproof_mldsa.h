// Wycheproof's ML-DSA cases.
#pragma once

#include "main/vectors/json.h"

namespace v100::vectors {

Result<Verdict> wycheproof_mldsa(std::string_view set, const Json& group, const Json& test);

}  // namespace v100::vectors
