// Large numbers for key generation, all of them of public length.
#include "crypto/falcon/bigint.h"

#include "crypto/falcon/primes.inl.h"

namespace v100::falcon {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// A limb modulo p, which is more than half of the limb's range.
u32 limb_mod(u32 limb, const Modulus& mod) { return mod.add(limb, 0); }

}  // namespace

Primes::Primes(std::size_t count) noexcept {
  // The product of all primes before, modulo each: count^2 / 2 multiplications, once a key.
  for (std::size_t i = 0; i < count; ++i) {
    mod[i] = Modulus((1u << 31) + 1 - 2048u * prime_steps[i]);
    u32 product = mod[i].one();
    for (std::size_t j = 0; j < i; ++j) {
      product = mod[i].mul(product, mod[i].enter(limb_mod(mod[j].p(), mod[i])));
    }
    inverse_before[i] = mod[i].inverse(product);
  }
}

u32 multiply_small(u32* a, std::size_t words, u32 factor) noexcept {
  u64 carry = 0;
  for (std::size_t i = 0; i < words; ++i) {
    carry += static_cast<u64>(a[i]) * factor;
    a[i] = static_cast<u32>(carry) & limb_mask;
    carry >>= limb_bits;
  }
  return static_cast<u32>(carry);
}

void reduce_limbs(const u32* a, std::size_t n, std::size_t words, const Modulus& mod,
                  u32* out) noexcept {
  const u32 shift = mod.enter(limb_mod(limb_mask, mod) + 1);  // 2^31, in Montgomery's form
  for (std::size_t j = 0; j < n; ++j) {
    // The top limb is signed: 2^31 less where its upper bit is set.
    const u32 top = a[(words - 1) * n + j];
    const u32 negative = 0u - (top >> 30);
    const u32 wrap = limb_mod(limb_mask, mod) + 1;
    out[j] = mod.sub(limb_mod(top, mod), wrap & negative);
  }
  for (std::size_t i = words - 1; i-- > 0;) {
    for (std::size_t j = 0; j < n; ++j) {
      out[j] = mod.add(mod.mul(out[j], shift), limb_mod(a[i * n + j], mod));
    }
  }
}

void join_residues(u32* a, std::size_t n, std::size_t words, const Primes& primes) noexcept {
  u32 before[primes_max] = {primes.mod[0].p()};  // product of the primes so far
  for (std::size_t i = 1; i < words; ++i) {
    const Modulus& mod = primes.mod[i];
    const u32 shift = mod.enter(limb_mod(limb_mask, mod) + 1);
    u32* const here = a + i * n;
    for (std::size_t j = 0; j < n; ++j) {
      u32 known = 0;  // what limbs 0..i-1 are modulo this prime
      for (std::size_t l = i; l-- > 0;) {
        known = mod.add(mod.mul(known, shift), limb_mod(a[l * n + j], mod));
      }
      const u32 digit = mod.mul(mod.sub(here[j], known), primes.inverse_before[i]);
      u64 carry = 0;
      for (std::size_t l = 0; l < i; ++l) {
        carry += static_cast<u64>(before[l]) * digit + a[l * n + j];
        a[l * n + j] = static_cast<u32>(carry) & limb_mask;
        carry >>= limb_bits;
      }
      here[j] = static_cast<u32>(carry);
    }
    before[i] = multiply_small(before, i, mod.p());
  }
  // Above half of the product means negative.
  for (std::size_t j = 0; j < n; ++j) {
    u32 borrow = 0;
    for (std::size_t l = 0; l < words; ++l) {
      const u32 half = (before[l] >> 1) | (l + 1 < words ? (before[l + 1] & 1) << 30 : 0);
      borrow = (half - a[l * n + j] - borrow) >> 31;
    }
    const u32 mask = 0u - borrow;
    u32 carry = 0;
    for (std::size_t l = 0; l < words; ++l) {
      const u32 difference = a[l * n + j] - (before[l] & mask) - carry;
      a[l * n + j] = difference & limb_mask;
      carry = difference >> 31;
    }
  }
}

