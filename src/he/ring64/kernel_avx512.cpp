// AVX-512 IFMA: two 52-bit multiply-adds a cycle on Zen 5, one on Ice Lake.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "he/ring64/kernel.h"

namespace v100::he {
namespace {

using V = __m512i;

inline V load(const std::uint64_t* p) { return _mm512_load_si512(p); }
inline void store(std::uint64_t* p, V v) { _mm512_store_si512(p, v); }
inline V splat(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
inline std::uint64_t lane0(V v) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(v)));
}
inline V add(V a, V b) { return _mm512_add_epi64(a, b); }
inline V sub(V a, V b) { return _mm512_sub_epi64(a, b); }
inline V least(V a, V b) { return _mm512_min_epu64(a, b); }
inline V low52(V a) { return _mm512_and_si512(a, splat((1ull << 52) - 1)); }
inline V muladd_low(V a, V b, V c) { return _mm512_madd52lo_epu64(a, b, c); }
inline V muladd_high(V a, V b, V c) { return _mm512_madd52hi_epu64(a, b, c); }

inline void transpose(V* v) {
  V pairs[8];
  V quads[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < 2; ++k) {
      quads[4 * i + k] = _mm512_shuffle_i64x2(pairs[4 * i + k], pairs[4 * i + k + 2], 0x88);
      quads[4 * i + k + 2] = _mm512_shuffle_i64x2(pairs[4 * i + k], pairs[4 * i + k + 2], 0xDD);
    }
  }
  for (int k = 0; k < 4; ++k) {
    v[k] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0x88);
    v[k + 4] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0xDD);
  }
}

#include "he/ring64/ntt.inl.h"

}  // namespace

const Ring64Kernel ring64_avx512{"avx512", forward, inverse, multiply, multiply_add};

}  // namespace v100::he
