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
};

// One per kernel file. The x86 files are absent from other builds.
extern const FalconKernel kernel_portable;
extern const FalconKernel kernel_avx2;
extern const FalconKernel kernel_avx512;

}  // namespace v100::falcon
