// ML-KEM arithmetic with AVX-512: thirty-two coefficients in a register, a polynomial in eight.
#include <cstdint>
#include <immintrin.h>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

using Vec = __m512i;
constexpr int lanes = 32;

inline Vec load(const std::int16_t* p) { return _mm512_load_si512(p); }
inline void store(std::int16_t* p, Vec a) { _mm512_store_si512(p, a); }
inline Vec splat(std::int16_t a) { return _mm512_set1_epi16(a); }
inline Vec add(Vec a, Vec b) { return _mm512_add_epi16(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_epi16(a, b); }
inline Vec add_wide(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
inline Vec low_multiply(Vec a, Vec b) { return _mm512_mullo_epi16(a, b); }
inline Vec high_multiply(Vec a, Vec b) { return _mm512_mulhi_epi16(a, b); }
inline Vec multiply_pairs(Vec a, Vec b) { return _mm512_madd_epi16(a, b); }
template <int N>
inline Vec shift_right(Vec a) {
  return _mm512_srai_epi16(a, N);
}
inline Vec swap_pairs(Vec a) { return _mm512_rol_epi32(a, 16); }

template <int G>
inline void exchange(Vec& a, Vec& b) {
  const Vec x = a;
  const Vec y = b;
  if constexpr (G == 16) {
    a = _mm512_shuffle_i64x2(x, y, 0x44);
    b = _mm512_shuffle_i64x2(x, y, 0xee);
  } else if constexpr (G == 8) {
    a = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), y);
    b = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15), y);
  } else if constexpr (G == 4) {
    a = _mm512_unpacklo_epi64(x, y);
    b = _mm512_unpackhi_epi64(x, y);
  } else if constexpr (G == 2) {
    a = _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA);
    b = _mm512_mask_shuffle_epi32(y, 0x5555, x, _MM_PERM_DDBB);
  } else {
    a = _mm512_mask_blend_epi16(0xaaaaaaaau, x, _mm512_slli_epi32(y, 16));
    b = _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(x, 16), y);
  }
}

}  // namespace
}  // namespace v100::mlkem

#include "crypto/mlkem/vector.inl.h"

namespace v100::mlkem {
namespace {

struct alignas(64) Spread {
  std::uint8_t byte[64];
  constexpr Spread() : byte{} {
    for (int i = 0; i < 32; ++i) {
      byte[2 * i] = static_cast<std::uint8_t>(3 * (i / 2) + i % 2);
      byte[2 * i + 1] = static_cast<std::uint8_t>(byte[2 * i] + 1);
    }
  }
};
constexpr Spread spread;

// Thirty-two candidates from 48 bytes a step. Masks come from public data.
int reject(std::int16_t* out, int have, const std::uint8_t* in, int size) {
  const __m512i order = _mm512_load_si512(spread.byte);
  int at = 0;
  while (at + 48 <= size && have <= 256 - 32) {
    const __m512i words = _mm512_permutexvar_epi8(order, _mm512_loadu_si512(in + at));
    const __m512i candidates = _mm512_and_si512(
        _mm512_srlv_epi16(words, _mm512_set1_epi32(4 << 16)), _mm512_set1_epi16(4095));
    const __mmask32 below = _mm512_cmplt_epu16_mask(candidates, _mm512_set1_epi16(q));
    _mm512_storeu_si512(out + have, _mm512_maskz_compress_epi16(below, candidates));
    have += __builtin_popcount(below);
    at += 48;
  }
  return reject_scalar(out, have, in + at, size - at);
}

}  // namespace

extern const MlkemKernel kernel_avx512{"avx512", ntt,        inverse_ntt, prepare, dot, canonical,
                                       compress, decompress, reject,      cbd2,    cbd3};

}  // namespace v100::mlkem
