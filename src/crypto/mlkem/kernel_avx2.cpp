// ML-KEM arithmetic with AVX2: sixteen coefficients in a register.
#include <cstdint>
#include <immintrin.h>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

using Vec = __m256i;
constexpr int lanes = 16;

inline Vec load(const std::int16_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(std::int16_t* p, Vec a) { _mm256_store_si256(reinterpret_cast<__m256i*>(p), a); }
inline Vec splat(std::int16_t a) { return _mm256_set1_epi16(a); }
inline Vec add(Vec a, Vec b) { return _mm256_add_epi16(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_epi16(a, b); }
inline Vec add_wide(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
inline Vec low_multiply(Vec a, Vec b) { return _mm256_mullo_epi16(a, b); }
inline Vec high_multiply(Vec a, Vec b) { return _mm256_mulhi_epi16(a, b); }
inline Vec round_multiply(Vec a, Vec b) { return _mm256_mulhrs_epi16(a, b); }
inline Vec multiply_pairs(Vec a, Vec b) { return _mm256_madd_epi16(a, b); }
inline Vec swap_pairs(Vec a) {
  return _mm256_or_si256(_mm256_slli_epi32(a, 16), _mm256_srli_epi32(a, 16));
}

template <int G>
inline void exchange(Vec& a, Vec& b) {
  const Vec x = a;
  const Vec y = b;
  if constexpr (G == 8) {
    a = _mm256_permute2x128_si256(x, y, 0x20);
    b = _mm256_permute2x128_si256(x, y, 0x31);
  } else if constexpr (G == 4) {
    a = _mm256_unpacklo_epi64(x, y);
    b = _mm256_unpackhi_epi64(x, y);
  } else if constexpr (G == 2) {
    a = _mm256_blend_epi32(x, _mm256_slli_epi64(y, 32), 0xaa);
    b = _mm256_blend_epi32(_mm256_srli_epi64(x, 32), y, 0xaa);
  } else {
    a = _mm256_blend_epi16(x, _mm256_slli_epi32(y, 16), 0xaa);
    b = _mm256_blend_epi16(_mm256_srli_epi32(x, 16), y, 0xaa);
  }
}

}  // namespace
}  // namespace v100::mlkem

#include "crypto/mlkem/exchange.inl.h"
//
#include "crypto/mlkem/vector.inl.h"
//
#include "crypto/mlkem/steps.inl.h"

namespace v100::mlkem {
namespace {

// Byte shuffles that move the lanes named by an 8-bit mask to the front.
struct CompressTable {
  alignas(16) std::uint8_t row[256][16];
  constexpr CompressTable() : row{} {
    for (int mask = 0; mask < 256; ++mask) {
      int to = 0;
      for (int lane = 0; lane < 8; ++lane) {
        if ((mask >> lane & 1) != 0) {
          row[mask][to++] = static_cast<std::uint8_t>(2 * lane);
          row[mask][to++] = static_cast<std::uint8_t>(2 * lane + 1);
        }
      }
      while (to < 16) {
        row[mask][to++] = 0x80;
      }
    }
  }
};
constexpr CompressTable compress_table;

// Eight candidates from twelve bytes a step. The table is indexed by public data.
int reject(std::int16_t* out, int have, const std::uint8_t* in, int size) {
  const __m128i spread = _mm_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);
  int at = 0;
  while (at + 12 <= size && have <= 256 - 8) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + at));
    const __m128i words = _mm_shuffle_epi8(bytes, spread);
    const __m128i candidates =
        _mm_and_si128(_mm_blend_epi16(words, _mm_srli_epi16(words, 4), 0xaa), _mm_set1_epi16(4095));
    const __m128i below = _mm_cmplt_epi16(candidates, _mm_set1_epi16(q));
    const unsigned mask =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(below, _mm_setzero_si128())));
    const __m128i order =
        _mm_load_si128(reinterpret_cast<const __m128i*>(compress_table.row[mask & 255]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + have), _mm_shuffle_epi8(candidates, order));
    have += __builtin_popcount(mask & 255);
    at += 12;
  }
  return reject_scalar(out, have, in + at, size - at);
}

}  // namespace

extern const MlkemKernel kernel_avx2{
    .name = "avx2",
    .hash_lanes = 4,
    .make_key = make_key,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .decode_12 = decode_12,
    .prepare = prepare,
    .reject = reject,
    .absorb = absorb_words<4>,
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .dot = dot,
    .cbd = cbd,
    .encode_12 = encode_12,
    .compress = compress,
    .decompress = decompress,
};

}  // namespace v100::mlkem
