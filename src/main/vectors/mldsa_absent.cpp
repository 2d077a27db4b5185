// Stands in for mldsa.cpp in builds without ML-DSA: its cases are skipped, with this reason.
#include "main/vectors/json.h"
#include "main/vectors/wycheproof_mldsa.h"

namespace v100::vectors {

Result<Verdict> acvp_mldsa(std::string_view, const AcvpCase&) {
  return skip("this build does not have ML-DSA");
}

Result<Verdict> wycheproof_mldsa(std::string_view, const Json&, const Json&) {
  return skip("this build does not have ML-DSA");
}

}  // namespace v100::vectors
