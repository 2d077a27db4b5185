// FalconKernel: what Falcon spends its time on, one table per instruction set. This struct is the
// whole contract between the module and a kernel file; no code stands here.
//
// `logn` is 9 or 10 in the functions of verification and 1 to 10 in those of signing; n = 2^logn.
// Arrays are 64-byte aligned unless said. Every kernel gives the same answer to the last bit, those
// of floating point included: same order of operations, no fused multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::falcon {

inline constexpr std::int32_t q = 12289;

// ChaCha20 as Falcon's reference runs it: eight blocks a refill, words interleaved.
struct Stream {
  std::uint32_t key[12];  // words 4 to 15 of the state; the counter is mixed into the last two
  std::uint64_t counter;
};
inline constexpr std::size_t refill_bytes = 512;

// The sampler's randomness, drawn ahead in two queues, so that both halves of a leaf are sampled
// side by side. A candidate is a base sample z0 with a sign, and 62 bits for its rejection.
struct Candidates {
  static constexpr std::size_t size = 256;  // of a queue
  static constexpr std::size_t refills = 2 * size * 18 / refill_bytes;
  alignas(64) double value[2][size];    // z0 + 1 upwards, -z0 downwards
  alignas(64) double penalty[2][size];  // z0^2 / (2 sigma0^2)
  alignas(64) std::int64_t uniform[2][size];
  std::size_t next[2];  // the first one not looked at
};

// Who samples sets sigma_min and the stream; the queues start empty (next = size).
struct SamplerState {
  double sigma_min;
  Stream stream;
  Candidates candidates;
  alignas(64) std::uint8_t random[Candidates::refills * refill_bytes];
};

struct FalconKernel {
  const char* name;

  // ---- Verification; everything public.
  // h (coefficients below q) transformed, in an order of the kernel's own.
  void (*prepare)(const std::uint16_t* h, std::int16_t* prepared, int logn);
  // |(c - s2 h mod q, s2)|^2 with the residues centred, at most 2^32 - 1. |s2| <= 2047, c < q.
  std::uint32_t (*norm)(const std::int16_t* s2, const std::int16_t* prepared,
                        const std::uint16_t* c, int logn);
  // Falcon §3.7, Algorithm 3, the loop's body: 16-bit big-endian candidates from `in` (an even
  // number of bytes, no alignment); those below 5q go, modulo q, to out[have..], which has room for
  // all of them and 32 more. Returns the new count.
  std::size_t (*points)(std::uint16_t* out, std::size_t have, const std::uint8_t* in,
                        std::size_t bytes);
  // Falcon §3.11.2, Algorithm 18 (Decompress): n coefficients from `in`, of which 16 bytes more
  // than `bytes` are readable. Returns the number of bits used, 0 where the bits are not the one
  // encoding of any s2.
  std::size_t (*decode)(const std::uint8_t* in, std::size_t bytes, std::int16_t* s2, int logn);
  // Two of them at a time, with two of everything.
  void (*decode_two)(const std::uint8_t* const* in, const std::size_t* bytes,
                     std::int16_t* const* s2, std::size_t* bits, int logn);

  // ---- Signing; no branch and no index depends on values, but on which candidates were rejected.
  // The next `refills` times refill_bytes bytes; 64-byte aligned.
  void (*random)(Stream& stream, std::uint8_t* out, std::size_t refills);
  // In place, n doubles: coefficients on one side; values at half of the roots of X^n + 1, real
  // parts first, on the other (fft.inl.h says which roots and in which order).
  void (*fft)(double* a, int logn);
  void (*ifft)(double* a, int logn);
  // Falcon §3.9.2, Algorithm 11 (ffSampling): z0, z1 from t0, t1 (all of them transformed, n
  // doubles) by the tree. scratch holds 2n doubles.
  void (*sample)(SamplerState& state, const double* tree, const double* t0, const double* t1,
                 double* z0, double* z1, double* scratch, int logn);
};

// One per kernel file; those of other processors are absent from a build.
extern const FalconKernel kernel_portable;
extern const FalconKernel kernel_avx2;
extern const FalconKernel kernel_avx512;
extern const FalconKernel kernel_neon;

}  // namespace v100::falcon
