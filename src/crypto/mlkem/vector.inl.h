// The NTT and the dot product over a vector of 16-bit lanes. The including kernel defines in its
// anonymous namespace: Vec, lanes, load, store, splat, add, sub, low_multiply, high_multiply
// (signed), round_multiply ((a b + 2^14) / 2^15), multiply_pairs (32-bit sums of neighbouring
// products), swap_pairs (the two halves of each 32-bit lane), and exchange<G>(a, b): blocks of G
// lanes, a0 a1 a2 a3.. and b0 b1 b2 b3.. become a0 b0 a2 b2.. and a1 b1 a3 b3.. Exchanging twice
// restores. Also arrange(a, b): all exchanges from lanes/2 down to 2 in one, and restore(a, b), the
// way back.
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

// high(a b) - high(c d). A kernel that has something shorter defines it for Vec itself, which is
// then preferred.
template <class T>
inline T high_difference(T a, T b, T c, T d) {
  return sub(high_multiply(a, b), high_multiply(c, d));
}

// a * factor / 2^16 mod q; |result| < q for any 16-bit a.
inline Vec multiply(Vec a, Factor f) {
  return high_difference(a, f.value, low_multiply(a, f.low), splat(q));
}

// 10 / 2^15 stands for 1 / q and is 1.6 % too much: what is left of |a| <= x q is at most
// (0.5 + 0.016 x) q.
inline Vec barrett(Vec a) { return sub(a, low_multiply(round_multiply(a, splat(10)), splat(q))); }

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

// `work` on one or two polynomials.
template <int N, class Work>
[[gnu::always_inline]] inline void each(const Work& work) {
  static_assert(N == 1 || N == 2);
  work(0);
  if constexpr (N == 2) {
    work(1);
  }
}

// Bounds, in units of q, are carried through the layers as numbers: what a multiplication leaves
// of |a| <= x, and what 16 bits hold.
constexpr double after_multiply(double x) { return x * (q / 2) / 65536 + 0.5; }
constexpr double fits = 32767.0 / q;
constexpr double after_barrett = 0.5 + 0.016 * fits;

// Layers whose blocks are whole vectors. N polynomials go through in step: one alone has too few
// independent products to fill the multipliers.
template <int Len, int N>
inline void forward_wide(Vec (&v)[N][vectors]) {
  if constexpr (Len >= lanes) {
    constexpr int step = Len / lanes;
#pragma GCC unroll 32
    for (int i = 0; i < vectors; ++i) {
      if (i / step % 2 == 0) {
        const int z = 128 / Len + i / (2 * step);
        const Factor f = splat_factor(constants.zeta[z], constants.zeta_low[z]);
        each<N>([&](int n) __attribute__((always_inline)) { forward(v[n][i], v[n][i + step], f); });
      }
    }
    forward_wide<Len / 2>(v);
  }
}

// Which vectors of the inverse NTT are reduced after layer Len: after 8 all sums, after 64 those
// whose sums would not survive the next layer: sums of sums of sums.
template <int Len>
constexpr bool reduced_after(int i) {
  return Len == 8 || (Len == 64 && i % (vectors / 2) < vectors / 8);
}

template <int Len, int N>
inline void backward_wide(Vec (&v)[N][vectors]) {
  if constexpr (Len < 128) {
    constexpr int step = Len / lanes;
#pragma GCC unroll 32
    for (int i = 0; i < vectors; ++i) {
      if (i / step % 2 == 0) {
        const int z = 256 / Len - 1 - i / (2 * step);
        const Factor f = splat_factor(constants.zeta[z], constants.zeta_low[z]);
        each<N>([&](int n) __attribute__((always_inline)) {
          backward(v[n][i], v[n][i + step], f);
          if (reduced_after<Len>(i)) {
            v[n][i] = barrett(v[n][i]);
          }
        });
      }
    }
    backward_wide<Len * 2>(v);
  }
}

// Layers within the pair of vectors i and i + 1.
template <int Len, int N>
inline void forward_narrow(Vec (&v)[N][vectors], int i) {
  if constexpr (Len >= 2) {
    const auto& table = lane_factors<Len, false>;
    const Factor f = {load(table.value + lanes / 2 * i), load(table.low + lanes / 2 * i)};
    each<N>([&](int n) __attribute__((always_inline)) {
      exchange<Len>(v[n][i], v[n][i + 1]);
      forward(v[n][i], v[n][i + 1], f);
    });
    forward_narrow<Len / 2>(v, i);
  }
}

template <int Len, int N>
inline void backward_narrow(Vec (&v)[N][vectors], int i) {
  if constexpr (Len < lanes) {
    const auto& table = lane_factors<Len, true>;
    const Factor f = {load(table.value + lanes / 2 * i), load(table.low + lanes / 2 * i)};
    each<N>([&](int n) __attribute__((always_inline)) {
      backward(v[n][i], v[n][i + 1], f);
      if constexpr (Len == 8) {
        v[n][i] = barrett(v[n][i]);
      }
      exchange<Len>(v[n][i], v[n][i + 1]);
    });
    backward_narrow<Len * 2>(v, i);
  }
}

// FIPS 203, Algorithm 9 (NTT), without the last reduction. From reduced coefficients each of seven
// layers adds what a multiplication leaves. From small ones the first multiplication needs no
// reduction at all.
constexpr double forward_bound(double x, int layers) {
  for (int i = 0; i < layers; ++i) {
    x += after_multiply(x);
  }
  return x;
}
constexpr double ntt_bound = forward_bound(1, 7);
static_assert(ntt_bound < fits);
static_assert(3 * (q / 2) < 32767 && forward_bound(3.0 / q + 3.0 * (q / 2) / q, 6) < ntt_bound);

