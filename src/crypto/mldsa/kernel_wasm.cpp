// The arithmetic of ML-DSA with WebAssembly SIMD128: four coefficients a vector.
#include <cstddef>
#include <cstdint>
#include <wasm_simd128.h>

#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/kernel_common.inl.h"

namespace v100::mldsa {
namespace {

using V = v128_t;
constexpr int lanes = 4;

inline V load(const i32* p) { return wasm_v128_load(p); }
inline void store(i32* p, V a) { wasm_v128_store(p, a); }
inline V splat(i32 a) { return wasm_i32x4_splat(a); }
inline V add(V a, V b) { return wasm_i32x4_add(a, b); }
inline V sub(V a, V b) { return wasm_i32x4_sub(a, b); }
inline V high_halves(V low_pair, V high_pair) {
  return wasm_i32x4_shuffle(low_pair, high_pair, 1, 3, 5, 7);
}
inline V shoup(V b, V z, V shoup_z) {
  const V quotient = high_halves(wasm_i64x2_extmul_low_i32x4(b, shoup_z),
                                 wasm_i64x2_extmul_high_i32x4(b, shoup_z));
  return sub(wasm_i32x4_mul(b, z), wasm_i32x4_mul(quotient, splat(q)));
}
// As unsigned numbers, negative ones are the larger.
inline V canonical(V a) {
  const V raised = wasm_u32x4_min(a, add(a, splat(q)));
  return wasm_u32x4_min(raised, sub(raised, splat(q)));
}
inline void transpose(V (&v)[4]) {
  const V a = wasm_i32x4_shuffle(v[0], v[1], 0, 4, 1, 5);
  const V b = wasm_i32x4_shuffle(v[0], v[1], 2, 6, 3, 7);
  const V c = wasm_i32x4_shuffle(v[2], v[3], 0, 4, 1, 5);
  const V d = wasm_i32x4_shuffle(v[2], v[3], 2, 6, 3, 7);
  v[0] = wasm_i64x2_shuffle(a, c, 0, 2);
  v[1] = wasm_i64x2_shuffle(a, c, 1, 3);
  v[2] = wasm_i64x2_shuffle(b, d, 0, 2);
  v[3] = wasm_i64x2_shuffle(b, d, 1, 3);
}

struct WideSum {
  V low, high;
  void add_product(V a, V b) {
    low = wasm_i64x2_add(low, wasm_i64x2_extmul_low_i32x4(a, b));
    high = wasm_i64x2_add(high, wasm_i64x2_extmul_high_i32x4(a, b));
  }
  V montgomery_reduced() const {
    const V m = wasm_i32x4_mul(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6),
                               splat(static_cast<i32>(q_inverse)));
    const V below = wasm_i64x2_sub(low, wasm_i64x2_extmul_low_i32x4(m, splat(q)));
    const V above = wasm_i64x2_sub(high, wasm_i64x2_extmul_high_i32x4(m, splat(q)));
    return high_halves(below, above);
  }
};

}  // namespace
}  // namespace v100::mldsa

#include "crypto/mldsa/ring.inl.h"
#include "crypto/mldsa/rounding.inl.h"

namespace v100::mldsa {

extern const MldsaKernel kernel_wasm = make_kernel("simd128", {});

}  // namespace v100::mldsa
