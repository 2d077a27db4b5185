#include "he/ring64/tables.h"

#include <bit>
#include <initializer_list>

namespace v100::he {
namespace {

__extension__ typedef unsigned __int128 Wide;

std::size_t reverse_bits(std::size_t x, int bits) noexcept {
  std::size_t out = 0;
  for (int i = 0; i < bits; ++i) {
    out = (out << 1) | ((x >> i) & 1);
  }
  return out;
}

std::uint64_t shoup_quotient(std::uint64_t w, std::uint64_t q) noexcept {
  return static_cast<std::uint64_t>((static_cast<Wide>(w) << 52) / q);
}

// A root of order 2n: the least g^((q-1)/2n) over g = 2, 3, … whose n-th power is -1.
std::uint64_t find_psi(std::size_t n, std::uint64_t q) noexcept {
  for (std::uint64_t g = 2;; ++g) {
    const std::uint64_t psi = mod_power(g, (q - 1) / (2 * n), q);
    if (mod_power(psi, n, q) == q - 1) {
      return psi;
    }
  }
}

void fill_powers(std::uint64_t* roots, std::uint64_t* quotients, std::size_t n, std::uint64_t psi,
                 std::uint64_t q) noexcept {
  const int bits = std::countr_zero(n);
  std::uint64_t power = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = reverse_bits(i, bits);
    roots[at] = power;
    quotients[at] = shoup_quotient(power, q);
    power = mod_multiply(power, psi, q);
  }
}

// For each block of 64, seven (root, quotient) vector pairs; lane l of block b is group 8b + l.
void fill_lanes(std::uint64_t* lanes, const std::uint64_t* roots, const std::uint64_t* quotients,
                std::size_t n) noexcept {
  for (std::size_t group = 0; group < n / 8; ++group) {
    std::uint64_t* block = lanes + group / 8 * 112 + group % 8;
    for (std::size_t slot = 0; slot < 7; ++slot) {
      const int depth = static_cast<int>(std::bit_width(slot + 1)) - 1;
      const std::size_t index = ((n / 8 + group) << depth) + (slot + 1 - (std::size_t{1} << depth));
      block[16 * slot] = roots[index];
      block[16 * slot + 8] = quotients[index];
    }
  }
}

}  // namespace

std::uint64_t mod_multiply(std::uint64_t a, std::uint64_t b, std::uint64_t q) noexcept {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % q);
}

std::uint64_t mod_power(std::uint64_t base, std::uint64_t exponent, std::uint64_t q) noexcept {
  std::uint64_t out = 1;
  for (base %= q; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) {
      out = mod_multiply(out, base, q);
    }
    base = mod_multiply(base, base, q);
  }
  return out;
}

std::uint64_t mod_inverse(std::uint64_t a, std::uint64_t prime) noexcept {
  return mod_power(a, prime - 2, prime);
}

bool is_ntt_prime(std::uint64_t q, std::size_t n) noexcept {
  if (q < 3 || q >= (1ull << 50) || q % (2 * n) != 1) {
    return false;
  }
  // Miller-Rabin; these twelve bases decide below 3.3e24 (Sorenson, Webster 2015).
  const int s = std::countr_zero(q - 1);
  for (const unsigned base : {2u, 3u, 5u, 7u, 11u, 13u, 17u, 19u, 23u, 29u, 31u, 37u}) {
    std::uint64_t x = mod_power(base, (q - 1) >> s, q);
    bool passes = x == 1 || x == q - 1 || base % q == 0;
    for (int i = 1; i < s && !passes; ++i) {
      x = mod_multiply(x, x, q);
      passes = x == q - 1;
    }
    if (!passes) {
      return false;
    }
  }
  return true;
}

Modulus make_modulus(std::uint64_t q) noexcept {
  std::uint64_t inverse = 1;  // Newton: each step doubles the right low bits
  for (int i = 0; i < 6; ++i) {
    inverse *= 2 - q * inverse;
  }
  const unsigned bits = static_cast<unsigned>(std::bit_width(q));
  Modulus m{};
  m.q = q;
  m.q_inverse_negated = (0 - inverse) & ((1ull << 52) - 1);
  m.shift = bits > 6 ? bits - 6 : 0;
  m.reciprocal = static_cast<std::uint64_t>((static_cast<Wide>(1) << (52 + m.shift)) / q);
  return m;
}

Factor make_factor(std::uint64_t w, std::uint64_t q) noexcept {
  return {w % q, shoup_quotient(w % q, q)};
}

std::size_t table_words(std::size_t n) noexcept { return 4 * n + 2 * (n / 64 * 112); }

NttTables fill_tables(std::uint64_t* storage, std::size_t n, std::uint64_t q) noexcept {
  std::uint64_t* roots = storage;
  std::uint64_t* quotients = roots + n;
  std::uint64_t* inverse_roots = quotients + n;
  std::uint64_t* inverse_quotients = inverse_roots + n;
  std::uint64_t* lanes = inverse_quotients + n;
  std::uint64_t* inverse_lanes = lanes + n / 64 * 112;
  const std::uint64_t psi = find_psi(n, q);
  fill_powers(roots, quotients, n, psi, q);
  fill_powers(inverse_roots, inverse_quotients, n, mod_power(psi, q - 2, q), q);
  fill_lanes(lanes, roots, quotients, n);
  fill_lanes(inverse_lanes, inverse_roots, inverse_quotients, n);

  NttTables t{};
  static_cast<Modulus&>(t) = make_modulus(q);
  t.n = n;
  t.lazy = q < (1ull << 52) / 29;
  t.roots = roots;
  t.quotients = quotients;
  t.lanes = lanes;
  t.inverse_roots = inverse_roots;
  t.inverse_quotients = inverse_quotients;
  t.inverse_lanes = inverse_lanes;
  t.scale[0] = mod_power(n, q - 2, q);
  t.scale[1] = mod_multiply(t.scale[0], inverse_roots[1], q);
  t.scale_quotients[0] = shoup_quotient(t.scale[0], q);
  t.scale_quotients[1] = shoup_quotient(t.scale[1], q);
  return t;
}

}  // namespace v100::he
