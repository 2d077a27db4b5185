// MlkemKernel: arithmetic in Z_q[X]/(X^256 + 1), q = 3329, as one instruction set does it. This
// file holds the contract and no code. A polynomial is 256 int16_t, aligned to 64 bytes, in the
// coefficient order of FIPS 203 on both sides of the NTT, so that kernels can be exchanged and
// compared. "Reduced" means |c| < q; "canonical" means 0 <= c < q. Unless a line says otherwise no
// branch and no address depends on what is pointed to.
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

// What of a parameter set the arithmetic depends on (FIPS 203, table 2). It is public.
struct Shape {
  int k;
  int eta1;
  int du;
  int dv;
};

// Bytes from one PRF output to the next: 64 * 3, room for either eta.
constexpr int noise_stride = 192;

struct MlkemKernel {
  const char* name;
  // Keccak states that are worth running side by side on this instruction set: 1, 4 or 8.
  int hash_lanes;

  // The arithmetic of K-PKE between one hash and the next; `noise` holds PRF outputs in the order
  // of their nonces. The three write canonical encodings, so that all kernels write the same bytes.
  // FIPS 203, Algorithm 13 (K-PKE.KeyGen), steps 8-20: t and s, 384 k bytes each.
  void (*make_key)(std::uint8_t* t, std::uint8_t* s, const Shape& shape, const std::int16_t* a,
                   const std::uint8_t* noise);
  // Algorithm 14 (K-PKE.Encrypt), steps 9-23; 32 bytes of m, 32 (du k + dv) of ciphertext.
  void (*encrypt)(std::uint8_t* ciphertext, const Shape& shape, const std::int16_t* a_transposed,
                  const std::int16_t* t_hat, const std::uint8_t* noise, const std::uint8_t* m);
  // Algorithm 15 (K-PKE.Decrypt).
  void (*decrypt)(std::uint8_t* m, const Shape& shape, const Multiplier* s_hat,
                  const std::uint8_t* ciphertext);

  // Algorithm 6 (ByteDecode_12) on `count` polynomials: modulo q, canonical out. Returns whether
  // every value was below q already (§7.2).
  bool (*decode_12)(std::int16_t* out, const std::uint8_t* in, int count);
  void (*prepare)(Multiplier* out, const std::int16_t* poly);  // reduced in
  // Algorithm 7's inner loop: writes to out[have..] the candidates below q of `size` bytes (a
  // multiple of 3), stops at 256, returns the new count. Data is public. Up to 64 bytes after the
  // input may be read.
  int (*reject)(std::int16_t* out, int have, const std::uint8_t* in, int size);
  // words[i * hash_lanes + lane] ^= 64-bit word i of ins[lane], for i < count.
  void (*absorb)(std::uint64_t* words, const std::uint8_t* const* ins, int count);

  // The parts of the above, one by one, for tests and measurements.
  void (*ntt)(std::int16_t* poly);          // Algorithm 9. Reduced in and out.
  void (*inverse_ntt)(std::int16_t* poly);  // Algorithm 10. Reduced in and out.
  // Algorithm 11 summed: out = sum of a[i] * b[i] over k <= 4 polynomials. Reduced in and out.
  void (*dot)(std::int16_t* out, const std::int16_t* a, const Multiplier* b, int k);
  void (*cbd)(std::int16_t* out, const std::uint8_t* in, int eta);  // Algorithm 8
  void (*encode_12)(std::uint8_t* out, const std::int16_t* poly);   // any coefficients in
  // ByteEncode_d(Compress_d()) of coefficients |c| <= compress_bound (d < 10: < 2q), and back; d in
  // 1, 4, 5, 10, 11.
  void (*compress)(std::uint8_t* out, const std::int16_t* poly, int d);
  void (*decompress)(std::int16_t* out, const std::uint8_t* in, int d);
};

// What compress is exact for; see field.inl.h for the proof.
constexpr int compress_bound = 2078;

extern const MlkemKernel kernel_portable;
extern const MlkemKernel kernel_avx2;
extern const MlkemKernel kernel_avx512;
extern const MlkemKernel kernel_neon;
extern const MlkemKernel kernel_wasm;

}  // namespace v100::mlkem
