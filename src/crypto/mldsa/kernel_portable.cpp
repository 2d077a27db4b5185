// The arithmetic of ML-DSA in plain C++: every target has it, and the others are tested against it.
#include <cstddef>
#include <cstdint>

#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/kernel_common.inl.h"

namespace v100::mldsa {
namespace {

using V = i32;
constexpr int lanes = 1;

inline V load(const i32* p) { return *p; }
inline void store(i32* p, V a) { *p = a; }
inline V splat(i32 a) { return a; }
inline V add(V a, V b) { return a + b; }
inline V sub(V a, V b) { return a - b; }
inline V shoup(V b, V z, V shoup_z) {
  const i32 quotient = static_cast<i32>((static_cast<i64>(b) * shoup_z) >> 32);
  return static_cast<i32>(static_cast<u32>(b) * static_cast<u32>(z) -
                          static_cast<u32>(quotient) * static_cast<u32>(q));
}
inline V canonical(V a) {
  a += (a >> 31) & q;
  a -= q;
  return a + ((a >> 31) & q);
}
[[maybe_unused]] inline void transpose(V (&)[1]) {}

struct WideSum {
  i64 sum;
  void add_product(V a, V b) { sum += static_cast<i64>(a) * b; }
  V montgomery_reduced() const {
    const i32 m = static_cast<i32>(static_cast<u32>(sum) * q_inverse);
    return static_cast<i32>((sum - static_cast<i64>(m) * q) >> 32);
  }
};

}  // namespace
}  // namespace v100::mldsa

#include "crypto/mldsa/ring.inl.h"
#include "crypto/mldsa/rounding.inl.h"

namespace v100::mldsa {

extern const MldsaKernel kernel_portable = make_kernel("portable", {});

}  // namespace v100::mldsa
