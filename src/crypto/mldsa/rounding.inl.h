// Coefficient-wise steps of kernel.h: rounding, norms, hints and packing. Plain loops without
// branches, which the compiler vectorises with the kernel file's instruction set.
#pragma once

namespace v100::mldsa {
namespace {

inline i32 select_negative(i32 a, i32 addend) { return a + ((a >> 31) & addend); }

void add_mod(i32* a, const i32* b, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    a[i] = select_negative(a[i] + b[i] - q, q);
  }
}
void subtract_mod(i32* a, const i32* b, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    a[i] = select_negative(a[i] - b[i], q);
  }
}
// With t = round(a / 2^23), |a - t q| <= 2^22 + |t| (2^23 - q) < q for |a| < 2^30.
void reduce(i32* a, size_t n) {
  static_assert((1 << 22) + 129 * ((1 << 23) - q) < q);
  for (size_t i = 0; i < n; ++i) {
    a[i] -= ((a[i] + (1 << 22)) >> 23) * q;
  }
}
inline i32 centred_one(i32 a) { return a - ((((q - 1) / 2 - a) >> 31) & q); }
void centre(i32* a, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    a[i] = centred_one(a[i]);
  }
}
void uncentre(i32* a, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    a[i] = select_negative(a[i], q);
  }
}

void round_key(i32* t, const i32* s, i32* t0, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const i32 sum = select_negative(t[i] + s[i], q);
    const i32 value = select_negative(sum - q, q);
    const i32 high = (value + (1 << 12) - 1) >> 13;
    t0[i] = value - (high << 13);
    t[i] = high;
  }
}

u32 exceeds(const i32* a, i32 bound, size_t n) {
  i32 out_of_bound = 0;
  for (size_t i = 0; i < n; ++i) {
    const i32 sign = a[i] >> 31;
    out_of_bound |= bound - 1 - ((a[i] ^ sign) - sign);
  }
  return static_cast<u32>(out_of_bound >> 31);
}

// r1 = r / (2 gamma2), rounded half down, for 0 <= r < q. 2 gamma2 = 128 d, so with
// u = ceil(r / 128) it is round(u / d), and that by a multiplication whose error the exhaustive
// test in kernel_test.cpp shows to be harmless for all q values.
template <Rounding R>
inline i32 high_part(i32 r) {
  const i32 u = (r + 127) >> 7;
  if constexpr (R == Rounding::by_32) {
    static_assert((1 << 22) / ((q - 1) / 16 / 128) == 1025);
    return ((u * 1025 + (1 << 21)) >> 22) & 15;  // 16 stands for r near q and becomes 0
  } else {
    static_assert(((1 << 24) + (q - 1) / 44 / 256) / ((q - 1) / 44 / 128) == 11275);
    const i32 r1 = (u * 11275 + (1 << 23)) >> 24;
    // 44 stands for r near q and becomes 0, by a product: a mask of r1 < 44 comes out of the
    // compiler as a branch in loops that it does not vectorise.
    static_assert(43 * 1490 >> 16 == 0 && 44 * 1490 >> 16 == 1);
    return r1 - 44 * ((r1 * 1490) >> 16);
  }
}
template <Rounding R>
constexpr i32 width = R == Rounding::by_32 ? (q - 1) / 16 : (q - 1) / 44;  // 2 gamma2

template <Rounding R>
inline void decompose_as(const i32* r, i32* r1, i32* r0, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const i32 high = high_part<R>(r[i]);
    const i32 low = centred_one(r[i] - high * width<R>);
    r1[i] = high;
    r0[i] = low;
  }
}
void decompose(Rounding rounding, const i32* r, i32* r1, i32* r0, size_t n) {
  rounding == Rounding::by_32 ? decompose_as<Rounding::by_32>(r, r1, r0, n)
                              : decompose_as<Rounding::by_88>(r, r1, r0, n);
}

template <Rounding R>
inline void use_hint_as(const u8* hint, i32* r, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const i32 high = high_part<R>(r[i]);
    const i32 low = centred_one(r[i] - high * width<R>);
    // +1 where low > 0, else -1; nothing without a hint.
    const i32 step = (((-low) >> 31) & 2) - 1;
    const i32 moved = high + (step & -static_cast<i32>(hint[i]));
    if constexpr (R == Rounding::by_32) {
      r[i] = moved & 15;
    } else {
      const i32 from_zero = select_negative(moved, 44);
      r[i] = from_zero & ((from_zero - 44) >> 31);
    }
  }
}
[[maybe_unused]] void use_hint_plain(Rounding rounding, const u8* hint, i32* r, size_t n) {
  rounding == Rounding::by_32 ? use_hint_as<Rounding::by_32>(hint, r, n)
                              : use_hint_as<Rounding::by_88>(hint, r, n);
}

