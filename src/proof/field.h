// Scalars: Fp (in Montgomery form) and its extension K = Fp[w] / (w^6 + w^3 + 1), 186 bits. The
// polynomial is the ninth cyclotomic one, irreducible as p = 2 generates the units modulo 9: so
// w^9 = 1, and the Frobenius map is w -> w^2. No branch and no index depends on a value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "proof/modulus.inl.h"

namespace v100::proof {

static_assert(modulus % 9 == 2);

// x < p * 2^32
constexpr std::uint32_t montgomery_reduce(std::uint64_t x) noexcept {
  const std::uint32_t q = static_cast<std::uint32_t>(x) * modulus_inverse;
  const std::uint32_t d = static_cast<std::uint32_t>(x >> 32) -
                          static_cast<std::uint32_t>((std::uint64_t{q} * modulus) >> 32);
  return d + (modulus & (0u - (d >> 31)));
}

struct Fp {
  std::uint32_t word = 0;  // value * 2^32 mod p

  static constexpr Fp of(std::uint32_t value) noexcept {  // any 32-bit number, modulo p
    return {montgomery_reduce(std::uint64_t{montgomery_r2} * value)};
  }
  constexpr std::uint32_t value() const noexcept { return montgomery_reduce(word); }
  friend constexpr bool operator==(Fp, Fp) noexcept = default;
};

constexpr Fp sub(Fp a, Fp b) noexcept {
  const std::uint32_t d = a.word - b.word;
  return {d + (modulus & (0u - (d >> 31)))};
}
constexpr Fp add(Fp a, Fp b) noexcept { return sub(a, {modulus - b.word}); }
constexpr Fp mul(Fp a, Fp b) noexcept {
  return {montgomery_reduce(std::uint64_t{a.word} * b.word)};
}
constexpr Fp scale(Fp a, std::uint32_t constant) noexcept { return mul(a, {constant}); }
constexpr Fp offset(Fp a, std::uint32_t constant) noexcept { return add(a, {constant}); }
constexpr Fp power(Fp base, std::uint64_t exponent) noexcept {
  Fp out{montgomery_one};
  for (; exponent != 0; exponent >>= 1, base = mul(base, base)) {
    if ((exponent & 1) != 0) {
      out = mul(out, base);
    }
  }
  return out;
}
constexpr Fp inverse(Fp a) noexcept { return power(a, modulus - 2); }

// A root of unity of order 2^log, log <= 24.
constexpr Fp root_of_unity(unsigned log) noexcept {
  return power(Fp::of(generator), (modulus - 1) >> log);
}

inline constexpr std::size_t extension = 6;

struct Fe {
  Fp c[extension] = {};  // c[0] + c[1] w + ... + c[5] w^5

  static constexpr Fe one() noexcept { return Fe{{{montgomery_one}, {}, {}, {}, {}, {}}}; }
  static constexpr Fe of(Fp x) noexcept { return Fe{{x, {}, {}, {}, {}, {}}}; }
  friend constexpr bool operator==(const Fe&, const Fe&) noexcept = default;
};

constexpr Fe add(const Fe& a, const Fe& b) noexcept {
  Fe out;
  for (std::size_t i = 0; i < extension; ++i) {
    out.c[i] = add(a.c[i], b.c[i]);
  }
  return out;
}
constexpr Fe sub(const Fe& a, const Fe& b) noexcept {
  Fe out;
  for (std::size_t i = 0; i < extension; ++i) {
    out.c[i] = sub(a.c[i], b.c[i]);
  }
  return out;
}
constexpr Fe scale(const Fe& a, Fp by) noexcept {
  Fe out;
  for (std::size_t i = 0; i < extension; ++i) {
    out.c[i] = mul(a.c[i], by);
  }
  return out;
}
constexpr Fe scale(const Fe& a, std::uint32_t constant) noexcept { return scale(a, Fp{constant}); }
constexpr Fe offset(Fe a, std::uint32_t constant) noexcept {
  a.c[0] = add(a.c[0], {constant});
  return a;
}
constexpr Fe mul(const Fe& a, const Fe& b) noexcept {
  constexpr std::uint64_t wrap = std::uint64_t{modulus} << 32;
  std::uint64_t sums[11] = {};
  for (std::size_t i = 0; i < extension; ++i) {
    for (std::size_t j = 0; j < extension; ++j) {
      // Below wrap + p^2 < 2^64 before the subtraction, below wrap after it.
      const std::uint64_t sum = sums[i + j] + std::uint64_t{a.c[i].word} * b.c[j].word;
      sums[i + j] = sum - (sum >= wrap ? wrap : 0);
    }
  }
  Fp d[11];
  for (std::size_t i = 0; i < 11; ++i) {
    d[i] = {montgomery_reduce(sums[i])};
  }
  // w^6 = -w^3 - 1, w^7 = -w^4 - w, w^8 = -w^5 - w^2, w^9 = 1, w^10 = w
  return Fe{{add(sub(d[0], d[6]), d[9]), add(sub(d[1], d[7]), d[10]), sub(d[2], d[8]),
             sub(d[3], d[6]), sub(d[4], d[7]), sub(d[5], d[8])}};
}

// a^p
constexpr Fe frobenius(const Fe& a) noexcept {
  // w^(2i) for i = 0..5: 1, w^2, w^4, w^6 = -1 - w^3, w^8 = -w^2 - w^5, w^10 = w
  return Fe{{sub(a.c[0], a.c[3]), a.c[5], sub(a.c[1], a.c[4]), sub(Fp{}, a.c[3]), a.c[2],
             sub(Fp{}, a.c[4])}};
}
// 0 for 0.
constexpr Fe inverse(const Fe& a) noexcept {
  Fe conjugate = frobenius(a);
  Fe rest = conjugate;
  for (int i = 0; i < 4; ++i) {
    conjugate = frobenius(conjugate);
    rest = mul(rest, conjugate);
  }
  return scale(rest, inverse(mul(a, rest).c[0]));
}
constexpr Fe power(Fe base, std::uint64_t exponent) noexcept {
  Fe out = Fe::one();
  for (; exponent != 0; exponent >>= 1, base = mul(base, base)) {
    if ((exponent & 1) != 0) {
      out = mul(out, base);
    }
  }
  return out;
}

inline constexpr std::size_t element_bytes = 4;
inline constexpr std::size_t extension_bytes = extension * element_bytes;

inline Fe from_canonical(const std::uint32_t* values) noexcept {
  Fe out;
  for (std::size_t i = 0; i < extension; ++i) {
    out.c[i] = Fp::of(values[i]);
  }
  return out;
}
inline void store_element(std::uint8_t* out, const Fe& value) noexcept {
  for (std::size_t i = 0; i < extension; ++i) {
    store_le(out + element_bytes * i, value.c[i].value());
  }
}
inline Fe load_element(const std::uint8_t* in) noexcept {
  Fe out;
  for (std::size_t i = 0; i < extension; ++i) {
    out.c[i] = Fp::of(load_le<std::uint32_t>(in + element_bytes * i));
  }
  return out;
}
// Whether all are below p: each value has one encoding.
inline bool canonical(Bytes elements) noexcept {
  bool good = elements.size() % element_bytes == 0;
  for (std::size_t at = 0; at + element_bytes <= elements.size(); at += element_bytes) {
    good &= load_le<std::uint32_t>(elements.data() + at) < modulus;
  }
  return good;
}

}  // namespace v100::proof
