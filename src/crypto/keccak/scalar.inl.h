// The vector type of one lane, a plain 64-bit word: what every kernel uses for a single state.
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

}  // namespace
}  // namespace v100::keccak
