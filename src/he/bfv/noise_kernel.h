// Random bits and small polynomials as a kernel makes them. No code here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::he::bfv {

// AES-256 round keys. Holds a secret: whoever owns one wipes it.
struct alignas(64) StreamKey {
  std::uint8_t round_keys[15][16];
};

struct NoiseKernel {
  const char* name;
  void (*expand)(StreamKey& out, const std::uint8_t key[32]);
  // SP 800-38A §6.5 with 128-bit little-endian counters first, first + 1, …; bytes is a multiple of
  // 512.
  void (*stream)(const StreamKey& key, std::uint64_t first, std::uint8_t* out, std::size_t bytes);
  // Centred binomial with 21 pairs of bits (standard deviation 3.24): of each word the bits 0 … 20
  // count up and 21 … 41 count down. n is a multiple of 8.
  void (*binomial)(std::int8_t* out, const std::uint64_t* random, std::size_t n);
  // -1, 0 or 1 by the top 52 bits of each word times 3: each with a probability within 2^-52 of
  // 1/3.
  void (*ternary)(std::int8_t* out, const std::uint64_t* random, std::size_t n);
};

#if defined(__x86_64__)
// Needs AVX-512 (Isa::avx512) and besides VAES and VPOPCNTDQ: ask for both.
extern const NoiseKernel noise_avx512;
#endif

}  // namespace v100::he::bfv
