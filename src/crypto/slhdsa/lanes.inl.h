// The hash functions of FIPS 205 §11 on eight lanes, in vectors of the compiler: each kernel file
// compiles this for its instruction set, after <cstdint>. See kernel.h for the layout.
#pragma once

#include "crypto/slhdsa/kernel.h"
#include "crypto/slhdsa/sha2.inl.h"

namespace v100::slhdsa {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using V64 = u64 __attribute__((vector_size(64)));
using V32 = u32 __attribute__((vector_size(32)));

constexpr int address_words = 4;
constexpr int node_words_max = 4;
constexpr int rate_words = 17;  // SHAKE256

inline V64* vectors(u64* words) { return reinterpret_cast<V64*>(words); }
inline const V64* vectors(const u64* words) { return reinterpret_cast<const V64*>(words); }

void put(u64* words, int lane, const u64* values, int count) {
  constexpr V64 numbers = {0, 1, 2, 3, 4, 5, 6, 7};
  const auto chosen = numbers == V64{} + static_cast<u64>(lane);
  for (int i = 0; i < count; ++i) {
    vectors(words)[i] = chosen ? V64{} + values[i] : vectors(words)[i];
  }
}

// ---- SHAKE256

constexpr u64 shake_domain = 0x1f;
constexpr u64 shake_end = u64{0x80} << 56;

void shake_hash(PermuteX8 permute, const u64* seed, int n, const u64* address, const u64* in,
                int count, u64* out) {
  alignas(64) V64 state[25];
  int at = 0;
  for (; at < n; ++at) {
    state[at] = V64{} + seed[at];
  }
  for (int i = 0; i < address_words; ++i) {
    state[at++] = vectors(address)[i];
  }
  for (int i = at; i < 25; ++i) {
    state[i] = V64{};
  }
  for (int i = 0; i < count; ++i) {
    state[at++] ^= vectors(in)[i];
    if (at == rate_words) {
      permute(reinterpret_cast<u64*>(state));
      at = 0;
    }
  }
  state[at] ^= V64{} + shake_domain;
  state[rate_words - 1] ^= V64{} + shake_end;
  permute(reinterpret_cast<u64*>(state));
  for (int i = 0; i < n; ++i) {
    vectors(out)[i] = state[i];
  }
}

// seed || address || node fits one block for every n.
template <int N>
inline __attribute__((always_inline)) void shake_block(V64 (&state)[25], const u64* seed,
                                                       const u64* address, const u64* node) {
  static_assert(2 * N + address_words < rate_words - 1);
#pragma GCC unroll 4
  for (int i = 0; i < N; ++i) {
    state[i] = V64{} + seed[i];
    state[N + address_words + i] = vectors(node)[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < address_words; ++i) {
    state[N + i] = vectors(address)[i];
  }
  state[2 * N + address_words] = V64{} + shake_domain;
#pragma GCC unroll 25
  for (int i = 2 * N + address_words + 1; i < 25; ++i) {
    state[i] = V64{};
  }
  state[rate_words - 1] = V64{} + shake_end;
}

// The hash number of an address is its last byte.
constexpr u64 shake_next = u64{1} << 56;

template <int N>
void shake_steps_of(PermuteX8 permute, const u64* seed, u64* address, u64* node, int steps) {
  alignas(64) V64 state[25];
  for (int s = 0; s < steps; ++s) {
    shake_block<N>(state, seed, address, node);
    permute(reinterpret_cast<u64*>(state));
    for (int i = 0; i < N; ++i) {
      vectors(node)[i] = state[i];
    }
    vectors(address)[address_words - 1] += shake_next;
  }
}

template <int N>
void shake_step_with_of(PermuteX8 permute, const u64* seed, u64* address, u64* node,
                        const GuestLane* guest) {
  alignas(64) V64 state[25];
  shake_block<N>(state, seed, address, node);
  u64* words = reinterpret_cast<u64*>(state);
  for (int i = 0; i < 25; ++i) {
    words[lanes * i + guest->lane] = guest->state[i];
  }
  permute(words);
  for (int i = 0; i < 25; ++i) {
    guest->state[i] = words[lanes * i + guest->lane];
  }
  for (int i = 0; i < N; ++i) {
    vectors(node)[i] = state[i];
  }
  vectors(address)[address_words - 1] += shake_next;
}

[[maybe_unused]] void shake_steps(PermuteX8 permute, const u64* seed, int n, u64* address,
                                  u64* node, int steps) {
  (n == 2   ? shake_steps_of<2>
   : n == 3 ? shake_steps_of<3>
            : shake_steps_of<4>)(permute, seed, address, node, steps);
}
void shake_step_with(PermuteX8 permute, const u64* seed, int n, u64* address, u64* node,
                     const GuestLane* guest) {
  (n == 2   ? shake_step_with_of<2>
   : n == 3 ? shake_step_with_of<3>
            : shake_step_with_of<4>)(permute, seed, address, node, guest);
}

// ---- SHA-2. The compressed address (FIPS 205 §11.2) has 22 bytes, so all that follows it stands
// two bytes off its words.

// Big-endian words of ADRSc || in || 0x80, handed out one after another; zeros after the end.
class Stream {
 public:
  Stream(const u64* address, const u64* in, int count) : in_(vectors(in)), count_(count) {
    const V64* a = vectors(address);
    const V64 layer = a[0] >> 32, type = a[2] >> 32, low = a[2] & 0xffffffffu;
    head_[0] = (layer << 56) | (a[1] >> 8);
    head_[1] = (a[1] << 56) | (type << 48) | (low << 16) | (a[3] >> 48);
    carry_ = a[3] << 16;
  }
  void next(V64& word) {
    if (at_ < 2) {
      word = head_[at_];
    } else if (at_ - 2 < count_) {
      const V64 value = in_[at_ - 2];
      word = carry_ | (value >> 48);
      carry_ = value << 16;
    } else if (at_ - 2 == count_) {
      word = carry_ | (V64{} + 0x8000u);
    } else {
      word = V64{};
    }
    ++at_;
  }

 private:
  V64 head_[2];
  V64 carry_;
  const V64* in_;
  int count_;
  int at_ = 0;
};

constexpr int compressed_address_bytes = 22;

inline __attribute__((always_inline)) void halves(V32& high, V32& low, const V64& word) {
  high = __builtin_convertvector(word >> 32, V32);
  low = __builtin_convertvector(word & 0xffffffffu, V32);
}

inline __attribute__((always_inline)) void sha256_finish(const V32 (&state)[8], u64* out, int n) {
  for (int i = 0; i < n; ++i) {
    vectors(out)[i] = (__builtin_convertvector(state[2 * i], V64) << 32) |
                      __builtin_convertvector(state[2 * i + 1], V64);
  }
}

void sha256_hash(const u32* seeded, const u64* address, const u64* in, int count, u64* out, int n) {
  V32 state[8];
  for (int i = 0; i < 8; ++i) {
    state[i] = V32{} + seeded[i];
  }
  Stream stream(address, in, count);
  const int bytes = compressed_address_bytes + 8 * count;
  const int blocks = (bytes + 1 + 8 + 63) / 64;
  for (int b = 0; b < blocks; ++b) {
    V32 w[16];
    for (int i = 0; i < 8; ++i) {
      V64 word;
      stream.next(word);
      if (b == blocks - 1 && i == 7) {
        word = V64{} + static_cast<u64>(8 * (64 + bytes));
      }
      halves(w[2 * i], w[2 * i + 1], word);
    }
    sha2_compress<Sha256Shape>(state, w);
  }
  sha256_finish(state, out, n);
}

void sha256_steps(const u32* seeded, u64* address, u64* node, int n, int steps) {
  for (int s = 0; s < steps; ++s) {
    sha256_hash(seeded, address, node, n, node, n);
    vectors(address)[address_words - 1] += 1;
  }
}

void sha512_hash(const u64* seeded, const u64* address, const u64* in, int count, u64* out, int n) {
  V64 state[8];
  for (int i = 0; i < 8; ++i) {
    state[i] = V64{} + seeded[i];
  }
  Stream stream(address, in, count);
  const int bytes = compressed_address_bytes + 8 * count;
  const int blocks = (bytes + 1 + 16 + 127) / 128;
  for (int b = 0; b < blocks; ++b) {
    V64 w[16];
    for (int i = 0; i < 16; ++i) {
      stream.next(w[i]);
    }
    if (b == blocks - 1) {
      w[15] = V64{} + static_cast<u64>(8 * (128 + bytes));
    }
    sha2_compress<Sha512Shape>(state, w);
  }
  for (int i = 0; i < n; ++i) {
    vectors(out)[i] = state[i];
  }
}

}  // namespace
}  // namespace v100::slhdsa
