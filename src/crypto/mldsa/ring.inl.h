// The arithmetic of kernel.h over a vector type V of `lanes` int32. The including kernel file
// defines in its anonymous namespace, before including this: V, lanes, load, store, splat, add,
// sub, shoup(b, z, zs), canonical(a) for -q <= a < 2q, transpose(V (&)[lanes]) and WideSum, a sum
// of 64-bit products that comes back Montgomery-reduced. Everything here has internal linkage;
// functions without V are left to the compiler's vectoriser, which knows the kernel file's
// instruction set.
#pragma once

namespace v100::mldsa {
namespace {

// ---- The number-theoretic transform ------------------------------------------------------------
// A factor z with z' = round(z 2^32 / q) (Shoup): b z - floor(b z' / 2^32) q lies in
// (-q/4 - 1, 5q/4) for every int32 b, and within (1 + 2^-6) q of zero for |b| < 2^27.

struct Factor {
  i32 z;
  i32 shoup;
};

constexpr i32 centred(i64 a) {
  const i64 r = ((a % q) + q) % q;
  return static_cast<i32>(r > (q - 1) / 2 ? r - q : r);
}
constexpr Factor factor(i64 a) {
  const i64 z = centred(a);
  // Rounded division of z 2^32 by q, toward the nearest.
  const i64 scaled = z * (i64{1} << 32);
  const i64 rounded = scaled >= 0 ? (scaled + q / 2) / q : -((-scaled + q / 2) / q);
  return {static_cast<i32>(z), static_cast<i32>(rounded)};
}
constexpr i64 power(i64 base, unsigned exponent) {
  i64 result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) {
      result = result * base % q;
    }
    base = base * base % q;
  }
  return result;
}
constexpr unsigned reverse_bits(unsigned a) {
  unsigned result = 0;
  for (int bit = 0; bit < 8; ++bit) {
    result |= (a >> bit & 1) << (7 - bit);
  }
  return result;
}

struct Roots {
  i64 zeta[256];  // FIPS 204, appendix B: 1753^bitrev8(i)
};
constexpr Roots make_roots() {
  Roots roots{};
  i64 powers[256] = {1};
  for (int i = 1; i < 256; ++i) {
    powers[i] = powers[i - 1] * 1753 % q;
  }
  for (unsigned i = 0; i < 256; ++i) {
    roots.zeta[i] = powers[reverse_bits(i)];
  }
  return roots;
}
constexpr Roots roots = make_roots();
static_assert(roots.zeta[1] == 4808194 && roots.zeta[255] == 7648983);

// Layers whose butterflies span at least one vector use one factor for whole vectors. Groups of
// lanes * lanes coefficients are transposed for the other layers, in which each lane has its own.
constexpr int group = lanes * lanes;
constexpr int groups = 256 / group;

struct Twiddles {
  Factor forward[256];  // [layer 128/span + block], as FIPS 204 counts them
  Factor inverse[256];
  // Lane factors of spans below `lanes`: for span h from 128 / h on, [group][block in lane][lane].
  i32 lane_forward[256], lane_forward_shoup[256];
  i32 lane_inverse[256], lane_inverse_shoup[256];
};
constexpr Twiddles make_twiddles() {
  Twiddles t{};
  for (int layer = 1; layer < 256; layer *= 2) {  // 128 / span blocks of this layer
    for (int block = 0; block < layer; ++block) {
      t.forward[layer + block] = factor(roots.zeta[layer + block]);
      t.inverse[layer + block] = factor(-roots.zeta[2 * layer - 1 - block]);
    }
    const int span = 128 / layer;
    if (span >= lanes) {
      continue;
    }
    const int per_lane = lanes / (2 * span);
    for (int g = 0; g < groups; ++g) {
      for (int s = 0; s < per_lane; ++s) {
        for (int lane = 0; lane < lanes; ++lane) {
          const int from = layer + (g * lanes + lane) * per_lane + s;
          const int to = layer + (g * per_lane + s) * lanes + lane;
          t.lane_forward[to] = t.forward[from].z;
          t.lane_forward_shoup[to] = t.forward[from].shoup;
          t.lane_inverse[to] = t.inverse[from].z;
          t.lane_inverse_shoup[to] = t.inverse[from].shoup;
        }
      }
    }
  }
  return t;
}
alignas(64) constexpr Twiddles twiddles = make_twiddles();

