// Falcon with AVX2: sixteen coefficients a register.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "crypto/falcon/kernel.h"

namespace v100::falcon {
namespace {

using V = __m256i;
constexpr int lanes = 16, steps = 4, block = 8;

inline V load(const std::int16_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(std::int16_t* p, V a) { _mm256_store_si256(reinterpret_cast<__m256i*>(p), a); }
inline V splat(std::int32_t a) { return _mm256_set1_epi16(static_cast<std::int16_t>(a)); }
inline V add(V a, V b) { return _mm256_add_epi16(a, b); }
inline V sub(V a, V b) { return _mm256_sub_epi16(a, b); }
inline V mullo(V a, V b) { return _mm256_mullo_epi16(a, b); }
inline V mulhi(V a, V b) { return _mm256_mulhi_epi16(a, b); }
inline V round_shift_12(V a) { return _mm256_mulhrs_epi16(a, splat(8)); }
inline V centre_once(V a) {
  const V too_large = _mm256_cmpgt_epi16(a, splat(q / 2));
  const V too_small = _mm256_cmpgt_epi16(splat(-(q / 2)), a);
  return add(sub(a, _mm256_and_si256(too_large, splat(q))), _mm256_and_si256(too_small, splat(q)));
}
// 8 sums, each of 4 * 8 squares a block: below 2^31.2, unsigned.
struct Squares {
  V sum = _mm256_setzero_si256();
  void add(V a) { sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, a)); }
  std::uint64_t total() const {
    alignas(32) std::uint32_t part[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(part), sum);
    std::uint64_t all = 0;
    for (const std::uint32_t p : part) {
      all += p;
    }
    return all;
  }
};

// Each step brings the two halves of every group of a register pair into one register each.
template <int STEP>
inline void split(V& x, V& y) {
  const V a = x, b = y;
  if constexpr (STEP == 0) {
    x = _mm256_permute2x128_si256(a, b, 0x20);
    y = _mm256_permute2x128_si256(a, b, 0x31);
  } else if constexpr (STEP == 1) {
    x = _mm256_unpacklo_epi64(a, b);
    y = _mm256_unpackhi_epi64(a, b);
  } else if constexpr (STEP == 2) {
    const __m256 c = _mm256_castsi256_ps(a), d = _mm256_castsi256_ps(b);
    x = _mm256_castps_si256(_mm256_shuffle_ps(c, d, 0x88));
    y = _mm256_castps_si256(_mm256_shuffle_ps(c, d, 0xdd));
  } else {
    x = _mm256_blend_epi16(a, _mm256_slli_epi32(b, 16), 0xaa);
    y = _mm256_blend_epi16(_mm256_srli_epi32(a, 16), b, 0xaa);
  }
}
// Where split() takes a lane from, of the pair's 32.
constexpr int source(int step, int second, int lane) {
  const int width = 8 >> step;  // lanes that move together
  const int at = lane / width;
  if (step == 2) {  // (x0 x2 y0 y2) and (x1 x3 y1 y3) of every four
    const int from_y = at % 4 / 2;
    return 16 * from_y + (at / 4 * 4 + at % 2 * 2 + second) * width + lane % width;
  }
  return 16 * (at % 2) + (at / 2 * 2 + second) * width + lane % width;
}
template <int STEP>
inline void join(V& x, V& y) {
  if constexpr (STEP == 2) {
    const __m256 c = _mm256_castsi256_ps(x), d = _mm256_castsi256_ps(y);
    x = _mm256_castps_si256(_mm256_unpacklo_ps(c, d));
    y = _mm256_castps_si256(_mm256_unpackhi_ps(c, d));
  } else {
    split<STEP>(x, y);
  }
}

// 63 or 64 for 0.
inline unsigned leading_zeros(unsigned long long a) { return static_cast<unsigned>(_lzcnt_u64(a)); }

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/ring.inl.h"
// decode and points
#include "crypto/falcon/decode.inl.h"

namespace v100::falcon {
namespace {

using D = double __attribute__((vector_size(32)));
constexpr int doubles = 4, stream_lanes = 8;
inline u32 sign_bits(I8 mask) {
  __m256d half[2];
  __builtin_memcpy(half, &mask, sizeof mask);
  return static_cast<u32>(_mm256_movemask_pd(half[0]) | (_mm256_movemask_pd(half[1]) << 4));
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/signing.inl.h"

namespace v100::falcon {

extern const FalconKernel kernel_avx2 = {
    .name = "avx2",
    .prepare = prepare,
    .norm = norm,
    .points = points_scalar,
    .decode = decode,
    .decode_two = decode_two,
    .random = fill_random,
    .fft = fft,
    .ifft = ifft,
    .sample = sample,
};

}  // namespace v100::falcon
