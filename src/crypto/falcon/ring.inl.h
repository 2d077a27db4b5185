// Arithmetic modulo q = 12289 on 16-bit lanes: the negacyclic transform, the norm of a signature.
// A kernel file defines before including this: V, lanes, block (registers of a block), load, store,
// splat, add, sub, mullo, mulhi (signed high half), round_shift_12 (a / 4096 rounded), add_squares,
// centre_once, steps (log2 of lanes), split<step>, join<step>, source(step, second, lane).
//
// Values are lazily reduced and signed. A product by a constant is Montgomery's: |y z 2^-16| is at
// most after_product(bound of y). The static_asserts below follow the bounds through every layer.

#include "crypto/falcon/types.inl.h"

namespace v100::falcon {
namespace {

constexpr int logn_max = 10;

constexpr i32 power(i32 base, i32 exponent) {
  i32 result = 1;
  for (i32 e = exponent; e > 0; e >>= 1) {
    if ((e & 1) != 0) {
      result = static_cast<i32>(static_cast<std::int64_t>(result) * base % q);
    }
    base = static_cast<i32>(static_cast<std::int64_t>(base) * base % q);
  }
  return result;
}
constexpr i16 centred(i32 a) { return static_cast<i16>(a > q / 2 ? a - q : a); }
constexpr i32 to_montgomery(i32 a) { return static_cast<i32>((std::int64_t{a} << 16) % q); }

// 7 has order 2048 modulo q: its square root of -1 over all 1024 coefficients.
constexpr i32 root = 7;
static_assert(power(root, 1024) == q - 1);
// q^-1 modulo 2^16.
constexpr u16 q_inverse = 53249;
static_assert(static_cast<u16>(q_inverse * u32{q}) == 1);
// Exponents of the roots: bit reversal of k, scaled so that one table serves both sizes.
constexpr i32 reversed(i32 k) {
  i32 r = 0;
  for (int bit = 0; bit < logn_max; ++bit) {
    r |= ((k >> bit) & 1) << (logn_max - 1 - bit);
  }
  return r;
}

// A constant factor for Montgomery's product: z 2^16 mod q, and that times q^-1 mod 2^16.
struct Factor {
  i16 z;
  i16 z_q;
};
constexpr Factor factor(i32 plain) {
  const i16 z = centred(to_montgomery(plain));
  return {z, static_cast<i16>(static_cast<u16>(static_cast<u32>(static_cast<u16>(z)) * q_inverse))};
}
struct Roots {
  Factor forward[1 << logn_max];
  Factor inverse[1 << logn_max];
};
constexpr Roots make_roots() {
  Roots roots{};
  for (i32 k = 0; k < 1 << logn_max; ++k) {
    roots.forward[k] = factor(power(root, reversed(k)));
    roots.inverse[k] = factor(power(root, 2048 - reversed(k)));
  }
  return roots;
}
alignas(64) constexpr Roots roots = make_roots();

// The factors of the layers inside a register, in the order that split<> leaves the coefficients.
template <int LOGN>
struct LaneRoots {
  static constexpr int pairs = (1 << LOGN) / lanes / 2;
  i16 forward[steps > 0 ? steps : 1][pairs][2][lanes];
  i16 inverse[steps > 0 ? steps : 1][pairs][2][lanes];
};
template <int LOGN>
constexpr LaneRoots<LOGN> make_lane_roots() {
  LaneRoots<LOGN> table{};
  for (int pair = 0; pair < LaneRoots<LOGN>::pairs; ++pair) {
    int at[2 * lanes] = {};
    for (int i = 0; i < 2 * lanes; ++i) {
      at[i] = pair * 2 * lanes + i;
    }
    for (int step = 0; step < steps; ++step) {
      int moved[2 * lanes] = {};
      for (int i = 0; i < 2 * lanes; ++i) {
        moved[i] = at[source(step, i / lanes, i % lanes)];
      }
      const int length = lanes >> (step + 1);
      for (int i = 0; i < lanes; ++i) {
        // Partners of a butterfly face each other, or no value comes out and nothing compiles.
        const int k = moved[i + lanes] == moved[i] + length
                          ? (1 << LOGN) / (2 * length) + moved[i] / (2 * length)
                          : -1;
        table.forward[step][pair][0][i] = roots.forward[k].z;
        table.forward[step][pair][1][i] = roots.forward[k].z_q;
        table.inverse[step][pair][0][i] = roots.inverse[k].z;
        table.inverse[step][pair][1][i] = roots.inverse[k].z_q;
      }
      for (int i = 0; i < 2 * lanes; ++i) {
        at[i] = moved[i];
      }
    }
  }
  return table;
}
template <int LOGN>
alignas(64) constexpr LaneRoots<LOGN> lane_roots = make_lane_roots<LOGN>();

// ---- Bounds. Every value between layers fits 16 bits.
constexpr i32 after_product(i32 bound) { return (bound * (q / 2) >> 16) + q / 2 + 2; }
// The quotient of reduced() is off by less than 2^-10 from a/q before it is rounded.
constexpr i32 reduced_bound = q / 2 + q / 1024 + 1;
constexpr i32 s2_bound = 2047;

// Layers after which the forward and the inverse transform reduce everything; counted from 1.
constexpr bool forward_reduces(int layer) { return layer % 3 == 0; }
constexpr bool inverse_reduces(int layer) { return layer % 2 == 1; }
constexpr bool forward_fits(i32 bound, int layers) {
  for (int layer = 1; layer <= layers; ++layer) {
    bound += after_product(bound);
    if (bound > 32767) {
      return false;
    }
    bound = forward_reduces(layer) ? reduced_bound : bound;
  }
  return true;
}
constexpr bool inverse_fits(i32 bound, int layers) {
  for (int layer = 1; layer <= layers; ++layer) {
    bound *= 2;  // the sum; the product of the difference is smaller
    if (bound > 32767) {
      return false;
    }
    bound = inverse_reduces(layer) ? reduced_bound : bound;
  }
  return true;
}
static_assert(forward_fits(q / 2, 10) && forward_fits(s2_bound, 10));
static_assert(inverse_fits(after_product(32767), 10));

// ---- Products and butterflies.
struct VFactor {
  V z;
  V z_q;
};
inline VFactor splat_factor(Factor f) { return {splat(f.z), splat(f.z_q)}; }
inline VFactor load_factor(const i16 (&f)[2][lanes]) { return {load(f[0]), load(f[1])}; }

inline V product(V y, VFactor f) { return sub(mulhi(y, f.z), mulhi(mullo(y, f.z_q), splat(q))); }
inline V product(V y, V z) {
  return product(y, VFactor{z, mullo(z, splat(static_cast<i16>(q_inverse)))});
}
// a - q round(a / q): 21843 / 2^28 is 1/q but for 2^-15 of it.
inline V reduced(V a) { return sub(a, mullo(round_shift_12(mulhi(a, splat(21843))), splat(q))); }
inline void forward_butterfly(V& x, V& y, VFactor f) {
  const V t = product(y, f);
  y = sub(x, t);
  x = add(x, t);
}
inline void inverse_butterfly(V& x, V& y, VFactor f) {
  const V difference = sub(x, y);
  x = add(x, y);
  y = product(difference, f);
}

// ---- A block: the layers that `block` registers hold without going to memory.
constexpr int log2_of(int a) { return a > 1 ? 1 + log2_of(a / 2) : 0; }
constexpr int span = block * lanes;
template <int LOGN>
constexpr int outer_layers = LOGN - log2_of(span);

inline void reduce_all(V (&v)[block]) {
#pragma GCC unroll 16
  for (int i = 0; i < block; ++i) {
    v[i] = reduced(v[i]);
  }
}

template <int LOGN, int HALF>
inline void forward_registers(V (&v)[block], int b) {
  constexpr int layer = outer_layers<LOGN> + log2_of(block) - log2_of(HALF);
#pragma GCC unroll 16
  for (int group = 0; group < block / (2 * HALF); ++group) {
    const int k = (1 << LOGN) / (2 * HALF * lanes) + b * (block / (2 * HALF)) + group;
    const VFactor f = splat_factor(roots.forward[k]);
#pragma GCC unroll 8
    for (int i = 0; i < HALF; ++i) {
      forward_butterfly(v[2 * HALF * group + i], v[2 * HALF * group + i + HALF], f);
    }
  }
  if constexpr (forward_reduces(layer)) {
    reduce_all(v);
  }
  if constexpr (HALF > 1) {
    forward_registers<LOGN, HALF / 2>(v, b);
  }
}
template <int LOGN, int STEP>
inline void forward_lanes(V (&v)[block], int b) {
  if constexpr (STEP < steps) {
    constexpr int layer = LOGN - steps + STEP + 1;
#pragma GCC unroll 8
    for (int pair = 0; pair < block / 2; ++pair) {
      split<STEP>(v[2 * pair], v[2 * pair + 1]);
      forward_butterfly(v[2 * pair], v[2 * pair + 1],
                        load_factor(lane_roots<LOGN>.forward[STEP][b * (block / 2) + pair]));
    }
    if constexpr (forward_reduces(layer)) {
      reduce_all(v);
    }
    forward_lanes<LOGN, STEP + 1>(v, b);
  }
}
template <int LOGN, int STEP>
inline void inverse_lanes(V (&v)[block], int b) {
  if constexpr (STEP >= 0) {
    constexpr int layer = steps - STEP;
#pragma GCC unroll 8
    for (int pair = 0; pair < block / 2; ++pair) {
      inverse_butterfly(v[2 * pair], v[2 * pair + 1],
                        load_factor(lane_roots<LOGN>.inverse[STEP][b * (block / 2) + pair]));
      join<STEP>(v[2 * pair], v[2 * pair + 1]);
    }
    if constexpr (inverse_reduces(layer)) {
      reduce_all(v);
    }
    inverse_lanes<LOGN, STEP - 1>(v, b);
  }
}
template <int LOGN, int HALF>
inline void inverse_registers(V (&v)[block], int b) {
  constexpr int layer = steps + 1 + log2_of(HALF);
#pragma GCC unroll 16
  for (int group = 0; group < block / (2 * HALF); ++group) {
    const int k = (1 << LOGN) / (2 * HALF * lanes) + b * (block / (2 * HALF)) + group;
    const VFactor f = splat_factor(roots.inverse[k]);
#pragma GCC unroll 8
    for (int i = 0; i < HALF; ++i) {
      inverse_butterfly(v[2 * HALF * group + i], v[2 * HALF * group + i + HALF], f);
    }
  }
  if constexpr (inverse_reduces(layer)) {
    reduce_all(v);
  }
  if constexpr (2 * HALF < block) {
    inverse_registers<LOGN, 2 * HALF>(v, b);
  }
}

inline void load_block(V (&v)[block], const i16* a) {
#pragma GCC unroll 16
  for (int i = 0; i < block; ++i) {
    v[i] = load(a + i * lanes);
  }
}
inline void store_block(const V (&v)[block], i16* a) {
#pragma GCC unroll 16
  for (int i = 0; i < block; ++i) {
    store(a + i * lanes, v[i]);
  }
}

// ---- The layers above blocks.
template <int LOGN>
inline void forward_outer(i16* a) {
  for (int layer = 1; layer <= outer_layers<LOGN>; ++layer) {
    const int length = (1 << LOGN) >> layer;
    for (int group = 0; group < 1 << (layer - 1); ++group) {
      const VFactor f = splat_factor(roots.forward[(1 << (layer - 1)) + group]);
      i16* x = a + 2 * length * group;
      for (int i = 0; i < length; i += lanes) {
        V low = load(x + i), high = load(x + i + length);
        forward_butterfly(low, high, f);
        store(x + i, forward_reduces(layer) ? reduced(low) : low);
        store(x + i + length, forward_reduces(layer) ? reduced(high) : high);
      }
    }
  }
}
template <int LOGN>
inline void inverse_outer(i16* a) {
  for (int layer = LOGN - outer_layers<LOGN> + 1; layer <= LOGN; ++layer) {
    const int length = 1 << (layer - 1);
    const int groups = 1 << (LOGN - layer);
    for (int group = 0; group < groups; ++group) {
      const VFactor f = splat_factor(roots.inverse[groups + group]);
      i16* x = a + 2 * length * group;
      for (int i = 0; i < length; i += lanes) {
        V low = load(x + i), high = load(x + i + length);
        inverse_butterfly(low, high, f);
        store(x + i, inverse_reduces(layer) ? reduced(low) : low);
        store(x + i + length, inverse_reduces(layer) ? reduced(high) : high);
      }
    }
  }
}

template <int LOGN>
inline void forward_block(V (&v)[block], int b) {
  forward_registers<LOGN, block / 2>(v, b);
  forward_lanes<LOGN, 0>(v, b);
}

template <int LOGN>
inline void prepare_size(const u16* h, i16* prepared) {
  constexpr int n = 1 << LOGN;
  for (int i = 0; i < n; ++i) {
    prepared[i] = centred(h[i]);
  }
  forward_outer<LOGN>(prepared);
  // Times 2^16, which undoes the 2^-16 of norm()'s product.
  const VFactor f = splat_factor(factor(to_montgomery(1)));
  for (int b = 0; b < n / span; ++b) {
    V v[block];
    load_block(v, prepared + b * span);
    forward_block<LOGN>(v, b);
    for (V& x : v) {
      x = product(x, f);
    }
    store_block(v, prepared + b * span);
  }
}

// c - v/n, centred; squares of it and of s2 are added up.
template <int LOGN>
inline u64 block_norm(V (&v)[block], const i16* s2, const u16* c) {
  const VFactor f = splat_factor(factor(power(1 << LOGN, q - 2)));
  Squares sum{};
#pragma GCC unroll 16
  for (int i = 0; i < block; ++i) {
    const V s1 = sub(load(reinterpret_cast<const i16*>(c) + i * lanes), product(v[i], f));
    sum.add(centre_once(reduced(s1)));
    sum.add(load(s2 + i * lanes));
  }
  return sum.total();
}

template <int LOGN>
inline u32 norm_size(const i16* s2, const i16* prepared, const u16* c) {
  constexpr int n = 1 << LOGN;
  alignas(64) i16 a[n];
  const i16* from = s2;
  if constexpr (outer_layers<LOGN> > 0) {
    for (int i = 0; i < n; i += lanes) {
      store(a + i, load(s2 + i));
    }
    forward_outer<LOGN>(a);
    from = a;
  }
  u64 total = 0;
  for (int b = 0; b < n / span; ++b) {
    V v[block];
    load_block(v, from + b * span);
    forward_block<LOGN>(v, b);
#pragma GCC unroll 16
    for (int i = 0; i < block; ++i) {
      v[i] = product(v[i], load(prepared + b * span + i * lanes));
    }
    inverse_lanes<LOGN, steps - 1>(v, b);
    inverse_registers<LOGN, 1>(v, b);
    if constexpr (outer_layers<LOGN> == 0) {
      total += block_norm<LOGN>(v, s2, c);
    } else {
      store_block(v, a + b * span);
    }
  }
  if constexpr (outer_layers<LOGN> > 0) {
    inverse_outer<LOGN>(a);
    for (int b = 0; b < n / span; ++b) {
      V v[block];
      load_block(v, a + b * span);
      total += block_norm<LOGN>(v, s2 + b * span, c + b * span);
    }
  }
  return total < 0xffffffffu ? static_cast<u32>(total) : 0xffffffffu;
}

void prepare(const u16* h, i16* prepared, int logn) {
  logn == 9 ? prepare_size<9>(h, prepared) : prepare_size<10>(h, prepared);
}
u32 norm(const i16* s2, const i16* prepared, const u16* c, int logn) {
  return logn == 9 ? norm_size<9>(s2, prepared, c) : norm_size<10>(s2, prepared, c);
}

}  // namespace
}  // namespace v100::falcon
