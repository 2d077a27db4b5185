// MlkemKernel: arithmetic in Z_q[X]/(X^256 + 1), q = 3329, as one instruction set does it. This
// file holds the contract and no code. A polynomial is 256 int16_t, aligned to 64 bytes, in the
// coefficient order of FIPS 203 on both sides of the NTT, so that kernels can be exchanged and
// compared. "Reduced" means |c| < q; "canonical" means 0 <= c < q.
#pragma once

#include <cstdint>

namespace v100::mlkem {

// The right-hand operand of products in the NTT domain, laid out for pairwise dot products: with
// (b0, b1) a coefficient pair and gamma its modulus (FIPS 203, Algorithm 12), times 2^16,
// `direct` holds (b0, gamma * b1) and `crossed` holds (b1, b0).
struct alignas(64) Multiplier {
  std::int16_t direct[256];
  std::int16_t crossed[256];
};

struct MlkemKernel {
  const char* name;
  // FIPS 203, Algorithm 9, on `count` polynomials in a row. Reduced in, reduced out.
  void (*ntt)(std::int16_t* polys, int count);
  // Algorithm 10, with the division by 128. Reduced in, reduced out.
  void (*inverse_ntt)(std::int16_t* polys, int count);
  void (*prepare)(Multiplier* out, const std::int16_t* poly);  // reduced in
  // Algorithm 11 summed: out = sum of a[i] * b[i] over k <= 4 polynomials. Reduced in and out.
  void (*dot)(std::int16_t* out, const std::int16_t* a, const Multiplier* b, int k);
  // Any coefficients of 15 bits and sign in, canonical out.
  void (*canonical)(std::uint16_t* out, const std::int16_t* poly);
  // Equations 4.7 and 4.8 (Compress_d, Decompress_d), d in 1, 4, 5, 10, 11. Canonical in / out.
  void (*compress)(std::uint16_t* values, int d);
  void (*decompress)(std::int16_t* out, const std::uint16_t* values, int d);
  // Algorithm 7's inner loop: writes to out[have..] the candidates below q of `size` bytes (a
  // multiple of 3), stops at 256, returns the new count. Data is public. Up to 64 bytes after the
  // input may be read.
  int (*reject)(std::int16_t* out, int have, const std::uint8_t* in, int size);
  // Algorithm 8 for eta = 2 (128 bytes in) and eta = 3 (192 bytes in).
  void (*cbd2)(std::int16_t* out, const std::uint8_t* in);
  void (*cbd3)(std::int16_t* out, const std::uint8_t* in);
};

extern const MlkemKernel kernel_portable;
extern const MlkemKernel kernel_avx2;
extern const MlkemKernel kernel_avx512;
extern const MlkemKernel kernel_wasm;

}  // namespace v100::mlkem
