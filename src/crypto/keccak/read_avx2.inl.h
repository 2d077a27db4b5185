// Words out of a group by transposing four words of four states at a time. AVX2; included by the
// x86 kernel files.
#pragma once

#include "crypto/keccak/scalar.inl.h"

namespace v100::keccak {
namespace {

inline __m256i load_row(const std::uint64_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store_row(std::uint8_t* p, __m256i row) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), row);
}

template <int Width>
inline void read_transposed(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  int w = 0;
  for (; w + 4 <= count; w += 4) {
    for (int s = 0; s < Width; s += 4) {
      const std::uint64_t* from = words + w * Width + s;
      const __m256i r0 = load_row(from);
      const __m256i r1 = load_row(from + Width);
      const __m256i r2 = load_row(from + 2 * Width);
      const __m256i r3 = load_row(from + 3 * Width);
      const __m256i even_01 = _mm256_unpacklo_epi64(r0, r1);
      const __m256i odd_01 = _mm256_unpackhi_epi64(r0, r1);
      const __m256i even_23 = _mm256_unpacklo_epi64(r2, r3);
      const __m256i odd_23 = _mm256_unpackhi_epi64(r2, r3);
      store_row(outs[s] + 8 * w, _mm256_permute2x128_si256(even_01, even_23, 0x20));
      store_row(outs[s + 1] + 8 * w, _mm256_permute2x128_si256(odd_01, odd_23, 0x20));
      store_row(outs[s + 2] + 8 * w, _mm256_permute2x128_si256(even_01, even_23, 0x31));
      store_row(outs[s + 3] + 8 * w, _mm256_permute2x128_si256(odd_01, odd_23, 0x31));
    }
  }
  read_words<Width>(outs, words, w, count);
}

void read_x4(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<4>(outs, words, count);
}
void read_x8(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<8>(outs, words, count);
}

}  // namespace
}  // namespace v100::keccak
