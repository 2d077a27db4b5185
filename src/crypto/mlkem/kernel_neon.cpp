// ML-KEM arithmetic with AArch64's NEON: eight coefficients in a register.
#include <arm_neon.h>
#include <cstdint>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

using Vec = int16x8_t;
constexpr int lanes = 8;

inline Vec load(const std::int16_t* p) { return vld1q_s16(p); }
inline void store(std::int16_t* p, Vec a) { vst1q_s16(p, a); }
inline Vec splat(std::int16_t a) { return vdupq_n_s16(a); }
inline Vec add(Vec a, Vec b) { return vaddq_s16(a, b); }
inline Vec sub(Vec a, Vec b) { return vsubq_s16(a, b); }
inline Vec low_multiply(Vec a, Vec b) { return vmulq_s16(a, b); }
// Half of the doubling multiplication, rounded down. That saturates only where both factors are
// -2^15, and no constant is.
inline Vec high_multiply(Vec a, Vec b) { return vshrq_n_s16(vqdmulhq_s16(a, b), 1); }
// high(a b) - high(c d), where both products have the same low half: then the difference of the
// doubled ones is even, and halving it is exact.
inline Vec high_difference(Vec a, Vec b, Vec c, Vec d) {
  return vhsubq_s16(vqdmulhq_s16(a, b), vqdmulhq_s16(c, d));
}
inline Vec round_multiply(Vec a, Vec b) { return vqrdmulhq_s16(a, b); }

inline int32x4_t wide(Vec a) { return vreinterpretq_s32_s16(a); }
inline Vec narrow(int32x4_t a) { return vreinterpretq_s16_s32(a); }
inline Vec add_wide(Vec a, Vec b) { return narrow(vaddq_s32(wide(a), wide(b))); }
inline Vec multiply_pairs(Vec a, Vec b) {
  return narrow(vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)));
}
inline Vec swap_pairs(Vec a) { return vrev32q_s16(a); }

template <int G>
inline void exchange(Vec& a, Vec& b) {
  const Vec x = a;
  const Vec y = b;
  if constexpr (G == 4) {
    a = vreinterpretq_s16_s64(vtrn1q_s64(vreinterpretq_s64_s16(x), vreinterpretq_s64_s16(y)));
    b = vreinterpretq_s16_s64(vtrn2q_s64(vreinterpretq_s64_s16(x), vreinterpretq_s64_s16(y)));
  } else if constexpr (G == 2) {
    a = narrow(vtrn1q_s32(wide(x), wide(y)));
    b = narrow(vtrn2q_s32(wide(x), wide(y)));
  } else {
    a = vtrn1q_s16(x, y);
    b = vtrn2q_s16(x, y);
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

// The bytes that move the lanes named by an 8-bit mask to the front.
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
constexpr std::uint8_t spread_12[16] = {0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11};
constexpr std::int16_t odd_by_4[8] = {0, -4, 0, -4, 0, -4, 0, -4};
constexpr std::uint16_t lane_bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};

// Eight candidates from twelve bytes a step. The table is indexed by public data.
int reject(std::int16_t* out, int have, const std::uint8_t* in, int size) {
  const uint8x16_t spread = vld1q_u8(spread_12);
  const int16x8_t shift = vld1q_s16(odd_by_4);
  const uint16x8_t bits = vld1q_u16(lane_bits);
  int at = 0;
  while (at + 12 <= size && have <= 256 - 8) {
    const uint16x8_t words = vreinterpretq_u16_u8(vqtbl1q_u8(vld1q_u8(in + at), spread));
    const uint16x8_t candidates = vandq_u16(vshlq_u16(words, shift), vdupq_n_u16(4095));
    const uint16x8_t below = vcltq_u16(candidates, vdupq_n_u16(q));
    const unsigned mask = vaddvq_u16(vandq_u16(below, bits));
    vst1q_u8(reinterpret_cast<std::uint8_t*>(out + have),
             vqtbl1q_u8(vreinterpretq_u8_u16(candidates), vld1q_u8(compress_table.row[mask])));
    have += __builtin_popcount(mask);
    at += 12;
  }
  return reject_scalar(out, have, in + at, size - at);
}

}  // namespace

extern const MlkemKernel kernel_neon{
    .name = "neon",
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
