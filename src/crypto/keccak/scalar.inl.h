// The vector type of one lane, a plain 64-bit word, which every kernel uses for a single state, and
// the reading and absorbing of a group's words, one by one. Included by kernel files, after
// <cstdint>.
#pragma once

namespace v100::keccak {
namespace {

inline std::uint64_t xor2(std::uint64_t a, std::uint64_t b) { return a ^ b; }
inline std::uint64_t xor3(std::uint64_t a, std::uint64_t b, std::uint64_t c) { return a ^ b ^ c; }
inline std::uint64_t chi(std::uint64_t a, std::uint64_t b, std::uint64_t c) { return a ^ (~b & c); }
template <int N>
inline std::uint64_t rotl(std::uint64_t a) {
  if constexpr (N == 0) {
    return a;
  } else {
    return (a << N) | (a >> (64 - N));
  }
}
inline void broadcast_to(std::uint64_t& out, std::uint64_t constant) { out = constant; }
inline void load(std::uint64_t& out, const std::uint64_t* p) { out = *p; }
inline void store(std::uint64_t* p, std::uint64_t a) { *p = a; }

// Words first..count of the states of a group of `Width`.
template <int Width>
inline void read_words(std::uint8_t* const* outs, const std::uint64_t* words, int first,
                       int count) {
  for (int s = 0; s < Width; ++s) {
    for (int w = first; w < count; ++w) {
      const std::uint64_t word = words[w * Width + s];
      for (int i = 0; i < 8; ++i) {  // one store, once compiled
        outs[s][8 * w + i] = static_cast<std::uint8_t>(word >> (8 * i));
      }
    }
  }
}

// The kernel's way in, word by word.
template <int Width>
inline void absorb_words(std::uint64_t* words, const std::uint8_t* const* ins,
                         const std::uint8_t* counts, unsigned fresh) {
  for (int s = 0; s < Width; ++s) {
    if ((fresh >> s & 1) != 0) {
      for (int w = 0; w < 25; ++w) {
        words[w * Width + s] = 0;
      }
    }
    for (int w = 0; w < counts[s]; ++w) {
      std::uint64_t word = 0;
      for (int i = 0; i < 8; ++i) {
        word |= static_cast<std::uint64_t>(ins[s][8 * w + i]) << (8 * i);
      }
      words[w * Width + s] ^= word;
    }
  }
}

}  // namespace
}  // namespace v100::keccak
