// Falcon with AVX-512: a polynomial of 512 coefficients is sixteen registers, so the transforms and
// the norm run without going to memory.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "crypto/falcon/kernel.h"

namespace v100::falcon {
namespace {

using V = __m512i;
constexpr int lanes = 32, steps = 5, block = 16;

inline V load(const std::int16_t* p) { return _mm512_load_si512(p); }
inline void store(std::int16_t* p, V a) { _mm512_store_si512(p, a); }
inline V splat(std::int32_t a) { return _mm512_set1_epi16(static_cast<std::int16_t>(a)); }
inline V add(V a, V b) { return _mm512_add_epi16(a, b); }
inline V sub(V a, V b) { return _mm512_sub_epi16(a, b); }
inline V mullo(V a, V b) { return _mm512_mullo_epi16(a, b); }
inline V mulhi(V a, V b) { return _mm512_mulhi_epi16(a, b); }
inline V round_shift_12(V a) { return _mm512_mulhrs_epi16(a, splat(8)); }
inline V centre_once(V a) {
  const V lowered = _mm512_mask_sub_epi16(a, _mm512_cmpgt_epi16_mask(a, splat(q / 2)), a, splat(q));
  return _mm512_mask_add_epi16(lowered, _mm512_cmplt_epi16_mask(a, splat(-(q / 2))), lowered,
                               splat(q));
}
// 32 sums, each of 2 * 16 squares a block: below 2^31.3, unsigned.
struct Squares {
  V sum = _mm512_setzero_si512();
  void add(V a) { sum = _mm512_add_epi32(sum, _mm512_madd_epi16(a, a)); }
  std::uint64_t total() const {
    const V even = _mm512_and_si512(sum, _mm512_set1_epi64(0xffffffff));
    return static_cast<std::uint64_t>(
        _mm512_reduce_add_epi64(_mm512_add_epi64(even, _mm512_srli_epi64(sum, 32))));
  }
};

// Each step brings the two halves of every group of a register pair into one register each.
template <int STEP>
inline void split(V& x, V& y) {
  const V a = x, b = y;
  if constexpr (STEP == 0) {
    x = _mm512_shuffle_i64x2(a, b, 0x44);
    y = _mm512_shuffle_i64x2(a, b, 0xee);
  } else if constexpr (STEP == 1) {
    x = _mm512_shuffle_i64x2(a, b, 0x88);
    y = _mm512_shuffle_i64x2(a, b, 0xdd);
  } else if constexpr (STEP == 2) {
    x = _mm512_unpacklo_epi64(a, b);
    y = _mm512_unpackhi_epi64(a, b);
  } else if constexpr (STEP == 3) {
    const __m512 c = _mm512_castsi512_ps(a), d = _mm512_castsi512_ps(b);
    x = _mm512_castps_si512(_mm512_shuffle_ps(c, d, 0x88));
    y = _mm512_castps_si512(_mm512_shuffle_ps(c, d, 0xdd));
  } else {
    x = _mm512_mask_blend_epi16(0xaaaaaaaa, a, _mm512_slli_epi32(b, 16));
    y = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(a, 16), b);
  }
}
// Where split() takes a lane from, of the pair's 64.
constexpr int source(int step, int second, int lane) {
  const int width = 16 >> step;  // lanes that move together
  const int at = lane / width;
  if (step == 1 || step == 3) {  // (x0 x2 y0 y2) and (x1 x3 y1 y3) of every four
    const int from_y = at % 4 / 2;
    return 32 * from_y + (at / 4 * 4 + at % 2 * 2 + second) * width + lane % width;
  }
  return 32 * (at % 2) + (at / 2 * 2 + second) * width + lane % width;
}
template <int STEP>
inline void join(V& x, V& y) {
  const V a = x, b = y;
  if constexpr (STEP == 1) {
    const V low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const V high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    x = _mm512_permutex2var_epi64(a, low, b);
    y = _mm512_permutex2var_epi64(a, high, b);
  } else if constexpr (STEP == 3) {
    const __m512 c = _mm512_castsi512_ps(a), d = _mm512_castsi512_ps(b);
    x = _mm512_castps_si512(_mm512_unpacklo_ps(c, d));
    y = _mm512_castps_si512(_mm512_unpackhi_ps(c, d));
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

using D = D8;
constexpr int doubles = 8, stream_lanes = 16;
inline u32 sign_bits(I8 mask) {
  V a;
  __builtin_memcpy(&a, &mask, sizeof a);
  return _mm512_movepi64_mask(a);
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/signing.inl.h"

namespace v100::falcon {
namespace {

// As unsigned numbers, what would be negative is the larger.
inline V below_q(V a) {
  a = _mm512_min_epu16(a, sub(a, splat(4 * q)));
  a = _mm512_min_epu16(a, sub(a, splat(2 * q)));
  return _mm512_min_epu16(a, sub(a, splat(q)));
}

std::size_t points(u16* out, std::size_t have, const u8* in, std::size_t bytes) {
  const V swap =
      _mm512_broadcast_i32x4(_mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  for (std::size_t i = 0; i < bytes; i += 64) {
    const std::size_t words = (bytes - i) / 2;
    const __mmask32 present = words >= 32 ? 0xffffffffu : (1u << words) - 1;
    const V a = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi16(present, in + i), swap);
    const __mmask32 taken = _mm512_mask_cmplt_epu16_mask(present, a, splat(5 * q));
    _mm512_storeu_si512(out + have, _mm512_maskz_compress_epi16(taken, below_q(a)));
    have += static_cast<std::size_t>(__builtin_popcount(taken));
  }
  return have;
}

}  // namespace

extern const FalconKernel kernel_avx512 = {
    .name = "avx512",
    .prepare = prepare,
    .norm = norm,
    .points = points,
    .decode = decode,
    .decode_two = decode_two,
    .random = fill_random,
    .fft = fft,
    .ifft = ifft,
    .sample = sample,
};

}  // namespace v100::falcon
