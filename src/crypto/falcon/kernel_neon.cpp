// Falcon with AArch64's NEON: eight coefficients or two doubles a register.
#include <arm_neon.h>
#include <cstddef>
#include <cstdint>

#include "crypto/falcon/kernel.h"

namespace v100::falcon {
namespace {

using V = int16x8_t;
constexpr int lanes = 8, steps = 3, block = 16;

inline V load(const std::int16_t* p) { return vld1q_s16(p); }
inline void store(std::int16_t* p, V a) { vst1q_s16(p, a); }
inline V splat(std::int32_t a) { return vdupq_n_s16(static_cast<std::int16_t>(a)); }
inline V add(V a, V b) { return vaddq_s16(a, b); }
inline V sub(V a, V b) { return vsubq_s16(a, b); }
inline V mullo(V a, V b) { return vmulq_s16(a, b); }
// Half of the doubling multiplication, rounded down. That saturates only where both factors are
// -2^15; one of them is always below q.
inline V mulhi(V a, V b) { return vshrq_n_s16(vqdmulhq_s16(a, b), 1); }
inline V round_shift_12(V a) { return vrshrq_n_s16(a, 12); }
inline V centre_once(V a) {
  const V too_large = vreinterpretq_s16_u16(vcgtq_s16(a, splat(q / 2)));
  const V too_small = vreinterpretq_s16_u16(vcltq_s16(a, splat(-(q / 2))));
  return add(sub(a, vandq_s16(too_large, splat(q))), vandq_s16(too_small, splat(q)));
}
// 4 sums, each of 4 * 16 squares a block: below 2^31.
struct Squares {
  int32x4_t sum = vdupq_n_s32(0);
  void add(V a) {
    sum = vmlal_s16(sum, vget_low_s16(a), vget_low_s16(a));
    sum = vmlal_high_s16(sum, a, a);
  }
  std::uint64_t total() const { return vaddlvq_u32(vreinterpretq_u32_s32(sum)); }
};

// Each step brings the two halves of every group of a register pair into one register each.
template <int STEP>
inline void split(V& x, V& y) {
  const V a = x, b = y;
  if constexpr (STEP == 0) {
    const int64x2_t c = vreinterpretq_s64_s16(a), d = vreinterpretq_s64_s16(b);
    x = vreinterpretq_s16_s64(vtrn1q_s64(c, d));
    y = vreinterpretq_s16_s64(vtrn2q_s64(c, d));
  } else if constexpr (STEP == 1) {
    const int32x4_t c = vreinterpretq_s32_s16(a), d = vreinterpretq_s32_s16(b);
    x = vreinterpretq_s16_s32(vtrn1q_s32(c, d));
    y = vreinterpretq_s16_s32(vtrn2q_s32(c, d));
  } else {
    x = vtrn1q_s16(a, b);
    y = vtrn2q_s16(a, b);
  }
}
// Where split() takes a lane from, of the pair's 16.
constexpr int source(int step, int second, int lane) {
  const int width = 4 >> step;  // lanes that move together
  const int at = lane / width;
  return 8 * (at % 2) + (at / 2 * 2 + second) * width + lane % width;
}
template <int STEP>
inline void join(V& x, V& y) {
  split<STEP>(x, y);
}

// 63 or 64 for 0.
inline unsigned leading_zeros(unsigned long long a) {
  return static_cast<unsigned>(__builtin_clzll(a | 1));
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/ring.inl.h"
// decode and points
#include "crypto/falcon/decode.inl.h"

namespace v100::falcon {
namespace {

using D = double __attribute__((vector_size(16)));
constexpr int doubles = 2, stream_lanes = 8;
constexpr std::uint8_t lane_bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
// Each 64-bit lane to a byte of all its bits, of which one stays.
inline u32 sign_bits(I8 mask) {
  int64x2_t part[4];
  __builtin_memcpy(part, &mask, sizeof mask);
  const int32x4_t low = vcombine_s32(vmovn_s64(part[0]), vmovn_s64(part[1]));
  const int32x4_t high = vcombine_s32(vmovn_s64(part[2]), vmovn_s64(part[3]));
  const int16x8_t words = vcombine_s16(vmovn_s32(low), vmovn_s32(high));
  const uint8x8_t bytes = vreinterpret_u8_s8(vmovn_s16(words));
  return vaddv_u8(vand_u8(bytes, vld1_u8(lane_bits)));
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/signing.inl.h"

namespace v100::falcon {

extern const FalconKernel kernel_neon = {
    .name = "neon",
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
