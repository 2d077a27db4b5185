// Keccak-f[1600] with AVX-512: eight states in the lanes of 512-bit registers, four in 256-bit
// ones, one in 128-bit ones. Three-way xor and chi are one ternary-logic instruction each, rotation
// is one instruction, and all 25 words fit in the 32 registers.
#include <cstdint>
#include <immintrin.h>

#include "crypto/keccak/group_avx2.inl.h"
#include "crypto/keccak/kernel.h"
#include "crypto/keccak/permute_avx512.inl.h"
#include "crypto/keccak/round_constants.inl.h"

namespace v100::keccak {
namespace {

#define V100_ALL_WORDS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24"
// Loads, permutes and stores the group at `words` in registers of the width r.
#define V100_PERMUTE(words, r, all, move, step)                                                   \
  const std::uint64_t* constants = round_constants;                                               \
  asm volatile("v100_keccak_load " r ", " move ", " step ", " V100_ALL_WORDS                      \
               "\n\t"                                                                             \
               "v100_keccak_f1600 " r ", " all                                                    \
               "\n\t"                                                                             \
               "v100_keccak_store " r ", " move ", " step ", " V100_ALL_WORDS                     \
               "\n\t"                                                                             \
               "vzeroupper"                                                                       \
               : "+S"(constants)                                                                  \
               : "D"(words)                                                                       \
               : "memory", "cc", "rax", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6",   \
                 "zmm7", "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15",    \
                 "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", \
                 "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31")

void permute_x1(std::uint64_t* words) { V100_PERMUTE(words, "xmm", "%{1to2%}", "vmovq", "8"); }
void permute_x4(std::uint64_t* words) { V100_PERMUTE(words, "ymm", "%{1to4%}", "vmovdqa64", "32"); }
void permute_x8(std::uint64_t* words) { V100_PERMUTE(words, "zmm", "%{1to8%}", "vmovdqa64", "64"); }

// Eight words of eight states: rows are states, then words, or the other way round.
inline void transpose_8x8(__m512i (&r)[8]) {
  __m512i a[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
  }
  // Quarter p of a[2i + e] is rows 2i, 2i + 1 of column 2p + e.
#pragma GCC unroll 2
  for (int e = 0; e < 2; ++e) {
    const __m512i low_even = _mm512_shuffle_i64x2(a[e], a[e + 2], 0x88);
    const __m512i low_odd = _mm512_shuffle_i64x2(a[e], a[e + 2], 0xdd);
    const __m512i high_even = _mm512_shuffle_i64x2(a[e + 4], a[e + 6], 0x88);
    const __m512i high_odd = _mm512_shuffle_i64x2(a[e + 4], a[e + 6], 0xdd);
    r[e] = _mm512_shuffle_i64x2(low_even, high_even, 0x88);
    r[e + 2] = _mm512_shuffle_i64x2(low_odd, high_odd, 0x88);
    r[e + 4] = _mm512_shuffle_i64x2(low_even, high_even, 0xdd);
    r[e + 6] = _mm512_shuffle_i64x2(low_odd, high_odd, 0xdd);
  }
}

inline __mmask8 first_words(int count) {
  return static_cast<__mmask8>(count >= 8 ? 0xff : count <= 0 ? 0 : (1u << count) - 1);
}

// One lane's words by masked broadcasts, cheaper than a transposition of all.
inline void absorb_lane(std::uint64_t* words, const std::uint8_t* in, int count, __mmask8 lane,
                        __mmask8 keep) {
  for (int w = 0; w < 25; ++w) {
    const __m512i state = _mm512_maskz_load_epi64(keep, words + 8 * w);
    long long word = 0;
    if (w < count) {
      __builtin_memcpy(&word, in + 8 * w, 8);
    }
    _mm512_store_si512(words + 8 * w,
                       _mm512_mask_xor_epi64(state, lane, state, _mm512_set1_epi64(word)));
  }
}

// Whole registers only, see absorb_transposed.
void absorb_wide(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
                 unsigned fresh) {
  const auto keep = static_cast<__mmask8>(~fresh);
  const __m128i all = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(counts));
  const unsigned with_input = _mm_test_epi8_mask(all, all);
  if ((with_input & (with_input - 1)) == 0 && with_input != 0) {
    const int only = __builtin_ctz(with_input);
    return absorb_lane(words, ins[only], counts[only], static_cast<__mmask8>(with_input), keep);
  }
  for (int w = 0; w < 24; w += 8) {
    __m512i rows[8];
#pragma GCC unroll 8
    for (int s = 0; s < 8; ++s) {
      rows[s] = _mm512_maskz_loadu_epi64(first_words(counts[s] - w), ins[s] + 8 * w);
    }
    transpose_8x8(rows);
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      std::uint64_t* at = words + (w + i) * 8;
      _mm512_store_si512(at, _mm512_xor_si512(_mm512_maskz_load_epi64(keep, at), rows[i]));
    }
  }
  _mm512_store_si512(words + 24 * 8, _mm512_maskz_load_epi64(keep, words + 24 * 8));
}

void read_wide(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  for (int w = 0; w < count; w += 8) {
    __m512i rows[8];
    // Rows past the last word belong to the group's next words, or are the last one again.
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      rows[i] = _mm512_load_si512(words + (w + i < 24 ? w + i : 24) * 8);
    }
    transpose_8x8(rows);
    const __mmask8 here = first_words(count - w);
#pragma GCC unroll 8
    for (int s = 0; s < 8; ++s) {
      _mm512_mask_storeu_epi64(outs[s] + 8 * w, here, rows[s]);
    }
  }
}

}  // namespace

extern const KeccakKernel kernel_avx512{"avx512", 8,         permute_x1, permute_x4, permute_x8,
                                        read_x4,  read_wide, absorb_x4,  absorb_wide};

}  // namespace v100::keccak
