// The arithmetic of ML-DSA with AVX2: eight coefficients a register.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/kernel_common.inl.h"

namespace v100::mldsa {
namespace {

using V = __m256i;
constexpr int lanes = 8;

inline V load(const i32* p) { return _mm256_load_si256(reinterpret_cast<const V*>(p)); }
inline void store(i32* p, V a) { _mm256_store_si256(reinterpret_cast<V*>(p), a); }
inline V splat(i32 a) { return _mm256_set1_epi32(a); }
inline V add(V a, V b) { return _mm256_add_epi32(a, b); }
inline V sub(V a, V b) { return _mm256_sub_epi32(a, b); }
// The odd lanes moved onto the even ones, where the wide multiplication reads.
inline V odd_lanes(V a) { return _mm256_srli_epi64(a, 32); }
inline V shoup(V b, V z, V shoup_z) {
  const V even = _mm256_mul_epi32(b, shoup_z);
  const V odd = _mm256_mul_epi32(odd_lanes(b), odd_lanes(shoup_z));
  const V quotient = _mm256_blend_epi32(odd_lanes(even), odd, 0xaa);
  return sub(_mm256_mullo_epi32(b, z), _mm256_mullo_epi32(quotient, splat(q)));
}
// As unsigned numbers, negative ones are the larger.
inline V canonical(V a) {
  const V raised = _mm256_min_epu32(a, add(a, splat(q)));
  return _mm256_min_epu32(raised, sub(raised, splat(q)));
}
inline void transpose(V (&v)[8]) {
  V a[8];
  V b[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
    v[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
  }
}

struct WideSum {
  V even, odd;
  void add_product(V a, V b) {
    even = _mm256_add_epi64(even, _mm256_mul_epi32(a, b));
    odd = _mm256_add_epi64(odd, _mm256_mul_epi32(odd_lanes(a), odd_lanes(b)));
  }
  static V reduced(V sum) {
    const V m = _mm256_mul_epi32(sum, splat(static_cast<i32>(q_inverse)));
    return _mm256_sub_epi64(sum, _mm256_mul_epi32(m, splat(q)));
  }
  V montgomery_reduced() const {
    return _mm256_blend_epi32(odd_lanes(reduced(even)), reduced(odd), 0xaa);
  }
};

}  // namespace
}  // namespace v100::mldsa

#include "crypto/mldsa/ring.inl.h"
#include "crypto/mldsa/rounding.inl.h"

namespace v100::mldsa {
namespace {

// For each mask of accepted lanes, the permutation that moves them to the front.
struct Compress {
  i32 lane[256][8];
};
constexpr Compress make_compress() {
  Compress table{};
  for (int mask = 0; mask < 256; ++mask) {
    int to = 0;
    for (int lane = 0; lane < 8; ++lane) {
      if (mask >> lane & 1) {
        table.lane[mask][to++] = lane;
      }
    }
  }
  return table;
}
alignas(64) constexpr Compress compress = make_compress();

// Eight candidates from 24 bytes at a time; reads 32, so the last ones go one by one.
size_t uniform(i32* out, size_t have, const u8* in, size_t bytes) {
  // Bytes 0..11 in the low half and 12..23 in the high half, three to a lane.
  const V spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,  //
                                    4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
  size_t i = 0;
  for (; i + 32 <= bytes && have < 256; i += 24) {
    V block = _mm256_loadu_si256(reinterpret_cast<const V*>(in + i));
    block = _mm256_permute4x64_epi64(block, 0x94);  // quarters 0, 1 | 1, 2
    const V candidate = _mm256_and_si256(_mm256_shuffle_epi8(block, spread), splat(0x7fffff));
    const int mask = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sub_epi32(candidate, splat(q))));
    const V order = _mm256_load_si256(reinterpret_cast<const V*>(compress.lane[mask]));
    _mm256_storeu_si256(reinterpret_cast<V*>(out + have),
                        _mm256_permutevar8x32_epi32(candidate, order));
    have += static_cast<size_t>(__builtin_popcount(static_cast<unsigned>(mask)));
  }
  return have < 256 ? uniform_scalar(out, have, in + i, bytes - i) : 256;
}

}  // namespace

extern const MldsaKernel kernel_avx2 = make_kernel("avx2", {.uniform = uniform});

}  // namespace v100::mldsa
