// Keccak-f[1600] with AArch64's NEON: two states in the halves of a register.
#include <arm_neon.h>
#include <cstdint>

#include "crypto/keccak/kernel.h"

namespace v100::keccak {
namespace {

using V = uint64x2_t;

inline V xor2(V a, V b) { return veorq_u64(a, b); }
inline V xor3(V a, V b, V c) { return xor2(xor2(a, b), c); }
inline V chi(V a, V b, V c) { return veorq_u64(a, vbicq_u64(c, b)); }
// A shift left and a shift right that inserts.
template <int N>
inline V rotl(V a) {
  if constexpr (N == 0) {
    return a;
  } else {
    return vsriq_n_u64(vshlq_n_u64(a, N), a, 64 - N);
  }
}
inline void broadcast_to(V& out, std::uint64_t constant) { out = vdupq_n_u64(constant); }
inline void load(V& out, const std::uint64_t* p) { out = vld1q_u64(p); }
inline void store(std::uint64_t* p, V a) { vst1q_u64(p, a); }

}  // namespace
}  // namespace v100::keccak

#include "crypto/keccak/permute.inl.h"
// the rest is common to both NEON kernels
#include "crypto/keccak/group_neon.inl.h"

namespace v100::keccak {
namespace {

void permute_x4(std::uint64_t* words) {
  for (int s = 0; s < 4; s += 2) {
    permute<V>(words + s, 4);
  }
}
void permute_x8(std::uint64_t* words) {
  for (int s = 0; s < 8; s += 2) {
    permute<V>(words + s, 8);
  }
}

}  // namespace

extern const KeccakKernel kernel_neon{"neon",  2,       permute_x1, permute_x4, permute_x8,
                                      read_x4, read_x8, absorb_x4,  absorb_x8};

}  // namespace v100::keccak
