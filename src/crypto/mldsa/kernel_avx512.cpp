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
inline V odd_lanes(V a) { return _mm512_srli_epi64(a, 32); }
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
size_t uniform(i32* out, size_t have, const u8* in, size_t bytes) {
  alignas(64) constexpr u8 spread_bytes[64] = {
      0,  1,  2,  63, 3,  4,  5,  63, 6,  7,  8,  63, 9,  10, 11, 63, 12, 13, 14, 63, 15, 16,
      17, 63, 18, 19, 20, 63, 21, 22, 23, 63, 24, 25, 26, 63, 27, 28, 29, 63, 30, 31, 32, 63,
      33, 34, 35, 63, 36, 37, 38, 63, 39, 40, 41, 63, 42, 43, 44, 63, 45, 46, 47, 63};
  const V spread = _mm512_load_si512(spread_bytes);
  for (size_t i = 0; i < bytes && have < 256; i += 48) {
    const size_t left = bytes - i < 48 ? bytes - i : 48;
    const V block = _mm512_maskz_loadu_epi8((u64{1} << left) - 1, in + i);
    const V candidate = _mm512_and_si512(_mm512_permutexvar_epi8(spread, block), splat(0x7fffff));
    const auto present = static_cast<__mmask16>((1u << (left / 3)) - 1);
    const __mmask16 accepted = _mm512_mask_cmplt_epi32_mask(present, candidate, splat(q));
    _mm512_storeu_si512(out + have, _mm512_maskz_compress_epi32(accepted, candidate));
    have += static_cast<size_t>(__builtin_popcount(accepted));
  }
  return have < 256 ? have : 256;
}

}  // namespace

extern const MldsaKernel kernel_avx512 = make_kernel("avx512", uniform);

}  // namespace v100::mldsa