void limbs_to_double(const u32* a, std::size_t n, std::size_t from, std::size_t window,
                     double* out) noexcept {
  for (std::size_t j = 0; j < n; ++j) {
    // From the top, which carries the sign: small negative numbers stay exact.
    const u32 top = a[(from + window - 1) * n + j];
    double value = static_cast<double>(static_cast<std::int32_t>(top << 1) >> 1);
    for (std::size_t i = from + window - 1; i-- > from;) {
      value = value * 2147483648.0 + static_cast<double>(static_cast<std::int32_t>(a[i * n + j]));
    }
    out[j] = value;
  }
}

namespace {

// Limb `at` of b * 2^shift, shift < 31, sign-extended beyond b's end.
struct ShiftedReader {
  const u32* b;
  std::size_t n, j, words;
  unsigned shift;
  u32 carry = 0;
  u32 sign;
  u32 next(std::size_t at) {
    const u32 limb = at < words ? b[at * n + j] : sign;
    const u32 out = ((limb << shift) & limb_mask) | carry;
    carry = shift == 0 ? 0 : limb >> (31 - shift);
    return out;
  }
};

}  // namespace

void subtract_shifted(u32* a, std::size_t a_words, const u32* b, std::size_t b_words, std::size_t n,
                      unsigned scale) noexcept {
  const std::size_t skip = scale / limb_bits;
  for (std::size_t j = 0; j < n; ++j) {
    const u32 sign = (0u - (b[(b_words - 1) * n + j] >> 30)) & limb_mask;
    ShiftedReader reader{b, n, j, b_words, scale % limb_bits, 0, sign};
    u32 borrow = 0;
    for (std::size_t i = skip; i < a_words; ++i) {
      const u32 difference = a[i * n + j] - reader.next(i - skip) - borrow;
      a[i * n + j] = difference & limb_mask;
      borrow = difference >> 31;
    }
  }
}

void subtract_product(u32* a, std::size_t a_words, const u32* b, std::size_t b_words,
                      const std::int32_t* k, std::size_t n, unsigned scale) noexcept {
  const std::size_t skip = scale / limb_bits;
  for (std::size_t u = 0; u < n; ++u) {
    for (std::size_t v = 0; v < n; ++v) {
      const std::size_t at = u + v < n ? u + v : u + v - n;
      const i64 factor = u + v < n ? -static_cast<i64>(k[u]) : k[u];
      const u32 sign = (0u - (b[(b_words - 1) * n + v] >> 30)) & limb_mask;
      ShiftedReader reader{b, n, v, b_words, scale % limb_bits, 0, sign};
      i64 carry = 0;
      for (std::size_t i = skip; i < a_words; ++i) {
        carry += static_cast<i64>(reader.next(i - skip)) * factor + a[i * n + at];
        a[i * n + at] = static_cast<u32>(carry) & limb_mask;
        carry >>= limb_bits;
      }
    }
  }
}

