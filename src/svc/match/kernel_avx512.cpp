// Sixteen 32-bit lanes of AVX-512.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "svc/match/kernel.h"

namespace v100::match {
namespace {

using V = __m512i;

inline V splat(std::int32_t x) { return _mm512_set1_epi32(x); }
inline V add(V a, V b) { return _mm512_add_epi32(a, b); }
inline V sub(V a, V b) { return _mm512_sub_epi32(a, b); }
inline V mul(V a, V b) { return _mm512_mullo_epi32(a, b); }
inline V low16(V a) { return _mm512_and_si512(a, splat(0xffff)); }
inline V high16(V a) { return _mm512_srai_epi32(a, 16); }
// a - amount where a > limit
inline V above_minus(V a, std::int32_t limit, std::int32_t amount) {
  return _mm512_mask_sub_epi32(a, _mm512_cmpgt_epi32_mask(a, splat(limit)), a, splat(amount));
}
inline __m128i load16(const std::int8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline V load_bytes(const std::int8_t* p) { return _mm512_cvtepi8_epi32(load16(p)); }
// Lanes column … column + 15 of row[0], row[127], row[126], …, row[1].
inline V load_reversed(const std::int8_t* row, std::size_t column) {
  const __m128i backwards = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  if (column == 0) {
    const __m128i last = _mm_shuffle_epi8(load16(row + 112), backwards);
    return _mm512_cvtepi8_epi32(_mm_alignr_epi8(last, _mm_set1_epi8(row[0]), 15));
  }
  return _mm512_cvtepi8_epi32(_mm_shuffle_epi8(load16(row + 113 - column), backwards));
}
inline V first_lane(V first, V others) { return _mm512_mask_mov_epi32(others, 1, first); }
inline void store(std::int32_t* p, V v) { _mm512_storeu_si512(p, v); }

#include "svc/match/slots.inl.h"

}  // namespace

const MatchKernel match_avx512{"avx512", encode_template, encode_probe};

}  // namespace v100::match