// With r0 = LowBits(w) - cs2 + ct0 and r1 = HighBits(w) = HighBits(w - cs2), the high bits change
// exactly where r0 leaves (-gamma2, gamma2]; at r0 = -gamma2 they stay only if r1 = 0, where the
// range is wider by one (the special case of Algorithm 36).
u32 make_hint(Rounding rounding, const i32* r0, const i32* r1, u8* hint, size_t n) {
  const i32 gamma2 = rounding == Rounding::by_32 ? (q - 1) / 32 : (q - 1) / 88;
  u32 ones = 0;
  for (size_t i = 0; i < n; ++i) {
    const u32 above = static_cast<u32>(gamma2 - r0[i]) >> 31;
    const u32 below = static_cast<u32>(r0[i] + gamma2) >> 31;
    const u32 distance = static_cast<u32>(r0[i] + gamma2);
    const u32 at_edge = 1 ^ ((distance | (0u - distance)) >> 31);
    const u32 high = (static_cast<u32>(r1[i]) | (0u - static_cast<u32>(r1[i]))) >> 31;
    const u32 bit = above | below | (at_edge & high);
    hint[i] = static_cast<u8>(bit);
    ones += bit;
  }
  return ones;
}

void pack_w1(Rounding rounding, const i32* r1, u8* out, size_t n) {
  if (rounding == Rounding::by_32) {
    for (size_t i = 0; i < n / 2; ++i) {
      out[i] = static_cast<u8>(r1[2 * i] | (r1[2 * i + 1] << 4));
    }
    return;
  }
  for (size_t i = 0; i < n / 4; ++i) {
    const i32 bits =
        r1[4 * i] | (r1[4 * i + 1] << 6) | (r1[4 * i + 2] << 12) | (r1[4 * i + 3] << 18);
    out[3 * i] = static_cast<u8>(bits);
    out[3 * i + 1] = static_cast<u8>(bits >> 8);
    out[3 * i + 2] = static_cast<u8>(bits >> 16);
  }
}

// Two fields of Bits + 1 bits at a time (18: four make nine bytes; 20: two make five).
[[maybe_unused]] void pack_z_plain(int bits, const i32* z, u8* out, size_t n) {
  if (bits == 19) {
    for (size_t i = 0; i < n / 2; ++i) {
      const u64 pair = static_cast<u64>((1 << 19) - z[2 * i]) |
                       (static_cast<u64>((1 << 19) - z[2 * i + 1]) << 20);
      for (int b = 0; b < 5; ++b) {
        out[5 * i + static_cast<size_t>(b)] = static_cast<u8>(pair >> (8 * b));
      }
    }
    return;
  }
  for (size_t i = 0; i < n / 4; ++i) {
    const u64 a = static_cast<u64>((1 << 17) - z[4 * i]);
    const u64 b = static_cast<u64>((1 << 17) - z[4 * i + 1]);
    const u64 c = static_cast<u64>((1 << 17) - z[4 * i + 2]);
    const u64 d = static_cast<u64>((1 << 17) - z[4 * i + 3]);
    const u64 low = a | (b << 18) | (c << 36) | (d << 54);
    for (int byte = 0; byte < 8; ++byte) {
      out[9 * i + static_cast<size_t>(byte)] = static_cast<u8>(low >> (8 * byte));
    }
    out[9 * i + 8] = static_cast<u8>(d >> 10);
  }
}
[[maybe_unused]] void unpack_z_plain(int bits, const u8* in, i32* z, size_t n) {
  if (bits == 19) {
    for (size_t i = 0; i < n / 2; ++i) {
      const u8* p = in + 5 * i;
      const i32 a = p[0] | (p[1] << 8) | ((p[2] & 15) << 16);
      const i32 b = (p[2] >> 4) | (p[3] << 4) | (p[4] << 12);
      z[2 * i] = (1 << 19) - a;
      z[2 * i + 1] = (1 << 19) - b;
    }
    return;
  }
  for (size_t i = 0; i < n / 4; ++i) {
    const u8* p = in + 9 * i;
    z[4 * i] = (1 << 17) - (p[0] | (p[1] << 8) | ((p[2] & 3) << 16));
    z[4 * i + 1] = (1 << 17) - ((p[2] >> 2) | (p[3] << 6) | ((p[4] & 15) << 14));
    z[4 * i + 2] = (1 << 17) - ((p[4] >> 4) | (p[5] << 4) | ((p[6] & 63) << 12));
    z[4 * i + 3] = (1 << 17) - ((p[6] >> 6) | (p[7] << 2) | (p[8] << 10));
  }
}

