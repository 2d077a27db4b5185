// Keccak-f[1600] with AVX2: four states in the quarters of a register; eight are two groups of
// four.
#include <cstdint>
#include <immintrin.h>

#include "crypto/keccak/kernel.h"

namespace v100::keccak {
namespace {

inline __m256i xor2(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }
inline __m256i xor3(__m256i a, __m256i b, __m256i c) { return xor2(xor2(a, b), c); }
inline __m256i chi(__m256i a, __m256i b, __m256i c) { return xor2(a, _mm256_andnot_si256(b, c)); }
// Rotations by whole bytes are one shuffle instead of two shifts and an or.
template <int N>
inline __m256i rotl(__m256i a) {
  if constexpr (N == 0) {
    return a;
  } else if constexpr (N == 8) {
    return _mm256_shuffle_epi8(
        a, _mm256_setr_epi8(7, 0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14, 7, 0, 1, 2, 3, 4,
                            5, 6, 15, 8, 9, 10, 11, 12, 13, 14));
  } else if constexpr (N == 56) {
    return _mm256_shuffle_epi8(
        a, _mm256_setr_epi8(1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8, 1, 2, 3, 4, 5, 6,
                            7, 0, 9, 10, 11, 12, 13, 14, 15, 8));
  } else {
    return _mm256_or_si256(_mm256_slli_epi64(a, N), _mm256_srli_epi64(a, 64 - N));
  }
}
inline void broadcast_to(__m256i& out, std::uint64_t constant) {
  out = _mm256_set1_epi64x(static_cast<long long>(constant));
}
inline void load(__m256i& out, const std::uint64_t* p) {
  out = _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(std::uint64_t* p, __m256i a) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(p), a);
}

}  // namespace
}  // namespace v100::keccak

#include "crypto/keccak/group_avx2.inl.h"
#include "crypto/keccak/permute.inl.h"

namespace v100::keccak {
namespace {

void permute_x1(std::uint64_t* words) {
  permute_alone(reinterpret_cast<std::uint64_t(&)[25]>(*words));
}
void permute_x4(std::uint64_t* words) { permute<__m256i>(words, 4); }
void permute_x8(std::uint64_t* words) {
  permute<__m256i>(words, 8);
  permute<__m256i>(words + 4, 8);
}

}  // namespace

extern const KeccakKernel kernel_avx2{"avx2",  4,       permute_x1, permute_x4, permute_x8,
                                      read_x4, read_x8, absorb_x4,  absorb_x8};

}  // namespace v100::keccak
