// AVX-512 IFMA: two 52-bit multiply-adds a cycle on Zen 5, one on Ice Lake.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "he/ring64/kernel.h"

namespace v100::he {
namespace {

using V = __m512i;

inline V load(const std::uint64_t* p) { return _mm512_load_si512(p); }
inline void store(std::uint64_t* p, V v) { _mm512_store_si512(p, v); }
inline V splat(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
inline V add(V a, V b) { return _mm512_add_epi64(a, b); }
inline V sub(V a, V b) { return _mm512_sub_epi64(a, b); }
inline V least(V a, V b) { return _mm512_min_epu64(a, b); }
inline V low52(V a) { return _mm512_and_si512(a, splat((1ull << 52) - 1)); }
inline V shift_right(V a, unsigned count) {
  return _mm512_srl_epi64(a, _mm_cvtsi32_si128(static_cast<int>(count)));
}
inline V both(V a, V b) { return _mm512_and_si512(a, b); }
inline V sign(V a) { return _mm512_srai_epi64(a, 63); }
inline V load_small(const std::int8_t* p) {
  return _mm512_cvtepi8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline V load_int(const std::int32_t* p) {
  return _mm512_cvtepi32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline V muladd_low(V a, V b, V c) { return _mm512_madd52lo_epu64(a, b, c); }
inline V muladd_high(V a, V b, V c) { return _mm512_madd52hi_epu64(a, b, c); }

inline void transpose(V* v) {
  V pairs[8];
  V quads[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < 2; ++k) {
      quads[4 * i + k] = _mm512_shuffle_i64x2(pairs[4 * i + k], pairs[4 * i + k + 2], 0x88);
      quads[4 * i + k + 2] = _mm512_shuffle_i64x2(pairs[4 * i + k], pairs[4 * i + k + 2], 0xDD);
    }
  }
  for (int k = 0; k < 4; ++k) {
    v[k] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0x88);
    v[k + 4] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0xDD);
  }
}

inline V sum_transposed(V* v) {
  transpose(v);
  return add(add(add(v[0], v[1]), add(v[2], v[3])), add(add(v[4], v[5]), add(v[6], v[7])));
}

#include "he/ring64/ntt.inl.h"
#include "he/ring64/pointwise.inl.h"

void permute(std::uint64_t* out, const std::uint64_t* in, const std::uint32_t* index,
             std::size_t n) {
  for (std::size_t j = 0; j < n; j += 8) {
    const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index + j));
    store(out + j, _mm512_i32gather_epi64(at, in, 8));
  }
}

// Eight values of `width` bits are `width` bytes: value i starts at byte i·width / 8, bit
// i·width % 8 of it, and with at most 50 bits ends within eight bytes.
struct Places {
  V bytes;   // of each lane's eight bytes in the packed vector
  V shifts;  // within the first byte

  explicit Places(unsigned width) {
    alignas(64) std::uint8_t at[64];
    alignas(64) std::uint64_t shift[8];
    for (unsigned i = 0; i < 8; ++i) {
      shift[i] = i * width % 8;
      for (unsigned k = 0; k < 8; ++k) {
        at[8 * i + k] = static_cast<std::uint8_t>(i * width / 8 + k);
      }
    }
    bytes = _mm512_load_si512(at);
    shifts = _mm512_load_si512(shift);
  }
};
inline __mmask64 first_bytes(unsigned count) { return (1ull << count) - 1; }

void unpack(std::uint64_t* out, const std::uint8_t* in, std::size_t n, unsigned width) {
  const Places places(width);
  const V mask = splat((1ull << width) - 1);
  for (std::size_t j = 0; j < n; j += 8, in += width) {
    const V packed = _mm512_maskz_loadu_epi8(first_bytes(width), in);
    const V spread = _mm512_permutexvar_epi8(places.bytes, packed);
    store(out + j, _mm512_and_si512(_mm512_srlv_epi64(spread, places.shifts), mask));
  }
}

// Neighbours may share a byte, so that each lane is put in its place by itself.
void pack(std::uint8_t* out, const std::uint64_t* in, std::size_t n, unsigned width) {
  alignas(64) std::uint8_t from[8][64];  // for each lane where its bytes go, 255 elsewhere
  __mmask64 where[8] = {};
  for (unsigned i = 0; i < 8; ++i) {
    for (unsigned k = 0; k < 8; ++k) {
      const unsigned to = i * width / 8 + k;
      if (to < width && k * 8 < i * width % 8 + width) {
        from[i][to] = static_cast<std::uint8_t>(8 * i + k);
        where[i] |= 1ull << to;
      }
    }
  }
  const Places places(width);
  V indices[8];
  for (unsigned i = 0; i < 8; ++i) {
    indices[i] = _mm512_maskz_loadu_epi8(where[i], from[i]);
  }
  for (std::size_t j = 0; j < n; j += 8, out += width) {
    const V shifted = _mm512_sllv_epi64(load(in + j), places.shifts);
    V packed = splat(0);
    for (unsigned i = 0; i < 8; ++i) {
      packed =
          _mm512_or_si512(packed, _mm512_maskz_permutexvar_epi8(where[i], indices[i], shifted));
    }
    _mm512_mask_storeu_epi8(out, first_bytes(width), packed);
  }
}

std::size_t count_outside(const std::uint64_t* x, std::size_t n, std::uint64_t q) {
  std::size_t count = 0;
  for (std::size_t j = 0; j < n; j += 8) {
    count += static_cast<std::size_t>(
        __builtin_popcount(_mm512_cmpge_epu64_mask(load(x + j), splat(q))));
  }
  return count;
}

}  // namespace

const Ring64Kernel ring64_avx512{
    "avx512", forward,        forward_loose, inverse, multiply,     multiply_add, add_all,
    subtract, subtract_scale, recentre,      scale,   scale_small,  sums,         multiply_add_sums,
    matrix,   permute,        pack,          unpack,  count_outside};

}  // namespace v100::he
