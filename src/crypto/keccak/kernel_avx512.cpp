// Keccak-f[1600] with AVX-512: eight states in the lanes of a 512-bit register, four in a 256-bit
// one. Three-way xor and chi are one ternary-logic instruction each, rotation is one instruction,
// and all 25 words fit in the 32 registers.
#include <cstdint>
#include <immintrin.h>

#include "crypto/keccak/kernel.h"

namespace v100::keccak {
namespace {

// Truth tables of the ternary logic: a ^ b ^ c and a ^ (~b & c).
constexpr int xor3_table = 0x96;
constexpr int chi_table = 0xd2;

inline __m512i xor2(__m512i a, __m512i b) { return _mm512_xor_si512(a, b); }
inline __m512i xor3(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi64(a, b, c, xor3_table);
}
inline __m512i chi(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi64(a, b, c, chi_table);
}
template <int N>
inline __m512i rotl(__m512i a) {
  if constexpr (N == 0) {
    return a;
  } else {
    return _mm512_rol_epi64(a, N);
  }
}
inline void broadcast_to(__m512i& out, std::uint64_t constant) {
  out = _mm512_set1_epi64(static_cast<long long>(constant));
}
inline void load(__m512i& out, const std::uint64_t* p) { out = _mm512_load_si512(p); }
inline void store(std::uint64_t* p, __m512i a) { _mm512_store_si512(p, a); }

inline __m256i xor2(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }
inline __m256i xor3(__m256i a, __m256i b, __m256i c) {
  return _mm256_ternarylogic_epi64(a, b, c, xor3_table);
}
inline __m256i chi(__m256i a, __m256i b, __m256i c) {
  return _mm256_ternarylogic_epi64(a, b, c, chi_table);
}
template <int N>
inline __m256i rotl(__m256i a) {
  if constexpr (N == 0) {
    return a;
  } else {
    return _mm256_rol_epi64(a, N);
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

#include "crypto/keccak/permute.inl.h"
#include "crypto/keccak/read_avx2.inl.h"

namespace v100::keccak {
namespace {

void permute_x1(std::uint64_t* words) { permute<std::uint64_t>(words, 1); }
void permute_x4(std::uint64_t* words) { permute<__m256i>(words, 4); }
void permute_x8(std::uint64_t* words) { permute<__m512i>(words, 8); }

}  // namespace

extern const KeccakKernel kernel_avx512{"avx512",   permute_x1, permute_x4,
                                        permute_x8, read_x4,    read_x8};

}  // namespace v100::keccak
