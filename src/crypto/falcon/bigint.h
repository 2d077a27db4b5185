// Polynomials with large coefficients, for solving the NTRU equation: no branch and no index
// depends on values. Not a front door.
//
// A polynomial of n coefficients of `words` limbs lies limb by limb: limb i of coefficient j is
// a[i * n + j], 31 bits a limb, two's complement over all limbs. In residue form a[i * n + j] is
// the coefficient modulo the i-th prime.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/falcon/modular.h"

namespace v100::falcon {

inline constexpr std::uint32_t limb_mask = 0x7fffffff;
inline constexpr int limb_bits = 31;
inline constexpr std::size_t primes_max = 312;

// The primes of residue forms and what joining residues takes.
struct Primes {
  Modulus mod[primes_max];
  // 1 / (product of the primes before), in Montgomery's form.
  std::uint32_t inverse_before[primes_max];
  explicit Primes(std::size_t count) noexcept;
};

// Residue form to limbs, in place; numbers are taken from -M/2..M/2, M the product of the primes.
void join_residues(std::uint32_t* a, std::size_t n, std::size_t words,
                   const Primes& primes) noexcept;
// Limbs modulo one prime.
void reduce_limbs(const std::uint32_t* a, std::size_t n, std::size_t words, const Modulus& mod,
                  std::uint32_t* out) noexcept;
// The `window` limbs from limb `from` on, as a double each, in units of the lowest of them.
void limbs_to_double(const std::uint32_t* a, std::size_t n, std::size_t from, std::size_t window,
                     double* out) noexcept;
// a -= b * 2^scale over coefficients of `a_words` and `b_words` limbs.
void subtract_shifted(std::uint32_t* a, std::size_t a_words, const std::uint32_t* b,
                      std::size_t b_words, std::size_t n, unsigned scale) noexcept;
// a -= k b X^0 * 2^scale modulo X^n + 1, coefficient by coefficient: for small n.
void subtract_product(std::uint32_t* a, std::size_t a_words, const std::uint32_t* b,
                      std::size_t b_words, const std::int32_t* k, std::size_t n,
                      unsigned scale) noexcept;

// x u - y v = 1, 0 <= u <= y, 0 <= v <= x, for positive x, y of `words` limbs. Returns 1, or 0 if
// there is no such pair or one of x, y is even. scratch: 4 * words.
std::uint32_t bezout(const std::uint32_t* x, const std::uint32_t* y, std::size_t words,
                     std::uint32_t* u, std::uint32_t* v, std::uint32_t* scratch) noexcept;
// a *= factor; the carry out of the top limb.
std::uint32_t multiply_small(std::uint32_t* a, std::size_t words, std::uint32_t factor) noexcept;

}  // namespace v100::falcon