// The last factor of the inverse: 2^32 / 256 to undo both the transform's 256 and the 2^-32 of a
// Montgomery product; once more 2^32 is not needed, for Shoup products carry no power of two.
constexpr i64 last_scale = (i64{1} << 32) % q * power(256, static_cast<unsigned>(q - 2)) % q;
constexpr Factor scale_sum = factor(last_scale);
constexpr Factor scale_difference = factor(last_scale * ((q - roots.zeta[1]) % q));

inline void forward_butterfly(V& a, V& b, V z, V shoup_z) {
  const V t = shoup(b, z, shoup_z);
  b = sub(a, t);
  a = add(a, t);
}
inline void inverse_butterfly(V& a, V& b, V z, V shoup_z) {
  const V difference = sub(a, b);
  a = add(a, b);
  b = shoup(difference, z, shoup_z);
}

// Layers of span h * lanes, h = lanes / 2 … 1, inside a group that lies in registers.
template <int H>
inline void forward_across(V (&v)[lanes], int g) {
  if constexpr (H >= 1) {
    constexpr int blocks = lanes / (2 * H);
    const Factor* f = twiddles.forward + 128 / (H * lanes) + g * blocks;
#pragma GCC unroll 16
    for (int s = 0; s < blocks; ++s) {
      const V z = splat(f[s].z);
      const V zs = splat(f[s].shoup);
#pragma GCC unroll 16
      for (int j = 0; j < H; ++j) {
        forward_butterfly(v[2 * H * s + j], v[2 * H * s + j + H], z, zs);
      }
    }
    forward_across<H / 2>(v, g);
  }
}

// The same after the transposition: span h inside each lane.
template <int H>
inline void forward_within(V (&v)[lanes], int g) {
  if constexpr (H >= 1) {
    constexpr int blocks = lanes / (2 * H);
    const int from = 128 / H + g * blocks * lanes;
#pragma GCC unroll 16
    for (int s = 0; s < blocks; ++s) {
      const V z = load(twiddles.lane_forward + from + s * lanes);
      const V zs = load(twiddles.lane_forward_shoup + from + s * lanes);
#pragma GCC unroll 16
      for (int j = 0; j < H; ++j) {
        forward_butterfly(v[2 * H * s + j], v[2 * H * s + j + H], z, zs);
      }
    }
    forward_within<H / 2>(v, g);
  }
}

template <int H>
inline void inverse_within(V (&v)[lanes], int g) {
  if constexpr (H < lanes) {
    constexpr int blocks = lanes / (2 * H);
    const int from = 128 / H + g * blocks * lanes;
#pragma GCC unroll 16
    for (int s = 0; s < blocks; ++s) {
      const V z = load(twiddles.lane_inverse + from + s * lanes);
      const V zs = load(twiddles.lane_inverse_shoup + from + s * lanes);
#pragma GCC unroll 16
      for (int j = 0; j < H; ++j) {
        inverse_butterfly(v[2 * H * s + j], v[2 * H * s + j + H], z, zs);
      }
    }
    inverse_within<2 * H>(v, g);
  }
}

// The last inverse layer also multiplies by 256^-1 2^32 and brings the result to 0 <= c < q.
inline void last_butterfly(V& a, V& b) {
  const V difference = sub(a, b);
  a = canonical(shoup(add(a, b), splat(scale_sum.z), splat(scale_sum.shoup)));
  b = canonical(shoup(difference, splat(scale_difference.z), splat(scale_difference.shoup)));
}

template <int H>
inline void inverse_across(V (&v)[lanes], int g) {
  if constexpr (H < lanes) {
    constexpr int blocks = lanes / (2 * H);
    const Factor* f = twiddles.inverse + 128 / (H * lanes) + g * blocks;
#pragma GCC unroll 16
    for (int s = 0; s < blocks; ++s) {
      const V z = splat(f[s].z);
      const V zs = splat(f[s].shoup);
#pragma GCC unroll 16
      for (int j = 0; j < H; ++j) {
        if constexpr (H * lanes == 128) {
          last_butterfly(v[2 * H * s + j], v[2 * H * s + j + H]);
        } else {
          inverse_butterfly(v[2 * H * s + j], v[2 * H * s + j + H], z, zs);
        }
      }
    }
    inverse_across<2 * H>(v, g);
  }
}

