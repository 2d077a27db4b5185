// Poseidon2 (eprint 2023/323, section 6) of width 16 over any type V that has add, sub, mul, scale
// (by a Montgomery constant) and offset (adds one). One body is the hash, the trace and the
// constraints: `pin(column, value)` is called for every value that stands in a column of the trace
// and gives the value to go on with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proof/columns.h"
#include "proof/modulus.inl.h"
#include "proof/round_constants.inl.h"

namespace v100::proof {
namespace {

struct Poseidon2Tables {
  std::uint32_t first[64];
  std::uint32_t partial[20];
  std::uint32_t last[64];
  std::uint32_t half, over_8, over_16, over_256, over_2_24;
};
consteval Poseidon2Tables poseidon2_tables() {
  Poseidon2Tables t{};
  for (int i = 0; i < 64; ++i) {
    t.first[i] = to_montgomery(round_constants_first[i]);
    t.last[i] = to_montgomery(round_constants_last[i]);
  }
  for (int i = 0; i < 20; ++i) {
    t.partial[i] = to_montgomery(round_constants_partial[i]);
  }
  // p - 1 = 127 * 2^24, so that -1/2^n = (p - 1) / 2^n.
  t.half = to_montgomery(modulus - ((modulus - 1) >> 1));
  t.over_8 = to_montgomery(modulus - ((modulus - 1) >> 3));
  t.over_16 = to_montgomery(modulus - ((modulus - 1) >> 4));
  t.over_256 = to_montgomery(modulus - ((modulus - 1) >> 8));
  t.over_2_24 = to_montgomery(modulus - ((modulus - 1) >> 24));
  return t;
}
constexpr Poseidon2Tables poseidon2_constants = poseidon2_tables();

template <class V>
inline V twice(const V& a) {
  return add(a, a);
}
template <class V>
inline V cube(const V& a) {
  return mul(mul(a, a), a);
}

// M_E = circ(2 M4, M4, M4, M4) with M4 = circ(2, 3, 1, 1).
template <class V>
inline void external_layer(V (&s)[16]) {
  for (int b = 0; b < 16; b += 4) {
    const V left = add(s[b], s[b + 1]);
    const V right = add(s[b + 2], s[b + 3]);
    const V all = add(left, right);
    const V upper = add(all, s[b + 1]);
    const V lower = add(all, s[b + 3]);
    const V y1 = add(upper, twice(s[b + 2]));
    const V y3 = add(lower, twice(s[b]));
    s[b] = add(upper, left);
    s[b + 1] = y1;
    s[b + 2] = add(lower, right);
    s[b + 3] = y3;
  }
  for (int i = 0; i < 4; ++i) {
    const V sum = add(add(s[i], s[i + 4]), add(s[i + 8], s[i + 12]));
    for (int b = 0; b < 16; b += 4) {
      s[b + i] = add(s[b + i], sum);
    }
  }
}

// M_I = all ones + diag(-2, 1, 2, 1/2, 3, 4, -1/2, -3, -4, 1/2^8, 1/8, 1/2^24, -1/2^8, -1/8, -1/16,
// -1/2^24).
template <class V>
inline void internal_layer(V (&s)[16]) {
  constexpr const Poseidon2Tables& t = poseidon2_constants;
  // A tree of additions: the chain of partial rounds is what takes the time.
  const V low = add(add(add(s[1], s[2]), add(s[3], s[4])), add(add(s[5], s[6]), s[7]));
  const V high =
      add(add(add(s[8], s[9]), add(s[10], s[11])), add(add(s[12], s[13]), add(s[14], s[15])));
  const V part = add(low, high);
  const V sum = add(part, s[0]);
  s[0] = sub(part, s[0]);
  s[1] = add(sum, s[1]);
  s[2] = add(sum, twice(s[2]));
  s[3] = add(sum, scale(s[3], t.half));
  s[4] = add(sum, add(twice(s[4]), s[4]));
  s[5] = add(sum, twice(twice(s[5])));
  s[6] = sub(sum, scale(s[6], t.half));
  s[7] = sub(sum, add(twice(s[7]), s[7]));
  s[8] = sub(sum, twice(twice(s[8])));
  s[9] = add(sum, scale(s[9], t.over_256));
  s[10] = add(sum, scale(s[10], t.over_8));
  s[11] = add(sum, scale(s[11], t.over_2_24));
  s[12] = sub(sum, scale(s[12], t.over_256));
  s[13] = sub(sum, scale(s[13], t.over_8));
  s[14] = sub(sum, scale(s[14], t.over_16));
  s[15] = sub(sum, scale(s[15], t.over_2_24));
}

template <class V>
inline void full_round(V (&s)[16], const std::uint32_t* round_constants) {
  for (int i = 0; i < 16; ++i) {
    s[i] = cube(offset(s[i], round_constants[i]));
  }
  external_layer(s);
}

// The compression Tr_8(P(x) + x) (same paper, section 3.1), its digest pinned to col_digest.
template <class V, class Pin>
inline void compress_pinned(V (&s)[16], Pin&& pin) {
  constexpr const Poseidon2Tables& t = poseidon2_constants;
  V in[8];
  for (int i = 0; i < 8; ++i) {
    in[i] = s[i];
  }
  external_layer(s);
  for (std::size_t r = 0; r < 4; ++r) {
    full_round(s, t.first + 16 * r);
    for (std::size_t i = 0; i < 16; ++i) {
      s[i] = pin(col_first + 16 * r + i, s[i]);
    }
  }
  for (std::size_t r = 0; r < 20; ++r) {
    s[0] = pin(col_partial + r, cube(offset(s[0], t.partial[r])));
    internal_layer(s);
  }
  for (std::size_t r = 0; r < 3; ++r) {
    full_round(s, t.last + 16 * r);
    for (std::size_t i = 0; i < 16; ++i) {
      s[i] = pin(col_last + 16 * r + i, s[i]);
    }
  }
  full_round(s, t.last + 48);
  for (std::size_t i = 0; i < 8; ++i) {
    s[i] = pin(col_digest + i, add(s[i], in[i]));
  }
}

}  // namespace
}  // namespace v100::proof
