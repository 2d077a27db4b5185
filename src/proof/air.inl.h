// The constraints, each a polynomial in one row (`c`), the row before it (`b`), the selectors and
// the public values that is zero on every row of an honest trace. Used by the prover's kernels on
// vectors, by the verifier on the extension field and by the tests on single rows. `emit` gets the
// constraints in their fixed order. docs/spec/membership-proof.md, section 5.
#pragma once

#include "proof/columns.h"
#include "proof/poseidon2.inl.h"

namespace v100::proof {
namespace {

// v minus a public Montgomery constant.
template <class V>
inline V without(const V& v, std::uint32_t value) {
  return offset(v, value == 0 ? 0 : modulus - value);
}

template <class V, class Emit>
inline void emit_permutation(const V* c, Emit&& emit) {
  V s[16];
  for (std::size_t i = 0; i < 16; ++i) {
    s[i] = c[col_in + i];
  }
  compress_pinned(s, [&](std::size_t column, const V& value) {
    emit(sub(value, c[column]));
    return c[column];
  });
}

template <class V, class Emit>
inline void emit_constraints(const V* c, const V* b, const V* selected_by, const std::uint32_t* pub,
                             Emit&& emit) {
  emit_permutation(c, emit);
  const V side = c[col_side];
  emit(sub(mul(side, side), side));
  emit(sub(mul(c[col_range], c[col_range]), c[col_range]));
  for (std::size_t i = 0; i < 8; ++i) {
    const V& left = c[col_in + i];
    const V child = add(left, mul(side, sub(c[col_in + 8 + i], left)));
    emit(mul(selected_by[sel_link], sub(b[back_digest + i], child)));
  }
  emit(mul(selected_by[sel_straight], side));
  for (std::size_t i = 0; i < 8; ++i) {
    emit(mul(selected_by[sel_owner], sub(c[col_in + i], b[back_in + i])));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    emit(mul(selected_by[sel_pseudonym], without(c[col_in + 8 + i], pub[pub_context + i])));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    emit(mul(selected_by[sel_pseudonym], without(c[col_digest + i], pub[pub_pseudonym + i])));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    constexpr std::uint32_t domain = to_montgomery(owner_domain);
    emit(mul(selected_by[sel_owner], without(c[col_in + 8 + i], i == 0 ? domain : 0)));
  }
  const V& on_leaf = selected_by[sel_leaf_last];
  emit(mul(on_leaf, without(c[col_in + leaf_accept], montgomery_one)));
  emit(mul(on_leaf, without(c[col_in + leaf_tag], to_montgomery(leaf_domain))));
  emit(mul(on_leaf, without(sub(c[col_in + leaf_level], c[col_rest]), pub[pub_level])));
  emit(mul(selected_by[sel_range], sub(b[back_rest], add(twice(c[col_rest]), c[col_range]))));
  emit(mul(selected_by[sel_range_last], c[col_rest]));
  for (std::size_t i = 0; i < 8; ++i) {
    emit(mul(selected_by[sel_root], without(c[col_digest + i], pub[pub_root + i])));
  }
}

}  // namespace
}  // namespace v100::proof
