// The NTT and the dot product over a vector of 16-bit lanes. The including kernel defines in its
// anonymous namespace: Vec, lanes, load, store, splat, add, sub, low_multiply, high_multiply
// (signed), multiply_pairs (32-bit sums of neighbouring products), swap_pairs (the two halves of
// each 32-bit lane), shift_right, and exchange<G>(a, b): blocks of G lanes, a0 a1 a2 a3.. and b0 b1
// b2 b3.. become a0 b0 a2 b2.. and a1 b1 a3 b3.. Exchanging twice restores.
#pragma once

#include "crypto/mlkem/field.inl.h"

namespace v100::mlkem {
namespace {

constexpr int vectors = 256 / lanes;

// A factor and its product with q^-1, which saves one multiplication in the reduction.
struct Factor {
  Vec value;
  Vec low;
};

// a * factor / 2^16 mod q; |result| < q for any 16-bit a.
inline Vec multiply(Vec a, Factor f) {
  const Vec t = low_multiply(a, f.low);
  return sub(high_multiply(a, f.value), high_multiply(t, splat(q)));
}

inline Vec barrett(Vec a) {
  const Vec t = shift_right<10>(add(high_multiply(a, splat(barrett_factor)), splat(1 << 9)));
  return sub(a, low_multiply(t, splat(q)));
}

// Factors of one layer whose blocks are narrower than a vector: lane by lane, for each pair of
// vectors, in the order in which the exchanges down to `len` leave the coefficients.
template <int Len, bool Inverse>
struct alignas(64) LaneFactors {
  std::int16_t value[128];
  std::int16_t low[128];
  constexpr LaneFactors() : value{}, low{} {
    for (int pair = 0; pair < vectors / 2; ++pair) {
      int a[lanes] = {};
      int b[lanes] = {};
      for (int i = 0; i < lanes; ++i) {
        a[i] = 2 * lanes * pair + i;
        b[i] = a[i] + lanes;
      }
      for (int g = lanes / 2; g >= Len; g /= 2) {
        for (int i = 0; i < lanes; ++i) {
          if (i / g % 2 == 1) {
            const int t = a[i];
            a[i] = b[i - g];
            b[i - g] = t;
          }
        }
      }
      for (int i = 0; i < lanes; ++i) {
        const int block = a[i] / (2 * Len);
        const int z = Inverse ? zeta_of(256 / Len - 1 - block) : zeta_of(128 / Len + block);
        value[lanes * pair + i] = montgomery(z);
        low[lanes * pair + i] = low_product(montgomery(z));
      }
    }
  }
};
template <int Len, bool Inverse>
constexpr LaneFactors<Len, Inverse> lane_factors;

struct alignas(64) Constants {
  std::int16_t zeta[128];
  std::int16_t zeta_low[128];
  // Multiplier::direct: even lanes times R^2, odd ones times gamma R^2.
  std::int16_t direct[256];
  std::int16_t direct_low[256];
  constexpr Constants() : zeta{}, zeta_low{}, direct{}, direct_low{} {
    for (int i = 0; i < 128; ++i) {
      zeta[i] = montgomery(zeta_of(i));
      zeta_low[i] = low_product(zeta[i]);
      direct[2 * i] = montgomery(r16);
      direct[2 * i + 1] = montgomery(r16 * gamma_of(i) % q);
      direct_low[2 * i] = low_product(direct[2 * i]);
      direct_low[2 * i + 1] = low_product(direct[2 * i + 1]);
    }
  }
};
constexpr Constants constants;

inline Factor splat_factor(int value, int low) {
  return {splat(static_cast<std::int16_t>(value)), splat(static_cast<std::int16_t>(low))};
}

inline void forward(Vec& a, Vec& b, Factor z) {
  const Vec t = multiply(b, z);
  b = sub(a, t);
  a = add(a, t);
}

inline void backward(Vec& a, Vec& b, Factor z) {
  const Vec t = sub(b, a);
  a = add(a, b);
  b = multiply(t, z);
}

// Layers whose blocks are whole vectors.
template <int Len>
inline void forward_wide(Vec (&v)[vectors]) {
  if constexpr (Len >= lanes) {
    constexpr int step = Len / lanes;
#pragma GCC unroll 32
    for (int i = 0; i < vectors; ++i) {
      if (i / step % 2 == 0) {
        const int z = 128 / Len + i / (2 * step);
        forward(v[i], v[i + step], splat_factor(constants.zeta[z], constants.zeta_low[z]));
      }
    }
    forward_wide<Len / 2>(v);
  }
}

template <int Len>
inline void backward_wide(Vec (&v)[vectors]) {
  if constexpr (Len <= 128) {
    constexpr int step = Len / lanes;
#pragma GCC unroll 32
    for (int i = 0; i < vectors; ++i) {
      if (i / step % 2 == 0) {
        const int z = 256 / Len - 1 - i / (2 * step);
        backward(v[i], v[i + step], splat_factor(constants.zeta[z], constants.zeta_low[z]));
        // Sums double in each layer: 8q fits in 16 bits, 16q does not.
        if constexpr (Len == 8 || Len == 64) {
          v[i] = barrett(v[i]);
        }
      }
    }
    backward_wide<Len * 2>(v);
  }
}

template <int Len>
inline void forward_narrow(Vec& a, Vec& b, int pair) {
  if constexpr (Len >= 2) {
    exchange<Len>(a, b);
    const auto& f = lane_factors<Len, false>;
    forward(a, b, {load(f.value + lanes * pair), load(f.low + lanes * pair)});
    forward_narrow<Len / 2>(a, b, pair);
    exchange<Len>(a, b);
  }
}

template <int Len>
inline void backward_narrow(Vec& a, Vec& b, int pair) {
  if constexpr (Len >= 2) {
    exchange<Len>(a, b);
    backward_narrow<Len / 2>(a, b, pair);
    const auto& f = lane_factors<Len, true>;
    backward(a, b, {load(f.value + lanes * pair), load(f.low + lanes * pair)});
    if constexpr (Len == 8) {
      a = barrett(a);
    }
    exchange<Len>(a, b);
  }
}

// FIPS 203, Algorithm 9 (NTT). Each layer adds less than q: after seven, |f| < 8q < 2^15.
inline void ntt_one(std::int16_t* f) {
  Vec v[vectors];
#pragma GCC unroll 32
  for (int i = 0; i < vectors; ++i) {
    v[i] = load(f + lanes * i);
  }
  forward_wide<128>(v);
#pragma GCC unroll 32
  for (int i = 0; i < vectors; i += 2) {
    forward_narrow<lanes / 2>(v[i], v[i + 1], i / 2);
    store(f + lanes * i, barrett(v[i]));
    store(f + lanes * (i + 1), barrett(v[i + 1]));
  }
}

// FIPS 203, Algorithm 10 (NTT^-1).
inline void inverse_ntt_one(std::int16_t* f) {
  Vec v[vectors];
#pragma GCC unroll 32
  for (int i = 0; i < vectors; i += 2) {
    v[i] = load(f + lanes * i);
    v[i + 1] = load(f + lanes * (i + 1));
    backward_narrow<lanes / 2>(v[i], v[i + 1], i / 2);
  }
  backward_wide<lanes>(v);
  const Factor last = splat_factor(inverse_128, low_product(inverse_128));
#pragma GCC unroll 32
  for (int i = 0; i < vectors; ++i) {
    store(f + lanes * i, multiply(v[i], last));
  }
}

void ntt(std::int16_t* polys, int count) {
  for (int i = 0; i < count; ++i) {
    ntt_one(polys + 256 * i);
  }
}

void inverse_ntt(std::int16_t* polys, int count) {
  for (int i = 0; i < count; ++i) {
    inverse_ntt_one(polys + 256 * i);
  }
}

void prepare(Multiplier* out, const std::int16_t* b) {
  constexpr std::int16_t r_squared = montgomery(r16);
  const Factor scale = splat_factor(r_squared, low_product(r_squared));
  for (int i = 0; i < 256; i += lanes) {
    const Vec v = load(b + i);
    store(out->direct + i,
          multiply(v, {load(constants.direct + i), load(constants.direct_low + i)}));
    store(out->crossed + i, swap_pairs(multiply(v, scale)));
  }
}

// FIPS 203, Algorithms 11 and 12. Sums stand in 32 bits (4 * 2 * q^2 < q 2^15); exchanging single
// lanes brings their low and their high halves together, which is what the reduction needs.
template <int K>
inline void dot_of(std::int16_t* out, const std::int16_t* a, const Multiplier* b) {
  for (int i = 0; i < 256; i += lanes) {
    Vec low = splat(0);
    Vec high = splat(0);
    for (int j = 0; j < K; ++j) {
      const Vec v = load(a + 256 * j + i);
      low = add_wide(low, multiply_pairs(v, load(b[j].direct + i)));
      high = add_wide(high, multiply_pairs(v, load(b[j].crossed + i)));
    }
    exchange<1>(low, high);
    const Vec t = low_multiply(low, splat(q_inverse));
    store(out + i, sub(high, high_multiply(t, splat(q))));
  }
}

void dot(std::int16_t* out, const std::int16_t* a, const Multiplier* b, int k) {
  switch (k) {
    case 2:
      return dot_of<2>(out, a, b);
    case 3:
      return dot_of<3>(out, a, b);
    default:
      return dot_of<4>(out, a, b);
  }
}

}  // namespace
}  // namespace v100::mlkem