// Two layers at once (spans 2 * span and span) over the whole polynomial, in memory.
inline void forward_two_layers(i32* p, int span) {
  const int layer = 128 / (2 * span);
  for (int block = 0; block < layer; ++block) {
    const Factor f0 = twiddles.forward[layer + block];
    const Factor f1 = twiddles.forward[2 * (layer + block)];
    const Factor f2 = twiddles.forward[2 * (layer + block) + 1];
    i32* base = p + block * 4 * span;
    for (int j = 0; j < span; j += lanes) {
      V a = load(base + j);
      V b = load(base + j + span);
      V c = load(base + j + 2 * span);
      V d = load(base + j + 3 * span);
      forward_butterfly(a, c, splat(f0.z), splat(f0.shoup));
      forward_butterfly(b, d, splat(f0.z), splat(f0.shoup));
      forward_butterfly(a, b, splat(f1.z), splat(f1.shoup));
      forward_butterfly(c, d, splat(f2.z), splat(f2.shoup));
      store(base + j, a);
      store(base + j + span, b);
      store(base + j + 2 * span, c);
      store(base + j + 3 * span, d);
    }
  }
}
inline void inverse_two_layers(i32* p, int span) {
  const int layer = 128 / (2 * span);
  for (int block = 0; block < layer; ++block) {
    const Factor f0 = twiddles.inverse[layer + block];
    const Factor f1 = twiddles.inverse[2 * (layer + block)];
    const Factor f2 = twiddles.inverse[2 * (layer + block) + 1];
    i32* base = p + block * 4 * span;
    for (int j = 0; j < span; j += lanes) {
      V a = load(base + j);
      V b = load(base + j + span);
      V c = load(base + j + 2 * span);
      V d = load(base + j + 3 * span);
      inverse_butterfly(a, b, splat(f1.z), splat(f1.shoup));
      inverse_butterfly(c, d, splat(f2.z), splat(f2.shoup));
      if (layer == 1) {
        last_butterfly(a, c);
        last_butterfly(b, d);
      } else {
        inverse_butterfly(a, c, splat(f0.z), splat(f0.shoup));
        inverse_butterfly(b, d, splat(f0.z), splat(f0.shoup));
      }
      store(base + j, a);
      store(base + j + span, b);
      store(base + j + 2 * span, c);
      store(base + j + 3 * span, d);
    }
  }
}

// FIPS 204, Algorithm 41 (NTT), its output in this kernel's order: transposed within groups.
// Bound: each layer adds at most (1 + 2^-6) q to |c|, so |c| < (2 + 8.2) q < 2^27.
void ntt(i32* polys, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    i32* p = polys + 256 * i;
    for (int span = 64; span >= group && span >= 1; span /= 4) {
      forward_two_layers(p, span);
    }
    if constexpr (lanes > 1) {
      for (int g = 0; g < groups; ++g) {
        V v[lanes];
#pragma GCC unroll 16
        for (int j = 0; j < lanes; ++j) {
          v[j] = load(p + g * group + j * lanes);
        }
        forward_across<lanes / 2>(v, g);
        transpose(v);
        forward_within<lanes / 2>(v, g);
#pragma GCC unroll 16
        for (int j = 0; j < lanes; ++j) {
          store(p + g * group + j * lanes, v[j]);
        }
      }
    }
  }
}

// FIPS 204, Algorithm 42 (NTT^-1). Bound: sums double in each layer and products stay below 1.25q;
// with inputs of at most q the last sums are below 256q < 2^31, so nothing is reduced on the way.
void intt(i32* polys, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    i32* p = polys + 256 * i;
    if constexpr (lanes > 1) {
      for (int g = 0; g < groups; ++g) {
        V v[lanes];
#pragma GCC unroll 16
        for (int j = 0; j < lanes; ++j) {
          v[j] = load(p + g * group + j * lanes);
        }
        inverse_within<1>(v, g);
        transpose(v);
        inverse_across<1>(v, g);
#pragma GCC unroll 16
        for (int j = 0; j < lanes; ++j) {
          store(p + g * group + j * lanes, v[j]);
        }
      }
    }
    for (int span = group; span <= 64; span *= 4) {
      inverse_two_layers(p, span);
    }
  }
}

