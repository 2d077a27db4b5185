// Polynomials, their byte encodings (FIPS 203 §4.2.1) and their sampling (§4.2.2): what K-PKE is
// written in. Internal to mlkem.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {

struct alignas(64) Poly {
  std::int16_t c[256];
};

// Working memory that held secrets: wiped when it goes out of scope.
template <class T>
struct Wiped : T {
  Wiped() noexcept = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe_object(static_cast<T&>(*this)); }
};

// FIPS 203, Algorithm 5 (ByteEncode_12), reduced coefficients in.
void encode_12(FixedMutBytes<384> out, const Poly& poly) noexcept;
// Algorithm 6 (ByteDecode_12): coefficients modulo q, canonical.
void decode_12(Poly& out, FixedBytes<384> in) noexcept;
// Whether every 12-bit value is below q (§7.2: equal to its re-encoding). The bytes are public.
bool below_q(Bytes encoded) noexcept;

// ByteEncode_d(Compress_d(poly)) and Decompress_d(ByteDecode_d(in)); 32 d bytes, d in 1, 4, 5, 10,
// 11.
void compress_encode(MutBytes out, const Poly& poly, unsigned d) noexcept;
void decode_decompress(Poly& out, Bytes in, unsigned d) noexcept;

// Fills a k x k matrix (row by row) with Algorithm 7 (SampleNTT) of rho || j || i at row i, column
// j; transposed: rho || i || j.
enum class Order : bool { normal, transposed };
void sample_matrix(Poly* out, std::size_t k, FixedBytes<32> rho, Order order) noexcept;

// Algorithm 8 (SamplePolyCBD) of PRF(seed, nonce), PRF(seed, nonce + 1) ...: the first `wide`
// polynomials with eta1, the rest of `count` with eta = 2.
struct NoiseShape {
  std::size_t count;
  std::size_t wide;
  unsigned eta1;
};
void sample_noise(Poly* out, FixedBytes<32> seed, const NoiseShape& shape) noexcept;

// out = a + b, without reduction.
void add(Poly& out, const Poly& b) noexcept;

}  // namespace v100::mlkem
