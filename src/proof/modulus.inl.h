// The field of everything here: p = 2^31 - 2^24 + 1 ("KoalaBear"), whose cube is a permutation and
// whose multiplicative group has 2^24 as a factor. Scalars that kernels share; only what is
// evaluated by the compiler may stand here, so that kernel files export nothing of it.
#pragma once

#include <cstdint>

namespace v100::proof {

inline constexpr std::uint32_t modulus = 0x7f000001;
inline constexpr std::uint32_t generator = 3;  // of the multiplicative group

// p^-1 mod 2^32, for Montgomery reduction with R = 2^32.
consteval std::uint32_t inverse_of_modulus() {
  std::uint32_t x = 1;
  for (int i = 0; i < 5; ++i) {
    x *= 2u - modulus * x;
  }
  return x;
}
inline constexpr std::uint32_t modulus_inverse = inverse_of_modulus();
static_assert(modulus * modulus_inverse == 1);

consteval std::uint32_t to_montgomery(std::uint64_t value) {
  return static_cast<std::uint32_t>(((value % modulus) << 32) % modulus);
}
inline constexpr std::uint32_t montgomery_one = to_montgomery(1);
inline constexpr std::uint32_t montgomery_r2 = to_montgomery((1ull << 32) % modulus);

}  // namespace v100::proof
