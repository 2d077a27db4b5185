// The arithmetic of ML-DSA with AVX-512: sixteen coefficients a register, so that a whole
// polynomial is sixteen registers and the transform leaves them only at its ends.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/kernel_common.inl.h"

namespace v100::mldsa {
namespace {

using V = __m512i;
constexpr int lanes = 16;

inline V load(const i32* p) { return _mm512_load_si512(p); }
inline void store(i32* p, V a) { _mm512_store_si512(p, a); }
inline V splat(i32 a) { return _mm512_set1_epi32(a); }
inline V add(V a, V b) { return _mm512_add_epi32(a, b); }
inline V sub(V a, V b) { return _mm512_sub_epi32(a, b); }
// The odd lanes moved onto the even ones, where the wide multiplication reads.
inline V odd_lanes(V a) { return _mm512_castps_si512(_mm512_movehdup_ps(_mm512_castsi512_ps(a))); }
// Even lanes of `even`'s high halves, odd lanes of `odd`'s.
inline V high_halves(V even, V odd) {
  return _mm512_mask_blend_epi32(0xaaaa, odd_lanes(even), odd);
}
inline V shoup(V b, V z, V shoup_z) {
  const V even = _mm512_mul_epi32(b, shoup_z);
  const V odd = _mm512_mul_epi32(odd_lanes(b), odd_lanes(shoup_z));
  return sub(_mm512_mullo_epi32(b, z), _mm512_mullo_epi32(high_halves(even, odd), splat(q)));
}
// As unsigned numbers, negative ones are the larger.
inline V canonical(V a) {
  const V raised = _mm512_min_epu32(a, add(a, splat(q)));
  return _mm512_min_epu32(raised, sub(raised, splat(q)));
}
inline void transpose(V (&v)[16]) {
  V a[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  // Now 128-bit quarter p of v[4r + c] holds rows 4r..4r+3 of column 4p + c.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    a[c] = _mm512_shuffle_i32x4(v[c], v[c + 4], 0x88);
    a[c + 4] = _mm512_shuffle_i32x4(v[c], v[c + 4], 0xdd);
    a[c + 8] = _mm512_shuffle_i32x4(v[c + 8], v[c + 12], 0x88);
    a[c + 12] = _mm512_shuffle_i32x4(v[c + 8], v[c + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    v[c] = _mm512_shuffle_i32x4(a[c], a[c + 8], 0x88);
    v[c + 4] = _mm512_shuffle_i32x4(a[c + 4], a[c + 12], 0x88);
    v[c + 8] = _mm512_shuffle_i32x4(a[c], a[c + 8], 0xdd);
    v[c + 12] = _mm512_shuffle_i32x4(a[c + 4], a[c + 12], 0xdd);
  }
}

struct WideSum {
  V even, odd;
  void add_product(V a, V b) {
    even = _mm512_add_epi64(even, _mm512_mul_epi32(a, b));
    odd = _mm512_add_epi64(odd, _mm512_mul_epi32(odd_lanes(a), odd_lanes(b)));
  }
  static V reduced(V sum) {
    const V m = _mm512_mul_epi32(sum, splat(static_cast<i32>(q_inverse)));
    return _mm512_sub_epi64(sum, _mm512_mul_epi32(m, splat(q)));
  }
  V montgomery_reduced() const { return high_halves(reduced(even), reduced(odd)); }
};

}  // namespace
}  // namespace v100::mldsa

#include "crypto/mldsa/ring.inl.h"
#include "crypto/mldsa/rounding.inl.h"

namespace v100::mldsa {
namespace {

// Sixteen candidates from 48 bytes at a time. The compressed lanes are stored whole (the memory
// form of the compression is twice as slow), which is why `out` has room beyond 256.
inline size_t take_candidates(i32* out, size_t have, V block, __mmask16 present) {
  alignas(64) static constexpr u8 spread_bytes[64] = {
      0,  1,  2,  63, 3,  4,  5,  63, 6,  7,  8,  63, 9,  10, 11, 63, 12, 13, 14, 63, 15, 16,
      17, 63, 18, 19, 20, 63, 21, 22, 23, 63, 24, 25, 26, 63, 27, 28, 29, 63, 30, 31, 32, 63,
      33, 34, 35, 63, 36, 37, 38, 63, 39, 40, 41, 63, 42, 43, 44, 63, 45, 46, 47, 63};
  const V spread = _mm512_load_si512(spread_bytes);
  const V candidate = _mm512_and_si512(_mm512_permutexvar_epi8(spread, block), splat(0x7fffff));
  const __mmask16 accepted = _mm512_mask_cmplt_epi32_mask(present, candidate, splat(q));
  _mm512_storeu_si512(out + have, _mm512_maskz_compress_epi32(accepted, candidate));
  return have + static_cast<size_t>(__builtin_popcount(accepted));
}
size_t uniform(i32* out, size_t have, const u8* in, size_t bytes) {
  size_t i = 0;
  if (have == 0 && bytes >= 15 * 48 + 64) {  // sixteen steps give 256 at most: none need look
#pragma GCC unroll 16
    for (; i < 16 * 48; i += 48) {
      have = take_candidates(out, have, _mm512_loadu_si512(in + i), 0xffff);
    }
  }
  for (; i + 64 <= bytes && have < 256; i += 48) {
    have = take_candidates(out, have, _mm512_loadu_si512(in + i), 0xffff);
  }
  for (; i < bytes && have < 256; i += 48) {
    const size_t left = bytes - i < 48 ? bytes - i : 48;
    const V block = _mm512_maskz_loadu_epi8((u64{1} << left) - 1, in + i);
    have = take_candidates(out, have, block, static_cast<__mmask16>((1u << (left / 3)) - 1));
  }
  return have < 256 ? have : 256;
}

// See use_hint_as: where a hint is, one up if 0 < r0 (which is at most (q - 1) / 2), else one down.
template <Rounding R>
inline void use_hint_of(const u8* hint, i32* r, size_t n) {
  constexpr bool by_32 = R == Rounding::by_32;
  for (size_t i = 0; i < n; i += 16) {
    const V value = load(r + i);
    const V u = _mm512_srli_epi32(add(value, splat(127)), 7);
    V high = by_32
                 ? _mm512_srli_epi32(add(_mm512_mullo_epi32(u, splat(1025)), splat(1 << 21)), 22)
                 : _mm512_srli_epi32(add(_mm512_mullo_epi32(u, splat(11275)), splat(1 << 23)), 24);
    high = by_32 ? _mm512_and_si512(high, splat(15))
                 : _mm512_maskz_mov_epi32(_mm512_cmplt_epi32_mask(high, splat(44)), high);
    const V low = sub(value, _mm512_mullo_epi32(high, splat(width<R>)));
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(hint + i));
    const __mmask16 hinted = _mm_test_epi8_mask(bytes, bytes);
    const __mmask16 up =
        _mm512_mask_cmplt_epu32_mask(hinted, sub(low, splat(1)), splat((q - 1) / 2));
    high = _mm512_mask_add_epi32(high, up, high, splat(1));
    high = _mm512_mask_sub_epi32(high, static_cast<__mmask16>(hinted & ~up), high, splat(1));
    if constexpr (by_32) {
      high = _mm512_and_si512(high, splat(15));
    } else {  // -1 becomes 43, 44 becomes 0
      high = _mm512_min_epu32(high, add(high, splat(44)));
      high = _mm512_maskz_mov_epi32(_mm512_cmplt_epi32_mask(high, splat(44)), high);
    }
    store(r + i, high);
  }
}
void use_hint(Rounding rounding, const u8* hint, i32* r, size_t n) {
  rounding == Rounding::by_32 ? use_hint_of<Rounding::by_32>(hint, r, n)
                              : use_hint_of<Rounding::by_88>(hint, r, n);
}

// 64 half bytes at a time. Values go through a table in a register and are moved together by the
// mask of accepted ones, whose count is public (see sample.cpp); nothing branches on either.
size_t bounded(int eta, i32* out, size_t have, const u8* in, size_t bytes) {
  const __m128i values = eta == 2
                             ? _mm_setr_epi8(2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 0)
                             : _mm_setr_epi8(4, 3, 2, 1, 0, -1, -2, -3, -4, 0, 0, 0, 0, 0, 0, 0);
  const V table = _mm512_broadcast_i32x4(values);
  const V limit = _mm512_set1_epi8(eta == 2 ? 15 : 9);
  for (size_t i = 0; i < bytes && have < 256; i += 32) {
    const size_t left = bytes - i < 32 ? bytes - i : 32;
    const auto here = static_cast<__mmask32>((u64{1} << left) - 1);
    const V words = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(here, in + i));
    const V halves =
        _mm512_and_si512(_mm512_or_si512(words, _mm512_slli_epi16(words, 4)), _mm512_set1_epi8(15));
    const __mmask64 present = left == 32 ? ~u64{0} : (u64{1} << (2 * left)) - 1;
    const __mmask64 accepted = _mm512_mask_cmplt_epu8_mask(present, halves, limit);
    const V packed = _mm512_maskz_compress_epi8(accepted, _mm512_shuffle_epi8(table, halves));
    i32* to = out + have;
    _mm512_storeu_si512(to, _mm512_cvtepi8_epi32(_mm512_castsi512_si128(packed)));
    _mm512_storeu_si512(to + 16, _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(packed, 1)));
    _mm512_storeu_si512(to + 32, _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(packed, 2)));
    _mm512_storeu_si512(to + 48, _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(packed, 3)));
    have += static_cast<size_t>(__builtin_popcountll(accepted));
  }
  return have < 256 ? have : 256;
}