enum class Input : bool { reduced, small };

template <Input In, int N>
[[gnu::always_inline]] inline void ntt_lazy(Vec (&v)[N][vectors]) {
  if constexpr (In == Input::small) {
    const Vec z = splat(static_cast<std::int16_t>(zeta_of(1)));
#pragma GCC unroll 32
    for (int i = 0; i < vectors / 2; ++i) {
      each<N>([&](int n) __attribute__((always_inline)) {
        const Vec t = low_multiply(v[n][i + vectors / 2], z);
        v[n][i + vectors / 2] = sub(v[n][i], t);
        v[n][i] = add(v[n][i], t);
      });
    }
    forward_wide<64>(v);
  } else {
    forward_wide<128>(v);
  }
#pragma GCC unroll 32
  for (int i = 0; i < vectors; i += 2) {
    forward_narrow<lanes / 2>(v, i);
    each<N>([&](int n) __attribute__((always_inline)) { restore(v[n][i], v[n][i + 1]); });
  }
}

// FIPS 203, Algorithm 10 (NTT^-1), the division by 128 folded into the factors of the last layer.
// A sum doubles its bound, a difference is multiplied and starts anew. Three layers take reduced
// coefficients to 8q; reduced, they take two more to 4q beside products at 0.7q; the layer of 64
// reduces what is still a sum of sums of sums.
static_assert(8 < fits && after_multiply(8) < 1);
static_assert(2 * 2 * 2 * after_multiply(8) < fits, "layers 16, 32 and 64");
static_assert(2 * 2 * 2 * after_barrett < fits);
constexpr double inverse_ntt_bound = after_multiply(2 * 2 * after_multiply(8));

template <int N>
[[gnu::always_inline]] inline void inverse_ntt_reduced(Vec (&v)[N][vectors]) {
#pragma GCC unroll 32
  for (int i = 0; i < vectors; i += 2) {
    each<N>([&](int n) __attribute__((always_inline)) { arrange(v[n][i], v[n][i + 1]); });
    backward_narrow<2>(v, i);
  }
  backward_wide<lanes>(v);
  constexpr int last_sum = montgomery(inverse_128);
  constexpr int last_difference = montgomery(inverse_128 * zeta_of(1));
  const Factor f = splat_factor(last_sum, low_product(last_sum));
  const Factor z = splat_factor(last_difference, low_product(last_difference));
#pragma GCC unroll 32
  for (int i = 0; i < vectors / 2; ++i) {
    each<N>([&](int n) __attribute__((always_inline)) {
      const Vec a = v[n][i];
      const Vec b = v[n][i + vectors / 2];
      v[n][i] = multiply(add(a, b), f);
      v[n][i + vectors / 2] = multiply(sub(b, a), z);
    });
  }
}

inline void load_poly(Vec (&v)[vectors], const std::int16_t* f) {
#pragma GCC unroll 32
  for (int i = 0; i < vectors; ++i) {
    v[i] = load(f + lanes * i);
  }
}

inline void store_poly(std::int16_t* f, const Vec (&v)[vectors]) {
#pragma GCC unroll 32
  for (int i = 0; i < vectors; ++i) {
    store(f + lanes * i, v[i]);
  }
}

inline void reduce_poly(Vec (&v)[vectors]) {
#pragma GCC unroll 32
  for (int i = 0; i < vectors; ++i) {
    v[i] = barrett(v[i]);
  }
}

void ntt(std::int16_t* f) {
  Vec v[1][vectors];
  load_poly(v[0], f);
  ntt_lazy<Input::reduced>(v);
  reduce_poly(v[0]);
  store_poly(f, v[0]);
}

void inverse_ntt(std::int16_t* f) {
  Vec v[1][vectors];
  load_poly(v[0], f);
  inverse_ntt_reduced(v);
  store_poly(f, v[0]);
}

// The Multiplier of coefficients of any 16 bits, one vector of it at a time.
inline Vec direct_part(Vec b, int at) {
  return multiply(b, {load(constants.direct + at), load(constants.direct_low + at)});
}
inline Vec crossed_part(Vec b) {
  constexpr std::int16_t r_squared = montgomery(r16);
  return swap_pairs(multiply(b, splat_factor(r_squared, low_product(r_squared))));
}

void prepare(Multiplier* out, const std::int16_t* b) {
  for (int i = 0; i < 256; i += lanes) {
    const Vec v = load(b + i);
    store(out->direct + i, direct_part(v, i));
    store(out->crossed + i, crossed_part(v));
  }
}

// FIPS 203, Algorithms 11 and 12, one vector of the sum. Sums stand in 32 bits; exchanging single
// lanes brings their low and their high halves together, which is what the reduction needs.
static_assert(4 * 2 * q < 32768, "sums of 2k <= 8 products of reduced coefficients");
template <int K>
inline Vec dot_part(const std::int16_t* a, const Multiplier* b, int at) {
  Vec v = load(a + at);
  Vec low = multiply_pairs(v, load(b[0].direct + at));
  Vec high = multiply_pairs(v, load(b[0].crossed + at));
#pragma GCC unroll 4
  for (int j = 1; j < K; ++j) {
    v = load(a + 256 * j + at);
    low = add_wide(low, multiply_pairs(v, load(b[j].direct + at)));
    high = add_wide(high, multiply_pairs(v, load(b[j].crossed + at)));
  }
  exchange<1>(low, high);
  const Vec t = low_multiply(low, splat(q_inverse));
  return sub(high, high_multiply(t, splat(q)));
}

template <int K>
inline void dot_of(std::int16_t* out, const std::int16_t* a, const Multiplier* b) {
  for (int i = 0; i < 256; i += lanes) {
    store(out + i, dot_part<K>(a, b, i));
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