namespace {

u32 minus_if(u32* a, std::size_t words, u32 negative) {
  u32 carry = negative;
  const u32 mask = (0u - negative) & limb_mask;
  for (std::size_t i = 0; i < words; ++i) {
    const u32 limb = (a[i] ^ mask) + carry;
    a[i] = limb & limb_mask;
    carry = limb >> 31;
  }
  return negative;
}

// Factors of one round of 31 halvings: a' = (a aa + b ab) / 2^31, b' = (a ba + b bb) / 2^31.
struct Factors {
  i64 aa = 1, ab = 0, ba = 0, bb = 1;
};

// Makes a and b the absolute values of the combinations and flips factors accordingly.
void combine(u32* a, u32* b, std::size_t words, Factors& f) {
  i64 carry_a = 0, carry_b = 0;
  for (std::size_t i = 0; i < words; ++i) {
    const i64 wa = a[i], wb = b[i];
    const i64 za = wa * f.aa + wb * f.ab + carry_a;
    const i64 zb = wa * f.ba + wb * f.bb + carry_b;
    if (i > 0) {
      a[i - 1] = static_cast<u32>(za) & limb_mask;
      b[i - 1] = static_cast<u32>(zb) & limb_mask;
    }
    carry_a = za >> limb_bits;
    carry_b = zb >> limb_bits;
  }
  a[words - 1] = static_cast<u32>(carry_a) & limb_mask;
  b[words - 1] = static_cast<u32>(carry_b) & limb_mask;
  const i64 flip_a =
      -static_cast<i64>(minus_if(a, words, static_cast<u32>(static_cast<u64>(carry_a) >> 63)));
  const i64 flip_b =
      -static_cast<i64>(minus_if(b, words, static_cast<u32>(static_cast<u64>(carry_b) >> 63)));
  f.aa = (f.aa ^ flip_a) - flip_a;
  f.ab = (f.ab ^ flip_a) - flip_a;
  f.ba = (f.ba ^ flip_b) - flip_b;
  f.bb = (f.bb ^ flip_b) - flip_b;
}

// Into 0..m from -m..2m, where the sign is that of the carry's top.
void into_range(u32* a, std::size_t words, const u32* m, u32 negative) {
  u32 borrow = 0;
  for (std::size_t i = 0; i < words; ++i) {
    borrow = (a[i] - m[i] - borrow) >> 31;
  }
  // Negative: add m. Not below m: subtract it.
  const u32 flip = (0u - negative) & limb_mask;
  const u32 use = 0u - (negative | (1u - borrow));
  u32 carry = negative;
  for (std::size_t i = 0; i < words; ++i) {
    const u32 limb = a[i] - (((m[i] ^ flip) & use) & limb_mask) - carry;
    a[i] = limb & limb_mask;
    carry = limb >> 31;
  }
}

// The same combination of a and b modulo m, whose -1/m mod 2^31 is given.
void combine_modulo(u32* a, u32* b, std::size_t words, const u32* m, u32 m_inverse,
                    const Factors& f) {
  const auto multiple = [&](i64 fa, i64 fb) {
    return static_cast<i64>(
        ((a[0] * static_cast<u32>(fa) + b[0] * static_cast<u32>(fb)) * m_inverse) & limb_mask);
  };
  const i64 ma = multiple(f.aa, f.ab), mb = multiple(f.ba, f.bb);
  i64 carry_a = 0, carry_b = 0;
  for (std::size_t i = 0; i < words; ++i) {
    const i64 wa = a[i], wb = b[i], wm = m[i];
    const i64 za = wa * f.aa + wb * f.ab + wm * ma + carry_a;
    const i64 zb = wa * f.ba + wb * f.bb + wm * mb + carry_b;
    if (i > 0) {
      a[i - 1] = static_cast<u32>(za) & limb_mask;
      b[i - 1] = static_cast<u32>(zb) & limb_mask;
    }
    carry_a = za >> limb_bits;
    carry_b = zb >> limb_bits;
  }
  a[words - 1] = static_cast<u32>(carry_a) & limb_mask;
  b[words - 1] = static_cast<u32>(carry_b) & limb_mask;
  into_range(a, words, m, static_cast<u32>(static_cast<u64>(carry_a) >> 63));
  into_range(b, words, m, static_cast<u32>(static_cast<u64>(carry_b) >> 63));
}

u32 minus_inverse_of(u32 odd) {
  u32 inverse = odd;
  for (int i = 0; i < 4; ++i) {
    inverse *= 2 - odd * inverse;
  }
  return (0u - inverse) & limb_mask;
}

// The upper 62 bits of the two numbers, cut at the same place, and their lowest limbs.
struct Ends {
  u64 a_high, b_high;
  u32 a_low, b_low;
  Ends(const u32* a, const u32* b, std::size_t words) : a_low(a[0]), b_low(b[0]) {
    u32 still0 = 0xffffffff, still1 = 0xffffffff;  // no top limb, no second limb found yet
    u32 a0 = 0, a1 = 0, b0 = 0, b1 = 0;
    for (std::size_t i = words; i-- > 0;) {
      a0 ^= (a0 ^ a[i]) & still0;
      a1 ^= (a1 ^ a[i]) & still1;
      b0 ^= (b0 ^ b[i]) & still0;
      b1 ^= (b1 ^ b[i]) & still1;
      still1 = still0;
      still0 &= (((a[i] | b[i]) + limb_mask) >> 31) - 1;
    }
    // Only one limb: it is the second one.
    a1 |= a0 & still1;
    b1 |= b0 & still1;
    a0 &= ~still1;
    b0 &= ~still1;
    a_high = (static_cast<u64>(a0) << limb_bits) + a1;
    b_high = (static_cast<u64>(b0) << limb_bits) + b1;
  }
};

// 31 steps of the binary algorithm on the ends: subtract the smaller one if both are odd, halve the
// even one. Instead of halving one the other's factors are doubled.
Factors halve_31_times(Ends e) {
  Factors f;
  for (int i = 0; i < 31; ++i) {
    const u64 above = (e.b_high - e.a_high) >> 63;  // a > b, both below 2^62
    const u64 a_odd = (e.a_low >> i) & 1, b_odd = (e.b_low >> i) & 1;
    const u64 from_a = a_odd & b_odd & above;
    const u64 from_b = a_odd & b_odd & (above ^ 1);
    const u64 halve_a = from_a | (a_odd ^ 1);
    const u64 ma = 0 - from_a, mb = 0 - from_b, ha = 0 - halve_a;
    e.a_low -= e.b_low & static_cast<u32>(ma);
    e.a_high -= e.b_high & ma;
    f.aa -= f.ba & static_cast<i64>(ma);
    f.ab -= f.bb & static_cast<i64>(ma);
    e.b_low -= e.a_low & static_cast<u32>(mb);
    e.b_high -= e.a_high & mb;
    f.ba -= f.aa & static_cast<i64>(mb);
    f.bb -= f.ab & static_cast<i64>(mb);
    e.a_low += e.a_low & ~static_cast<u32>(ha);
    f.aa += f.aa & ~static_cast<i64>(ha);
    f.ab += f.ab & ~static_cast<i64>(ha);
    e.a_high ^= (e.a_high ^ (e.a_high >> 1)) & ha;
    e.b_low += e.b_low & static_cast<u32>(ha);
    f.ba += f.ba & static_cast<i64>(ha);
    f.bb += f.bb & static_cast<i64>(ha);
    e.b_high ^= (e.b_high ^ (e.b_high >> 1)) & ~ha;
  }
  return f;
}

}  // namespace

