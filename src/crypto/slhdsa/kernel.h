// SlhKernel: the hash functions of FIPS 205 §11 on eight inputs at once. This struct is the whole
// contract between hash.cpp and a kernel file; no code stands here.
//
// Layout: byte strings are interleaved by lane in words of eight bytes: word w of lane s is
// words[w * 8 + s]. Words hold little-endian bytes for SHAKE and big-endian ones for SHA-2, so that
// neither has to turn them. All arrays are aligned to 64 bytes. An address is four words
// (address.h); a node is n / 8 words.
#pragma once

#include <cstdint>

namespace v100::slhdsa {

inline constexpr int lanes = 8;

using PermuteX8 = void (*)(std::uint64_t* words);  // Keccak-f[1600] on eight interleaved states

// One lane of shake_step that is not a chain's but a longer hash's.
struct GuestLane {
  int lane;
  std::uint64_t* state;  // 25 words, with the block to absorb xored in; permuted in place
};

struct SlhKernel {
  const char* name;
  // Word i of lane `lane` becomes values[i], `count` words. Whole rows are written: a load of a row
  // after a store of one word would wait for it.
  void (*put)(std::uint64_t* words, int lane, const std::uint64_t* values, int count);
  // out = SHAKE256(seed || address || in): `n` words of seed and output, `count` words of `in`.
  void (*shake_hash)(PermuteX8 permute, const std::uint64_t* seed, int n,
                     const std::uint64_t* address, const std::uint64_t* in, int count,
                     std::uint64_t* out);
  // node = SHAKE256(seed || address || node), then the address's hash number plus one: `steps`
  // times, in place.
  void (*shake_steps)(PermuteX8 permute, const std::uint64_t* seed, int n, std::uint64_t* address,
                      std::uint64_t* node, int steps);
  // One such step with a guest in one of the lanes, whose address and node mean nothing.
  void (*shake_step_with)(PermuteX8 permute, const std::uint64_t* seed, int n,
                          std::uint64_t* address, std::uint64_t* node, const GuestLane* guest);
  // The same with SHA-256 over the compressed address, from the state after the padded seed.
  void (*sha256_hash)(const std::uint32_t* seeded, const std::uint64_t* address,
                      const std::uint64_t* in, int count, std::uint64_t* out, int n);
  void (*sha256_steps)(const std::uint32_t* seeded, std::uint64_t* address, std::uint64_t* node,
                       int n, int steps);
  void (*sha512_hash)(const std::uint64_t* seeded, const std::uint64_t* address,
                      const std::uint64_t* in, int count, std::uint64_t* out, int n);
};

// One per kernel file; those of other processors are absent from a build.
extern const SlhKernel kernel_portable;
extern const SlhKernel kernel_avx2;
extern const SlhKernel kernel_avx512;
extern const SlhKernel kernel_neon;

}  // namespace v100::slhdsa
