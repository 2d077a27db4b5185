// AVX2: eight numbers a register, arithmetic as in kernel_avx512.cpp.
#include <cstdint>
#include <immintrin.h>

#include "proof/kernel.h"
#include "proof/modulus.inl.h"

namespace v100::proof {
namespace {

using V = __m256i;
constexpr int lanes = 8;

inline V splat(std::uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
inline V load(const std::uint32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(std::uint32_t* p, V v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
inline V add(V a, V b) {
  const V s = _mm256_add_epi32(a, b);
  return _mm256_min_epu32(s, _mm256_sub_epi32(s, splat(modulus)));
}
inline V sub(V a, V b) {
  const V d = _mm256_sub_epi32(a, b);
  return _mm256_min_epu32(d, _mm256_add_epi32(d, splat(modulus)));
}
inline V odd(V a) { return _mm256_srli_epi64(a, 32); }
inline V mul(V a, V b) {
  const V even_product = _mm256_mul_epu32(a, b);
  const V odd_product = _mm256_mul_epu32(odd(a), odd(b));
  const V even_q = _mm256_mul_epu32(even_product, splat(modulus_inverse));
  const V odd_q = _mm256_mul_epu32(odd_product, splat(modulus_inverse));
  const V even_qp = _mm256_mul_epu32(even_q, splat(modulus));
  const V odd_qp = _mm256_mul_epu32(odd_q, splat(modulus));
  const V high = _mm256_blend_epi32(odd(even_product), odd_product, 0xaa);
  const V high_qp = _mm256_blend_epi32(odd(even_qp), odd_qp, 0xaa);
  return sub(high, high_qp);
}
inline std::uint32_t sum(V v) {
  std::uint32_t words[8];
  store(words, v);
  std::uint64_t total = 0;
  for (const std::uint32_t word : words) {
    total += word;
  }
  return static_cast<std::uint32_t>(total % modulus);
}

}  // namespace
}  // namespace v100::proof

#include "proof/kernel.inl.h"

namespace v100::proof {

const ProofKernel kernel_avx2{"avx2", compress, transform, extend, evaluate, combine, compose};

}  // namespace v100::proof