// After "Optimized Binary GCD for Modular Inversion" (ePrint 2020/972): a = x u - y v and
// b = x u1 - y v1 hold throughout; each round takes 31 bits off a and b together.
u32 bezout(const u32* x, const u32* y, std::size_t words, u32* u, u32* v, u32* scratch) noexcept {
  u32* a = scratch;
  u32* b = a + words;
  u32* u1 = b + words;
  u32* v1 = u1 + words;
  for (std::size_t i = 0; i < words; ++i) {
    a[i] = x[i];
    b[i] = u1[i] = y[i];
    v1[i] = x[i];
    u[i] = v[i] = 0;
  }
  u[0] = 1;
  v1[0] -= 1;  // x is odd, or the result does not count
  const u32 x_inverse = minus_inverse_of(x[0]), y_inverse = minus_inverse_of(y[0]);
  for (std::size_t round = 0; round < 2 * words + 2; ++round) {
    Factors f = halve_31_times(Ends(a, b, words));
    combine(a, b, words, f);
    combine_modulo(u, u1, words, y, y_inverse, f);
    combine_modulo(v, v1, words, x, x_inverse, f);
  }
  u32 rest = a[0] ^ 1;
  for (std::size_t i = 1; i < words; ++i) {
    rest |= a[i];
  }
  return (1 - ((rest | (0u - rest)) >> 31)) & x[0] & y[0];
}

}  // namespace v100::falcon
