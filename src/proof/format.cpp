#include "proof/format.h"

#include "proof/proof.h"

namespace v100::proof {

const Params* find_params(std::uint8_t id) noexcept {
  return id == params_100.id ? &params_100 : id == params_128.id ? &params_128 : nullptr;
}

std::size_t proof_bytes(Preset preset) noexcept {
  return Layout{*find_params(static_cast<std::uint8_t>(preset))}.bytes();
}

Result<void> check_format(const Params& params, Bytes proof) noexcept {
  const Layout layout{params};
  if (proof.size() != layout.bytes()) {
    return fail(Errc::malformed, "a proof of another length");
  }
  bool good = canonical(proof.subspan(layout.evaluations_at(), evaluations * extension_bytes)) &&
              canonical(proof.subspan(layout.final_at(), params.final_degree() * extension_bytes));
  for (std::size_t q = 0; q < params.queries; ++q) {
    const Bytes query = proof.subspan(layout.query(q), layout.query_bytes());
    good &= canonical(query.first(4 * trace_words));
    good &= canonical(query.subspan(layout.quotient_in_query(), 4 * quotient_words));
    for (unsigned round = 0; round < params.folds; ++round) {
      good &= canonical(query.subspan(layout.fri_in_query(round), fri_leaf_bytes));
    }
  }
  if (!good) {
    return fail(Errc::malformed, "a number that is not below the modulus");
  }
  return {};
}

}  // namespace v100::proof
