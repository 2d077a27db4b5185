// FIPS 202, section 3: Keccak-f[1600] over a vector type. The including kernel file defines, in its
// anonymous namespace, for each vector type V: xor2, xor3, chi (a ^ (~b & c)), rotl<N>, and
// broadcast_to. All loops below unroll at compile time, so that the 25 words live in registers.
#pragma once

#include "crypto/keccak/round_constants.inl.h"
#include "crypto/keccak/scalar.inl.h"

namespace v100::keccak {
namespace {

// clang-format off
// Rotation of word x + 5y (FIPS 202, table 2, modulo 64).
constexpr int rotations[25] = {
     0,  1, 62, 28, 27,
    36, 44,  6, 55, 20,
     3, 10, 43, 25, 39,
    41, 45, 15, 21,  8,
    18,  2, 61, 56, 14};
// clang-format on

// rho and pi move word (x, y) to (y, 2x + 3y): the word that lands on column X of row Y came from
// column x = X + 3Y and row y = X.
constexpr int source_column(int X, int Y) { return (X + 3 * Y) % 5; }
constexpr int source_word(int X, int Y) { return source_column(X, Y) + 5 * X; }

template <int X, int Y, class V>
inline V moved(const V (&a)[25], const V (&d)[5]) {
  constexpr int word = source_word(X, Y);
  return rotl<rotations[word]>(xor2(a[word], d[source_column(X, Y)]));
}

template <int Y, class V>
inline void row(V (&out)[25], const V (&a)[25], const V (&d)[5]) {
  const V b0 = moved<0, Y>(a, d);
  const V b1 = moved<1, Y>(a, d);
  const V b2 = moved<2, Y>(a, d);
  const V b3 = moved<3, Y>(a, d);
  const V b4 = moved<4, Y>(a, d);
  out[5 * Y + 0] = chi(b0, b1, b2);
  out[5 * Y + 1] = chi(b1, b2, b3);
  out[5 * Y + 2] = chi(b2, b3, b4);
  out[5 * Y + 3] = chi(b3, b4, b0);
  out[5 * Y + 4] = chi(b4, b0, b1);
}

template <int X, class V>
inline V parity(const V (&a)[25]) {
  return xor3(xor3(a[X], a[X + 5], a[X + 10]), a[X + 15], a[X + 20]);
}

// FIPS 202, section 3.3, Rnd(A, ir): iota(chi(pi(rho(theta(A)))))
template <class V>
inline void round(V (&out)[25], const V (&a)[25], std::uint64_t constant) {
  const V c0 = parity<0>(a);
  const V c1 = parity<1>(a);
  const V c2 = parity<2>(a);
  const V c3 = parity<3>(a);
  const V c4 = parity<4>(a);
  const V d[5] = {xor2(c4, rotl<1>(c1)), xor2(c0, rotl<1>(c2)), xor2(c1, rotl<1>(c3)),
                  xor2(c2, rotl<1>(c4)), xor2(c3, rotl<1>(c0))};
  row<0>(out, a, d);
  row<1>(out, a, d);
  row<2>(out, a, d);
  row<3>(out, a, d);
  row<4>(out, a, d);
  V rc;
  broadcast_to(rc, constant);
  out[0] = xor2(out[0], rc);
}

// `stride` is the distance of two words of one state, so that a group may be done in parts.
template <class V>
inline void permute(std::uint64_t* words, int stride) {
  V a[25];
  V b[25];
#pragma GCC unroll 25
  for (int w = 0; w < 25; ++w) {
    load(a[w], words + w * stride);
  }
  for (int r = 0; r < 24; r += 2) {
    round(b, a, round_constants[r]);
    round(a, b, round_constants[r + 1]);
  }
#pragma GCC unroll 25
  for (int w = 0; w < 25; ++w) {
    store(words + w * stride, a[w]);
  }
}

// ---- One state in 64-bit registers, of which there are too few for it: the words stay in memory,
// and the columns' parities are gathered while a round writes them, so that each is read but once.
// A tenth faster than the above, if inlined before anything else is done to it.
template <int X, int Y>
[[gnu::always_inline]] inline void finish_word(std::uint64_t (&out)[25],
                                               std::uint64_t (&parities)[5], std::uint64_t value) {
  out[X + 5 * Y] = value;
  parities[X] = Y == 0 ? value : parities[X] ^ value;
}
template <int Y>
[[gnu::always_inline]] inline void row_alone(std::uint64_t (&out)[25], const std::uint64_t (&a)[25],
                                             const std::uint64_t (&d)[5],
                                             std::uint64_t (&parities)[5], std::uint64_t constant) {
  const std::uint64_t b0 = moved<0, Y>(a, d);
  const std::uint64_t b1 = moved<1, Y>(a, d);
  const std::uint64_t b2 = moved<2, Y>(a, d);
  const std::uint64_t b3 = moved<3, Y>(a, d);
  const std::uint64_t b4 = moved<4, Y>(a, d);
  finish_word<0, Y>(out, parities, Y == 0 ? chi(b0, b1, b2) ^ constant : chi(b0, b1, b2));
  finish_word<1, Y>(out, parities, chi(b1, b2, b3));
  finish_word<2, Y>(out, parities, chi(b2, b3, b4));
  finish_word<3, Y>(out, parities, chi(b3, b4, b0));
  finish_word<4, Y>(out, parities, chi(b4, b0, b1));
}
[[gnu::always_inline]] inline void round_alone(std::uint64_t (&out)[25],
                                               const std::uint64_t (&a)[25], std::uint64_t (&c)[5],
                                               std::uint64_t constant) {
  const std::uint64_t d[5] = {c[4] ^ rotl<1>(c[1]), c[0] ^ rotl<1>(c[2]), c[1] ^ rotl<1>(c[3]),
                              c[2] ^ rotl<1>(c[4]), c[3] ^ rotl<1>(c[0])};
  row_alone<0>(out, a, d, c, constant);
  row_alone<1>(out, a, d, c, constant);
  row_alone<2>(out, a, d, c, constant);
  row_alone<3>(out, a, d, c, constant);
  row_alone<4>(out, a, d, c, constant);
}
[[maybe_unused, gnu::always_inline]] inline void permute_alone(std::uint64_t (&a)[25]) {
  std::uint64_t b[25];
  std::uint64_t c[5] = {parity<0>(a), parity<1>(a), parity<2>(a), parity<3>(a), parity<4>(a)};
  for (int r = 0; r < 24; r += 2) {
    round_alone(b, a, c, round_constants[r]);
    round_alone(a, b, c, round_constants[r + 1]);
  }
}
// The same with words `stride` apart.
[[maybe_unused]] inline void permute_alone(std::uint64_t* words, int stride) {
  std::uint64_t a[25];
  for (int w = 0; w < 25; ++w) {
    a[w] = words[w * stride];
  }
  permute_alone(a);
  for (int w = 0; w < 25; ++w) {
    words[w * stride] = a[w];
  }
}

}  // namespace
}  // namespace v100::keccak
