// KeccakKernel: Keccak-f[1600] for one, four and eight states at once. This struct is the whole
// contract between keccak.cpp and a kernel file; no code stands here.
//
// Layout: the states of a group are interleaved by lane. In a group of W states, 64-bit word w
// (0..24, FIPS 202 A[x][y] with w = x + 5y, little-endian bytes) of state s is words[w * W + s].
// Groups are aligned to 64 bytes.
#pragma once

#include <cstdint>

namespace v100::keccak {

struct KeccakKernel {
  const char* name;
  int lanes;  // states that one run of its widest permutation holds: 1, 2, 4 or 8
  void (*permute_x1)(std::uint64_t* words);  // 25 words
  void (*permute_x4)(std::uint64_t* words);  // 100 words
  void (*permute_x8)(std::uint64_t* words);  // 200 words
  // Writes the first `count` words of each state to its own output, little-endian: a transposition.
  void (*read_x4)(std::uint8_t* const* outs, const std::uint64_t* words, int count);
  void (*read_x8)(std::uint8_t* const* outs, const std::uint64_t* words, int count);
  // The way in. States whose bit in `fresh` is set are cleared; then the first counts[s] words
  // (0..21) of ins[s] are xored into each state s. ins[s] is not read where counts[s] is 0.
  void (*absorb_x4)(std::uint64_t* words, const std::uint8_t* const* ins,
                    const std::uint8_t* counts, unsigned fresh);
  void (*absorb_x8)(std::uint64_t* words, const std::uint8_t* const* ins,
                    const std::uint8_t* counts, unsigned fresh);
};

// One per kernel file; those of other processors are absent from a build.
extern const KeccakKernel kernel_portable;
extern const KeccakKernel kernel_avx2;
extern const KeccakKernel kernel_avx512;
extern const KeccakKernel kernel_neon;
extern const KeccakKernel kernel_neon_sha3;
extern const KeccakKernel kernel_wasm;

}  // namespace v100::keccak
