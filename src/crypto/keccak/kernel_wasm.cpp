// Keccak-f[1600] with WebAssembly SIMD128: two states in the halves of a vector.
#include <cstdint>
#include <wasm_simd128.h>

#include "crypto/keccak/kernel.h"

namespace v100::keccak {
namespace {

inline v128_t xor2(v128_t a, v128_t b) { return wasm_v128_xor(a, b); }
inline v128_t xor3(v128_t a, v128_t b, v128_t c) { return xor2(xor2(a, b), c); }
inline v128_t chi(v128_t a, v128_t b, v128_t c) { return xor2(a, wasm_v128_andnot(c, b)); }
template <int N>
inline v128_t rotl(v128_t a) {
  if constexpr (N == 0) {
    return a;
  } else {
    return wasm_v128_or(wasm_i64x2_shl(a, N), wasm_u64x2_shr(a, 64 - N));
  }
}
inline void broadcast_to(v128_t& out, std::uint64_t constant) { out = wasm_u64x2_splat(constant); }
inline void load(v128_t& out, const std::uint64_t* p) { out = wasm_v128_load(p); }
inline void store(std::uint64_t* p, v128_t a) { wasm_v128_store(p, a); }

}  // namespace
}  // namespace v100::keccak

#include "crypto/keccak/permute.inl.h"

namespace v100::keccak {
namespace {

void permute_x1(std::uint64_t* words) { permute<std::uint64_t>(words, 1); }
void permute_x4(std::uint64_t* words) {
  for (int s = 0; s < 4; s += 2) {
    permute<v128_t>(words + s, 4);
  }
}
void permute_x8(std::uint64_t* words) {
  for (int s = 0; s < 8; s += 2) {
    permute<v128_t>(words + s, 8);
  }
}

void read_x4(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_words<4>(outs, words, 0, count);
}
void read_x8(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_words<8>(outs, words, 0, count);
}

void absorb_x4(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_words<4>(words, ins, counts, fresh);
}
void absorb_x8(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_words<8>(words, ins, counts, fresh);
}

}  // namespace

extern const KeccakKernel kernel_wasm{"simd128", 2,       permute_x1, permute_x4, permute_x8,
                                      read_x4,   read_x8, absorb_x4,  absorb_x8};

}  // namespace v100::keccak