// Sixteen fields of B bits are 2B bytes: one byte permutation brings each field's bytes into its
// lane, a shift by lane aligns it.
template <int B>
struct Spread {
  u8 bytes[64];
  i32 shifts[16];
  constexpr Spread() : bytes{}, shifts{} {
    for (int lane = 0; lane < 16; ++lane) {
      for (int i = 0; i < 4; ++i) {
        bytes[4 * lane + i] = static_cast<u8>(lane * B / 8 + i);
      }
      shifts[lane] = lane * B % 8;
    }
  }
};
template <int B, bool Centred>
inline void unpack_as(const u8* in, i32* out, size_t n) {
  alignas(64) static constexpr Spread<B> spread;
  const V bytes = _mm512_load_si512(spread.bytes);
  const V shifts = _mm512_load_si512(spread.shifts);
  for (size_t i = 0; i < n; i += 16, in += 2 * B) {
    const V block = _mm512_maskz_loadu_epi8((u64{1} << (2 * B)) - 1, in);
    V field = _mm512_srlv_epi32(_mm512_permutexvar_epi8(bytes, block), shifts);
    field = _mm512_and_si512(field, splat((1 << B) - 1));
    store(out + i, Centred ? sub(splat(1 << (B - 1)), field) : field);
  }
}
void unpack(int bits, const u8* in, i32* fields, size_t n) {
  return bits == 3    ? unpack_as<3, false>(in, fields, n)
         : bits == 4  ? unpack_as<4, false>(in, fields, n)
         : bits == 10 ? unpack_as<10, false>(in, fields, n)
                      : unpack_as<13, false>(in, fields, n);
}
void unpack_z(int bits, const u8* in, i32* z, size_t n) {
  bits == 19 ? unpack_as<20, true>(in, z, n) : unpack_as<18, true>(in, z, n);
}

