// Constants of Z_q and the loops that kernels share: written plainly, so that the compiler
// vectorises them with the flags of the including file. Included by kernel files only.
#pragma once

#include <cstdint>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

constexpr int q = 3329;

// Working memory that holds secrets: wiped when it goes out of scope. Not base/secret.h's, whose
// inline functions would leave this file with a kernel's instructions in them.
template <class T>
struct Scratch : T {
  Scratch() noexcept = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    __builtin_memset(static_cast<T*>(this), 0, sizeof(T));
    __asm__ volatile("" : : "r"(this) : "memory");
  }
};

constexpr int power(int base, int exponent) {
  int result = 1;
  for (int i = 0; i < exponent; ++i) {
    result = result * base % q;
  }
  return result;
}
constexpr int centered(int value) {
  const int r = (value % q + q) % q;
  return r > q / 2 ? r - q : r;
}
constexpr int bit_reverse_7(int value) {
  int result = 0;
  for (int i = 0; i < 7; ++i) {
    result |= ((value >> i) & 1) << (6 - i);
  }
  return result;
}

constexpr int r16 = 65536 % q;  // Montgomery's R
constexpr int r16_squared = r16 * r16 % q;
constexpr std::int16_t q_inverse = -3327;  // q^-1 mod 2^16
static_assert((q * q_inverse & 0xffff) == 1);

// zeta^BitRev7(i) (FIPS 203 §4.3) and gamma_i = zeta^(2 BitRev7(i) + 1), centered.
constexpr int zeta_of(int i) { return centered(power(17, bit_reverse_7(i))); }
constexpr int gamma_of(int i) { return centered(power(17, 2 * bit_reverse_7(i) + 1)); }
// A factor as Montgomery multiplication wants it: times R, so that the product keeps its domain.
constexpr std::int16_t montgomery(int value) {
  return static_cast<std::int16_t>(centered(centered(value) * r16 % q));
}
constexpr std::int16_t low_product(int value) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(value * q_inverse & 0xffff));
}
constexpr int inverse_128 = 3303;  // ends the inverse NTT
static_assert(inverse_128 * 128 % q == 1);

// Barrett: t = round(a / q) by 20159 = round(2^26 / q); |a - t q| <= (q - 1) / 2 for any int16.
constexpr int barrett_factor = ((1 << 26) + q / 2) / q;
static_assert(barrett_factor == 20159);

inline std::int16_t barrett(std::int16_t a) {
  const int t = (barrett_factor * a + (1 << 25)) >> 26;
  return static_cast<std::int16_t>(a - t * q);
}

// Compress_d(x) = round(2^d x / q) mod 2^d, as the top d bits of x * 2^32/q in 32-bit arithmetic:
// the modulus comes for free, and there is no division, whose time could depend on a secret
// (KyberSlash). The factor errs by 0.41, which moves no value of |x| <= bound across a rounding
// border; the loop below is the proof.
constexpr std::uint32_t compress_factor = 1290167;
constexpr std::uint32_t compress_half(int d) { return std::uint32_t{1} << (31 - d); }
constexpr bool compress_is_exact(int d, int bound) {
  for (int x = -bound; x <= bound; ++x) {
    const int y = x < 0 ? x + 2 * q : x;
    const int exact = ((2 * y << d) + q) / (2 * q) % (1 << d);
    const std::uint32_t product =
        static_cast<std::uint32_t>(x) * compress_factor + compress_half(d);
    if (static_cast<int>(product >> (32 - d)) != exact) {
      return false;
    }
  }
  return true;
}
// u is below the bound of kernel.h. v and w are sums with a message or a decompressed v: below 2 q.
static_assert(compress_is_exact(10, compress_bound) && compress_is_exact(11, compress_bound));
static_assert(compress_is_exact(1, 2 * q) && compress_is_exact(4, 2 * q) &&
              compress_is_exact(5, 2 * q));

}  // namespace
}  // namespace v100::mlkem
