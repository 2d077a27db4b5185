// Keccak-f[1600] with the SHA-3 instructions of Armv8.2 (FEAT_SHA3): two states in the halves of a
// register; a round is 66 instructions, for EOR3 adds three, RAX1 is all of theta's D, XAR adds and
// rotates, BCAX is chi.
#include <arm_neon.h>
#include <cstdint>

#include "crypto/keccak/kernel.h"
#include "crypto/keccak/permute.inl.h"
// the rest is common to both NEON kernels
#include "crypto/keccak/group_neon.inl.h"

namespace v100::keccak {
namespace {

using V = uint64x2_t;

template <int X>
inline V column(const V (&a)[25]) {
  return veor3q_u64(veor3q_u64(a[X], a[X + 5], a[X + 10]), a[X + 15], a[X + 20]);
}

template <int X, int Y>
inline V moved_pair(const V (&a)[25], const V (&d)[5]) {
  constexpr int word = source_word(X, Y);
  constexpr int right = (64 - rotations[word]) % 64;
  return vxarq_u64(a[word], d[source_column(X, Y)], right);
}

template <int Y>
inline void row_pair(V (&out)[25], const V (&a)[25], const V (&d)[5]) {
  const V b0 = moved_pair<0, Y>(a, d);
  const V b1 = moved_pair<1, Y>(a, d);
  const V b2 = moved_pair<2, Y>(a, d);
  const V b3 = moved_pair<3, Y>(a, d);
  const V b4 = moved_pair<4, Y>(a, d);
  out[5 * Y + 0] = vbcaxq_u64(b0, b2, b1);
  out[5 * Y + 1] = vbcaxq_u64(b1, b3, b2);
  out[5 * Y + 2] = vbcaxq_u64(b2, b4, b3);
  out[5 * Y + 3] = vbcaxq_u64(b3, b0, b4);
  out[5 * Y + 4] = vbcaxq_u64(b4, b1, b0);
}

// FIPS 202, section 3.3, Rnd(A, ir): iota(chi(pi(rho(theta(A)))))
inline void round_pair(V (&out)[25], const V (&a)[25], std::uint64_t constant) {
  const V c0 = column<0>(a);
  const V c1 = column<1>(a);
  const V c2 = column<2>(a);
  const V c3 = column<3>(a);
  const V c4 = column<4>(a);
  const V d[5] = {vrax1q_u64(c4, c1), vrax1q_u64(c0, c2), vrax1q_u64(c1, c3), vrax1q_u64(c2, c4),
                  vrax1q_u64(c3, c0)};
  row_pair<0>(out, a, d);
  row_pair<1>(out, a, d);
  row_pair<2>(out, a, d);
  row_pair<3>(out, a, d);
  row_pair<4>(out, a, d);
  out[0] = veorq_u64(out[0], vdupq_n_u64(constant));
}

inline void permute_pair(std::uint64_t* words, int stride) {
  V a[25];
  V b[25];
#pragma GCC unroll 25
  for (int w = 0; w < 25; ++w) {
    a[w] = vld1q_u64(words + w * stride);
  }
  for (int r = 0; r < 24; r += 2) {
    round_pair(b, a, round_constants[r]);
    round_pair(a, b, round_constants[r + 1]);
  }
#pragma GCC unroll 25
  for (int w = 0; w < 25; ++w) {
    vst1q_u64(words + w * stride, a[w]);
  }
}

void permute_x4(std::uint64_t* words) {
  for (int s = 0; s < 4; s += 2) {
    permute_pair(words + s, 4);
  }
}
void permute_x8(std::uint64_t* words) {
  for (int s = 0; s < 8; s += 2) {
    permute_pair(words + s, 8);
  }
}

}  // namespace

extern const KeccakKernel kernel_neon_sha3{"neon-sha3", 2,       permute_x1, permute_x4, permute_x8,
                                           read_x4,     read_x8, absorb_x4,  absorb_x8};

}  // namespace v100::keccak
