// ML-KEM arithmetic with WebAssembly SIMD128: eight coefficients in a vector.
#include <cstdint>
#include <wasm_simd128.h>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

using Vec = v128_t;
constexpr int lanes = 8;

inline Vec load(const std::int16_t* p) { return wasm_v128_load(p); }
inline void store(std::int16_t* p, Vec a) { wasm_v128_store(p, a); }
inline Vec splat(std::int16_t a) { return wasm_i16x8_splat(a); }
inline Vec add(Vec a, Vec b) { return wasm_i16x8_add(a, b); }
inline Vec sub(Vec a, Vec b) { return wasm_i16x8_sub(a, b); }
inline Vec add_wide(Vec a, Vec b) { return wasm_i32x4_add(a, b); }
inline Vec low_multiply(Vec a, Vec b) { return wasm_i16x8_mul(a, b); }
// The upper halves of the 32-bit products; SIMD128 has no instruction for them alone.
inline Vec high_multiply(Vec a, Vec b) {
  return wasm_i16x8_shuffle(wasm_i32x4_extmul_low_i16x8(a, b), wasm_i32x4_extmul_high_i16x8(a, b),
                            1, 3, 5, 7, 9, 11, 13, 15);
}
inline Vec round_multiply(Vec a, Vec b) { return wasm_i16x8_q15mulr_sat(a, b); }
inline Vec multiply_pairs(Vec a, Vec b) { return wasm_i32x4_dot_i16x8(a, b); }
inline Vec swap_pairs(Vec a) { return wasm_i16x8_shuffle(a, a, 1, 0, 3, 2, 5, 4, 7, 6); }

template <int G>
inline void exchange(Vec& a, Vec& b) {
  const Vec x = a;
  const Vec y = b;
  if constexpr (G == 4) {
    a = wasm_i64x2_shuffle(x, y, 0, 2);
    b = wasm_i64x2_shuffle(x, y, 1, 3);
  } else if constexpr (G == 2) {
    a = wasm_i32x4_shuffle(x, y, 0, 4, 2, 6);
    b = wasm_i32x4_shuffle(x, y, 1, 5, 3, 7);
  } else {
    a = wasm_i16x8_shuffle(x, y, 0, 8, 2, 10, 4, 12, 6, 14);
    b = wasm_i16x8_shuffle(x, y, 1, 9, 3, 11, 5, 13, 7, 15);
  }
}

}  // namespace
}  // namespace v100::mlkem

#include "crypto/mlkem/exchange.inl.h"
//
#include "crypto/mlkem/vector.inl.h"
//
#include "crypto/mlkem/steps.inl.h"

namespace v100::mlkem {

extern const MlkemKernel kernel_wasm{
    .name = "simd128",
    .hash_lanes = 4,
    .make_key = make_key,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .decode_12 = decode_12,
    .prepare = prepare,
    .reject = reject_scalar,
    .absorb = absorb_words<4>,
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .dot = dot,
    .cbd = cbd,
    .encode_12 = encode_12,
    .compress = compress,
    .decompress = decompress,
};

}  // namespace v100::mlkem