// ---- Products in the NTT domain ----------------------------------------------------------------

void tile(const i32* poly, i32* matrix, int row, int column, int rows, int columns) {
  const auto at = [&](int block) {
    return matrix + ((block * rows + row) * columns + column) * 16;
  };
  for (int g = 0; g < groups; ++g) {
    V v[lanes];
#pragma GCC unroll 16
    for (int j = 0; j < lanes; ++j) {
      v[j] = load(poly + g * group + j * lanes);
    }
    if constexpr (lanes > 1) {
      transpose(v);
    }
#pragma GCC unroll 16
    for (int j = 0; j < lanes; ++j) {
      const int index = g * group + j * lanes;
      store(at(index / 16) + index % 16, v[j]);
    }
  }
}

// Bound: 7 columns of q * 10.2q and one of (10.2q)^2 are below 176 q^2 < 2^31 q, so the Montgomery
// result is below 176 q^2 / 2^32 + q / 2 < 0.85q.
template <int Columns>
inline void multiply_columns(const i32* matrix, const i32* v, i32* out, int rows) {
  for (int block = 0; block < 16; ++block) {
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 16
      for (int part = 0; part < 16; part += lanes) {
        WideSum sum{};
#pragma GCC unroll 8
        for (int column = 0; column < Columns; ++column) {
          sum.add_product(load(matrix + column * 16 + part),
                          load(v + column * 256 + block * 16 + part));
        }
        store(out + row * 256 + block * 16 + part, sum.montgomery_reduced());
      }
      matrix += Columns * 16;
    }
  }
}
void multiply(const i32* matrix, const i32* v, i32* out, int rows, int columns) {
  switch (columns) {
    case 4:
      return multiply_columns<4>(matrix, v, out, rows);
    case 5:
      return multiply_columns<5>(matrix, v, out, rows);
    case 6:
      return multiply_columns<6>(matrix, v, out, rows);
    case 7:
      return multiply_columns<7>(matrix, v, out, rows);
    default:
      return multiply_columns<8>(matrix, v, out, rows);
  }
}

void reorder(i32* polys, size_t count) {
  if constexpr (lanes > 1) {
    for (i32* p = polys; p != polys + 256 * count; p += group) {
      V v[lanes];
#pragma GCC unroll 16
      for (int j = 0; j < lanes; ++j) {
        v[j] = load(p + j * lanes);
      }
      transpose(v);
#pragma GCC unroll 16
      for (int j = 0; j < lanes; ++j) {
        store(p + j * lanes, v[j]);
      }
    }
  }
}

// Bound: 7 columns of q * 10.2q: |c| <= q/2 + 71.4 q^2 / 2^32 < 0.64q.
template <int Columns>
inline void multiply_row_of(const i32* const* a, const i32* v, i32* out) {
  for (int at = 0; at < 256; at += lanes) {
    WideSum sum{};
#pragma GCC unroll 8
    for (int column = 0; column < Columns; ++column) {
      sum.add_product(load(a[column] + at), load(v + column * 256 + at));
    }
    store(out + at, sum.montgomery_reduced());
  }
}
void multiply_row(const i32* const* a, const i32* v, i32* out, int columns) {
  switch (columns) {
    case 4:
      return multiply_row_of<4>(a, v, out);
    case 5:
      return multiply_row_of<5>(a, v, out);
    default:
      return multiply_row_of<7>(a, v, out);
  }
}

// Bound: |c| <= q/2 + 10.2q * 10.2q / 2^32 < 0.71q for each call.
void accumulate(const i32* a, const i32* v, i32* acc) {
  for (int at = 0; at < 256; at += lanes) {
    WideSum sum{};
    sum.add_product(load(a + at), load(v + at));
    store(acc + at, add(load(acc + at), sum.montgomery_reduced()));
  }
}

void scale(const i32* a, const i32* b, i32* out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    for (int j = 0; j < 256; j += lanes) {
      WideSum sum{};
      sum.add_product(load(a + 256 * i + j), load(b + j));
      store(out + 256 * i + j, sum.montgomery_reduced());
    }
  }
}

}  // namespace
}  // namespace v100::mldsa