// The way back: two fields become one of 2B bits in each 64-bit lane, four one of 4B bits where
// that fits; an output word is then put together from the units that reach into it.
template <int B>
struct Gather {
  static constexpr int unit = 4 * B <= 64 ? 4 * B : 2 * B;
  static constexpr int step = 4 * B <= 64 ? 2 : 1;  // lanes from unit to unit
  static constexpr int parts = (63 + unit) / unit + 1;
  u64 lane[parts][8];
  u64 shift[parts][8];  // the first to the right, the others to the left; 64 clears
  constexpr Gather() : lane{}, shift{} {
    for (int word = 0; word < 8; ++word) {
      const int first = 64 * word / unit;
      const int offset = 64 * word - first * unit;
      for (int part = 0; part < parts; ++part) {
        const int from = (first + part) * step;
        const int by = part == 0 ? offset : part * unit - offset;
        lane[part][word] = static_cast<u64>(from & 7);
        shift[part][word] = static_cast<u64>(from < 8 && by < 64 ? by : 64);
      }
    }
  }
};
template <int B, i32 Top>
inline void pack_as(const i32* in, u8* out, size_t n) {
  alignas(64) static constexpr Gather<B> gather;
  const auto part = [](const u64* table) { return _mm512_load_si512(table); };
  const u8* const end = out + n / 8 * B;
  for (size_t i = 0; i < n; i += 16, out += 2 * B) {
    const V field = Top != 0 ? sub(splat(Top), load(in + i)) : load(in + i);
    V unit = _mm512_or_si512(_mm512_maskz_mov_epi32(0x5555, field),
                             _mm512_slli_epi64(_mm512_srli_epi64(field, 32), B));
    if constexpr (Gather<B>::step == 2) {
      const V odd = _mm512_shuffle_epi32(unit, _MM_PERM_BADC);
      unit = _mm512_or_si512(unit, _mm512_slli_epi64(odd, 2 * B));
    }
    V words = _mm512_srlv_epi64(_mm512_permutexvar_epi64(part(gather.lane[0]), unit),
                                part(gather.shift[0]));
    for (int p = 1; p < Gather<B>::parts; ++p) {
      words = _mm512_or_si512(
          words, _mm512_sllv_epi64(_mm512_permutexvar_epi64(part(gather.lane[p]), unit),
                                   part(gather.shift[p])));
    }
    if (end - out >= 64) {  // what is behind the fields is overwritten by the next ones
      _mm512_storeu_si512(out, words);
    } else {
      _mm512_mask_storeu_epi8(out, (u64{1} << (2 * B)) - 1, words);
    }
  }
}
void pack(int bits, const i32* c, u8* out, size_t n) {
  return bits == 3    ? pack_as<3, pack_top<3>>(c, out, n)
         : bits == 4  ? pack_as<4, pack_top<4>>(c, out, n)
         : bits == 10 ? pack_as<10, pack_top<10>>(c, out, n)
                      : pack_as<13, pack_top<13>>(c, out, n);
}
void pack_z(int bits, const i32* z, u8* out, size_t n) {
  bits == 19 ? pack_as<20, 1 << 19>(z, out, n) : pack_as<18, 1 << 17>(z, out, n);
}

}  // namespace

extern const MldsaKernel kernel_avx512 = make_kernel("avx512", {.uniform = uniform,
                                                                .bounded = bounded,
                                                                .use_hint = use_hint,
                                                                .pack = pack,
                                                                .unpack = unpack,
                                                                .pack_z = pack_z,
                                                                .unpack_z = unpack_z});

}  // namespace v100::mldsa