// Accepts a candidate by advancing over it, not by a branch: the outcome cannot be predicted.
inline size_t uniform_one(i32* out, size_t have, const u8* in) {
  const i32 candidate = in[0] | (in[1] << 8) | ((in[2] & 0x7f) << 16);
  out[have] = candidate;
  return have + static_cast<size_t>(candidate < q);
}
[[maybe_unused]] size_t uniform_scalar(i32* out, size_t have, const u8* in, size_t bytes) {
  for (size_t i = 0; i + 3 <= bytes && have < 256; i += 3) {
    have = uniform_one(out, have, in + i);
  }
  return have;
}

// What fields of s (eta 2 and 4) and t0 are the difference to; 0: they are coefficients themselves.
constexpr i32 field_top(int bits) {
  return bits == 3 ? 2 : bits == 4 ? 4 : bits == 13 ? 1 << 12 : 0;
}
template <int Bits>
constexpr i32 pack_top = field_top(Bits);

// Little-endian fields of `Bits` bits, through a 64-bit window.
template <int Bits>
void pack_fields(const i32* c, u8* out, size_t n) {
  u64 window = 0;
  int held = 0;
  for (size_t i = 0; i < n; ++i) {
    const i32 field = pack_top<Bits> != 0 ? pack_top<Bits> - c[i] : c[i];
    window |= static_cast<u64>(static_cast<u32>(field)) << held;
    for (held += Bits; held >= 8; held -= 8) {
      *out++ = static_cast<u8>(window);
      window >>= 8;
    }
  }
}
template <int Bits>
void unpack_fields(const u8* in, i32* fields, size_t n) {
  u64 window = 0;
  int held = 0;
  for (size_t i = 0; i < n; ++i) {
    for (; held < Bits; held += 8) {
      window |= static_cast<u64>(*in++) << held;
    }
    fields[i] = static_cast<i32>(static_cast<u32>(window) & ((1u << Bits) - 1));
    window >>= Bits;
    held -= Bits;
  }
}
[[maybe_unused]] void pack_any(int bits, const i32* c, u8* out, size_t n) {
  return bits == 3    ? pack_fields<3>(c, out, n)
         : bits == 4  ? pack_fields<4>(c, out, n)
         : bits == 10 ? pack_fields<10>(c, out, n)
                      : pack_fields<13>(c, out, n);
}
[[maybe_unused]] void unpack_any(int bits, const u8* in, i32* fields, size_t n) {
  return bits == 3    ? unpack_fields<3>(in, fields, n)
         : bits == 4  ? unpack_fields<4>(in, fields, n)
         : bits == 10 ? unpack_fields<10>(in, fields, n)
                      : unpack_fields<13>(in, fields, n);
}

// What an instruction set may have better code for than the plain loops.
struct Special {
  size_t (*uniform)(i32*, size_t, const u8*, size_t) = uniform_scalar;
  size_t (*bounded)(int, i32*, size_t, const u8*, size_t) = nullptr;
  void (*use_hint)(Rounding, const u8*, i32*, size_t) = use_hint_plain;
  void (*pack)(int, const i32*, u8*, size_t) = pack_any;
  void (*unpack)(int, const u8*, i32*, size_t) = unpack_any;
  void (*pack_z)(int, const i32*, u8*, size_t) = pack_z_plain;
  void (*unpack_z)(int, const u8*, i32*, size_t) = unpack_z_plain;
};
constexpr MldsaKernel make_kernel(const char* name, const Special& special) {
  return {name,
          ntt,
          intt,
          tile,
          multiply,
          reorder,
          multiply_row,
          accumulate,
          reduce,
          scale,
          special.uniform,
          special.bounded,
          add_mod,
          subtract_mod,
          centre,
          uncentre,
          exceeds,
          decompose,
          special.use_hint,
          make_hint,
          pack_w1,
          round_key,
          special.pack,
          special.unpack,
          special.pack_z,
          special.unpack_z};
}

}  // namespace
}  // namespace v100::mldsa
