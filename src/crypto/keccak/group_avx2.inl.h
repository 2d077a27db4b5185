// Words into and out of a group by transposing four words of four states at a time. AVX2; included
// by the x86 kernel files.
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

// Four words of four states: rows are states, then words.
inline void transpose_4x4(__m256i (&r)[4]) {
  const __m256i even_01 = _mm256_unpacklo_epi64(r[0], r[1]);
  const __m256i odd_01 = _mm256_unpackhi_epi64(r[0], r[1]);
  const __m256i even_23 = _mm256_unpacklo_epi64(r[2], r[3]);
  const __m256i odd_23 = _mm256_unpackhi_epi64(r[2], r[3]);
  r[0] = _mm256_permute2x128_si256(even_01, even_23, 0x20);
  r[1] = _mm256_permute2x128_si256(odd_01, odd_23, 0x20);
  r[2] = _mm256_permute2x128_si256(even_01, even_23, 0x31);
  r[3] = _mm256_permute2x128_si256(odd_01, odd_23, 0x31);
}

// Whole registers go in and out of the state, never single words: a wide load that follows a narrow
// store to the same line would wait for it to reach the cache.
template <int Width>
inline void absorb_transposed(std::uint64_t* words, const std::uint8_t* const* ins,
                              const std::uint8_t* counts, unsigned fresh) {
  const __m256i index = _mm256_setr_epi64x(0, 1, 2, 3);
  for (int s = 0; s < Width; s += 4) {
    const __m256i bits = _mm256_setr_epi64x(1, 2, 4, 8);
    const __m256i fresh_bits =
        _mm256_and_si256(_mm256_set1_epi64x(static_cast<long long>(fresh >> s)), bits);
    const __m256i keep = _mm256_cmpeq_epi64(fresh_bits, _mm256_setzero_si256());
    for (int w = 0; w < 24; w += 4) {
      __m256i rows[4];
      for (int i = 0; i < 4; ++i) {
        const __m256i left = _mm256_set1_epi64x(counts[s + i] - w);
        rows[i] = _mm256_maskload_epi64(reinterpret_cast<const long long*>(ins[s + i] + 8 * w),
                                        _mm256_cmpgt_epi64(left, index));
      }
      transpose_4x4(rows);
      for (int i = 0; i < 4; ++i) {
        std::uint64_t* at = words + (w + i) * Width + s;
        const __m256i state = _mm256_and_si256(load_row(at), keep);
        _mm256_store_si256(reinterpret_cast<__m256i*>(at), _mm256_xor_si256(state, rows[i]));
      }
    }
    std::uint64_t* last = words + 24 * Width + s;
    _mm256_store_si256(reinterpret_cast<__m256i*>(last), _mm256_and_si256(load_row(last), keep));
  }
}

[[maybe_unused]] void read_x4(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<4>(outs, words, count);
}
[[maybe_unused]] void read_x8(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<8>(outs, words, count);
}
[[maybe_unused]] void absorb_x4(std::uint64_t* words, const std::uint8_t* const* ins,
                                const std::uint8_t* counts, unsigned fresh) {
  absorb_transposed<4>(words, ins, counts, fresh);
}
[[maybe_unused]] void absorb_x8(std::uint64_t* words, const std::uint8_t* const* ins,
                                const std::uint8_t* counts, unsigned fresh) {
  absorb_transposed<8>(words, ins, counts, fresh);
}

}  // namespace
}  // namespace v100::keccak
