// AVX-512: sixteen numbers a register. A product is two widening multiplications of the even and
// odd lanes; the reduction never borrows, for the low halves of a b and q p are equal.
#include <cstdint>
#include <immintrin.h>

#include "proof/kernel.h"
#include "proof/modulus.inl.h"

namespace v100::proof {
namespace {

using V = __m512i;
constexpr int lanes = 16;

inline V splat(std::uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
inline V load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
inline void store(std::uint32_t* p, V v) { _mm512_storeu_si512(p, v); }
inline V add(V a, V b) {
  const V s = _mm512_add_epi32(a, b);
  return _mm512_min_epu32(s, _mm512_sub_epi32(s, splat(modulus)));
}
inline V sub(V a, V b) {
  const V d = _mm512_sub_epi32(a, b);
  return _mm512_min_epu32(d, _mm512_add_epi32(d, splat(modulus)));
}
inline V odd(V a) { return _mm512_srli_epi64(a, 32); }
inline V mul(V a, V b) {
  const V even_product = _mm512_mul_epu32(a, b);
  const V odd_product = _mm512_mul_epu32(odd(a), odd(b));
  const V even_q = _mm512_mul_epu32(even_product, splat(modulus_inverse));
  const V odd_q = _mm512_mul_epu32(odd_product, splat(modulus_inverse));
  const V even_qp = _mm512_mul_epu32(even_q, splat(modulus));
  const V odd_qp = _mm512_mul_epu32(odd_q, splat(modulus));
  const V high = _mm512_mask_mov_epi32(odd(even_product), 0xaaaa, odd_product);
  const V high_qp = _mm512_mask_mov_epi32(odd(even_qp), 0xaaaa, odd_qp);
  return sub(high, high_qp);
}
inline std::uint32_t sum(V v) {
  const V wide = _mm512_add_epi64(_mm512_and_si512(v, _mm512_set1_epi64(0xffffffff)), odd(v));
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(_mm512_reduce_add_epi64(wide)) %
                                    modulus);
}

}  // namespace
}  // namespace v100::proof

#include "proof/kernel.inl.h"

namespace v100::proof {

const ProofKernel kernel_avx512{"avx512", compress, transform, extend, evaluate, combine, compose};

}  // namespace v100::proof
