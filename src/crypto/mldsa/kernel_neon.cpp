// The arithmetic of ML-DSA with AArch64's NEON: four coefficients a register, and 32 registers.
#include <arm_neon.h>
#include <cstddef>
#include <cstdint>

#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/kernel_common.inl.h"

namespace v100::mldsa {
namespace {

using V = int32x4_t;
constexpr int lanes = 4;

inline V load(const i32* p) { return vld1q_s32(p); }
inline void store(i32* p, V a) { vst1q_s32(p, a); }
inline V splat(i32 a) { return vdupq_n_s32(a); }
inline V add(V a, V b) { return vaddq_s32(a, b); }
inline V sub(V a, V b) { return vsubq_s32(a, b); }
// The doubling multiplication gives floor(2 b z' / 2^32); half of it, rounded down, is the quotient
// that the others compute. It saturates only where both are -2^31, and no factor is.
inline V shoup(V b, V z, V shoup_z) {
  const V quotient = vshrq_n_s32(vqdmulhq_s32(b, shoup_z), 1);
  return vmlsq_s32(vmulq_s32(b, z), quotient, splat(q));
}
// As unsigned numbers, negative ones are the larger.
inline V smaller(V a, V b) {
  return vreinterpretq_s32_u32(vminq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
}
inline V canonical(V a) {
  const V raised = smaller(a, add(a, splat(q)));
  return smaller(raised, sub(raised, splat(q)));
}
inline V from_pairs(int64x2_t a) { return vreinterpretq_s32_s64(a); }
inline int64x2_t pairs(V a) { return vreinterpretq_s64_s32(a); }
inline void transpose(V (&v)[4]) {
  const V a = vtrn1q_s32(v[0], v[1]);
  const V b = vtrn2q_s32(v[0], v[1]);
  const V c = vtrn1q_s32(v[2], v[3]);
  const V d = vtrn2q_s32(v[2], v[3]);
  v[0] = from_pairs(vtrn1q_s64(pairs(a), pairs(c)));
  v[1] = from_pairs(vtrn1q_s64(pairs(b), pairs(d)));
  v[2] = from_pairs(vtrn2q_s64(pairs(a), pairs(c)));
  v[3] = from_pairs(vtrn2q_s64(pairs(b), pairs(d)));
}

struct WideSum {
  int64x2_t low, high;
  void add_product(V a, V b) {
    low = vmlal_s32(low, vget_low_s32(a), vget_low_s32(b));
    high = vmlal_high_s32(high, a, b);
  }
  V montgomery_reduced() const {
    const V low_words = vuzp1q_s32(from_pairs(low), from_pairs(high));
    const V m = vmulq_s32(low_words, splat(static_cast<i32>(q_inverse)));
    const int64x2_t below = vmlsl_s32(low, vget_low_s32(m), vdup_n_s32(q));
    const int64x2_t above = vmlsl_high_s32(high, m, splat(q));
    return vuzp2q_s32(from_pairs(below), from_pairs(above));
  }
};

}  // namespace
}  // namespace v100::mldsa

#include "crypto/mldsa/ring.inl.h"
#include "crypto/mldsa/rounding.inl.h"

namespace v100::mldsa {
namespace {

// For each mask of accepted lanes, the bytes that move them to the front.
struct Compress {
  u8 from[16][16];
};
constexpr Compress make_compress() {
  Compress table{};
  for (unsigned mask = 0; mask < 16; ++mask) {
    unsigned to = 0;
    for (unsigned lane = 0; lane < 4; ++lane) {
      for (unsigned byte = 0; (mask >> lane & 1) != 0 && byte < 4; ++byte) {
        table.from[mask][to++] = static_cast<u8>(4 * lane + byte);
      }
    }
  }
  return table;
}
alignas(64) constexpr Compress compress = make_compress();
constexpr u8 spread_3[16] = {0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255};
constexpr u32 lane_bits[4] = {1, 2, 4, 8};

// Four candidates from twelve bytes at a time; reads sixteen, so the last ones go one by one. The
// table is indexed by public data.
size_t uniform(i32* out, size_t have, const u8* in, size_t bytes) {
  const uint8x16_t spread = vld1q_u8(spread_3);
  const uint32x4_t bits = vld1q_u32(lane_bits);
  size_t i = 0;
  for (; i + 16 <= bytes && have < 256; i += 12) {
    const uint32x4_t words = vreinterpretq_u32_u8(vqtbl1q_u8(vld1q_u8(in + i), spread));
    const uint32x4_t candidate = vandq_u32(words, vdupq_n_u32(0x7fffff));
    const uint32x4_t below = vcltq_u32(candidate, vdupq_n_u32(q));
    const u32 mask = vaddvq_u32(vandq_u32(below, bits));
    vst1q_u8(reinterpret_cast<u8*>(out + have),
             vqtbl1q_u8(vreinterpretq_u8_u32(candidate), vld1q_u8(compress.from[mask])));
    have += static_cast<size_t>(__builtin_popcount(mask));
  }
  return have < 256 ? uniform_scalar(out, have, in + i, bytes - i) : 256;
}

// ---- Fields of 3 to 20 bits: eight of them are `Bits` bytes. Each half of the eight is sixteen
// bytes at most, from which a table takes the four that hold a field, and a shift cuts it out.
template <int Bits>
struct Fields {
  static constexpr int second = 4 * Bits / 8;  // where the second four start
  alignas(16) u8 bytes[2][16];
  alignas(16) i32 shift[2][4];  // to the right, so negative
  constexpr Fields() : bytes{}, shift{} {
    for (int half = 0; half < 2; ++half) {
      for (int lane = 0; lane < 4; ++lane) {
        const int bit = (4 * half + lane) * Bits - 8 * half * second;
        for (int byte = 0; byte < 4; ++byte) {
          bytes[half][4 * lane + byte] = static_cast<u8>(bit / 8 + byte);
        }
        shift[half][lane] = -(bit % 8);
      }
    }
  }
};
template <int Bits>
constexpr Fields<Bits> fields_of;

template <int Bits>
inline V cut(const u8* in, int half) {
  const auto& f = fields_of<Bits>;
  const uint8x16_t bytes = vqtbl1q_u8(vld1q_u8(in + half * f.second), vld1q_u8(f.bytes[half]));
  const uint32x4_t moved = vshlq_u32(vreinterpretq_u32_u8(bytes), vld1q_s32(f.shift[half]));
  return vreinterpretq_s32_u32(vandq_u32(moved, vdupq_n_u32((1u << Bits) - 1)));
}

// Calls with(field vector) for each four; sixteen bytes are read from where a half starts, so the
// last ones come from a copy.
template <int Bits, class With>
inline void unpack_with(const u8* in, i32* out, size_t n, With with) {
  const size_t total = n * Bits / 8;
  for (size_t i = 0, at = 0; i < n; i += 8, at += Bits) {
    alignas(16) u8 last[32] = {};
    const u8* from = in + at;
    if (at + Fields<Bits>::second + 16 > total) {
      __builtin_memcpy(last, from, Bits);
      from = last;
    }
    store(out + i, with(cut<Bits>(from, 0)));
    store(out + i + 4, with(cut<Bits>(from, 1)));
  }
}
template <int Bits>
void unpack_fields_neon(const u8* in, i32* out, size_t n) {
  unpack_with<Bits>(in, out, n, [](V field) { return field; });
}
void unpack(int bits, const u8* in, i32* out, size_t n) {
  return bits == 3    ? unpack_fields_neon<3>(in, out, n)
         : bits == 4  ? unpack_fields_neon<4>(in, out, n)
         : bits == 10 ? unpack_fields_neon<10>(in, out, n)
                      : unpack_fields_neon<13>(in, out, n);
}
void unpack_z(int bits, const u8* in, i32* z, size_t n) {
  if (bits == 19) {
    unpack_with<20>(in, z, n, [](V field) { return sub(splat(1 << 19), field); });
  } else {
    unpack_with<18>(in, z, n, [](V field) { return sub(splat(1 << 17), field); });
  }
}

// Four fields into 4 * Bits bits: two to a 64-bit word, and the two words into one of 128 bits.
template <int Bits>
inline void join_four(uint32x4_t fields, u64& low, u64& high) {
  const uint64x2_t pair = vreinterpretq_u64_u32(fields);
  const uint64x2_t even = vandq_u64(pair, vdupq_n_u64(0xffffffff));
  const uint64x2_t joined = vorrq_u64(even, vshlq_n_u64(vshrq_n_u64(pair, 32), Bits));
  const u64 first = vgetq_lane_u64(joined, 0), second = vgetq_lane_u64(joined, 1);
  low = first | (second << (2 * Bits));
  high = second >> (64 - 2 * Bits);
}
template <int Bits>
inline void pack_with(const i32* c, u8* out, size_t n, i32 from) {
  for (size_t i = 0; i < n; i += 8, out += Bits) {
    u64 low, high, low2, high2;
    join_four<Bits>(vreinterpretq_u32_s32(sub(splat(from), load(c + i))), low, high);
    join_four<Bits>(vreinterpretq_u32_s32(sub(splat(from), load(c + i + 4))), low2, high2);
    if constexpr (Bits == 20) {  // ten bytes each
      __builtin_memcpy(out, &low, 8);
      __builtin_memcpy(out + 8, &high, 2);
      __builtin_memcpy(out + 10, &low2, 8);
      __builtin_memcpy(out + 18, &high2, 2);
    } else {  // nine bytes each
      __builtin_memcpy(out, &low, 8);
      out[8] = static_cast<u8>(high);
      __builtin_memcpy(out + 9, &low2, 8);
      out[17] = static_cast<u8>(high2);
    }
  }
}
void pack_z(int bits, const i32* z, u8* out, size_t n) {
  bits == 19 ? pack_with<20>(z, out, n, 1 << 19) : pack_with<18>(z, out, n, 1 << 17);
}

}  // namespace

extern const MldsaKernel kernel_neon = make_kernel(
    "neon", {.uniform = uniform, .unpack = unpack, .pack_z = pack_z, .unpack_z = unpack_z});

}  // namespace v100::mldsa
