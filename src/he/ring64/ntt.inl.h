// The negacyclic NTT over a prime q < 2^50 on vectors of eight 52-bit lanes. A kernel file defines
// V and
//   load store splat add sub least low52 shift_right muladd_low muladd_high transpose
// in an anonymous namespace, then includes this. muladd_low(a, b, c) is a + (b·c mod 2^52) and
// muladd_high(a, b, c) is a + floor(b·c / 2^52), b and c taken mod 2^52.
//
// Bounds. shoup(y, w) is y·w - floor(y·w'/2^52)·q with w' = floor(w·2^52/q): for any y < 2^52 it
// lies in [0, 2q). Forward, lazy (q < 2^52/29): x + shoup and x - shoup + 2q add 2q a layer to the
// bound 2q of the input: after 13 layers 28q < 2^52. Forward, Harvey (q < 2^50): x is first brought
// below 2q, so all stays below 4q < 2^52. Inverse, Harvey: sums stay below 2q by one conditional
// subtraction a layer; lazy: a pass of three layers brings sums to 16q at most, then all below 2q.

struct Root {
  V w;
  V quotient;
};

// Any x < 2^58 to [0, 2q): the estimate of floor(x / q) is right or one too small.
struct Reducer {
  V reciprocal;
  V minus_q;
  unsigned shift;

  explicit Reducer(const Modulus& m)
      : reciprocal(splat(m.reciprocal)), minus_q(splat((1ull << 52) - m.q)), shift(m.shift) {}
  V operator()(V x) const {
    const V quotient = muladd_high(splat(0), shift_right(x, shift), reciprocal);
    return low52(muladd_low(x, quotient, minus_q));
  }
};

template <bool lazy>
struct Field {
  V q;
  V q2;
  V minus_q;  // 2^52 - q
  std::uint64_t twice_q;

  explicit Field(std::uint64_t prime)
      : q(splat(prime)),
        q2(splat(2 * prime)),
        minus_q(splat((1ull << 52) - prime)),
        twice_q(2 * prime) {}

  V shoup(V y, const Root& r) const {
    const V h = muladd_high(splat(0), y, r.quotient);
    return low52(muladd_low(muladd_low(splat(0), y, r.w), h, minus_q));
  }
  // Cooley-Tukey: (x, y) -> (x + y·w, x - y·w).
  void forward(V& x, V& y, const Root& r) const {
    if constexpr (lazy) {
      // x + y·w - h·q straight in the accumulator: bits above 52 are never read again.
      const V h = muladd_high(splat(0), y, r.quotient);
      const V twice = add(add(x, x), q2);
      x = muladd_low(muladd_low(x, y, r.w), h, minus_q);
      y = sub(twice, x);
    } else {
      const V reduced = least(x, sub(x, q2));
      const V product = shoup(y, r);
      x = add(reduced, product);
      y = add(sub(reduced, product), q2);
    }
  }
  // Gentleman-Sande: (x, y) -> (x + y, (x - y)·w). `step` counts the layers of a pass. Not lazy:
  // both below 2q before and after. Lazy: below 2q << step before, the sum twice that after, and
  // bits above 52 may be set until settle().
  void inverse(V& x, V& y, const Root& r, int step) const {
    const V sum = add(x, y);
    if constexpr (lazy) {
      const V difference = add(sub(x, y), splat(twice_q << step));
      const V h = muladd_high(splat(0), difference, r.quotient);
      x = sum;
      y = muladd_low(muladd_low(splat(0), difference, r.w), h, minus_q);
    } else {
      const V difference = add(sub(x, y), q2);
      x = least(sum, sub(sum, q2));
      y = shoup(difference, r);
    }
  }
  // After a pass of `layers` layers: value k back below 2q. It is the sum of sums for as many
  // layers as its index has zeros above its highest one.
  template <int layers>
  void settle(V* v) const {
    if constexpr (lazy) {
      for (int k = 0; k < 1 << layers; ++k) {
        const int sums = layers - (k == 0 ? 0 : 32 - __builtin_clz(static_cast<unsigned>(k)));
        v[k] = low52(v[k]);
        for (int b = sums; b >= 1; --b) {
          v[k] = least(v[k], sub(v[k], splat(twice_q << (b - 1))));
        }
      }
    }
  }
  // From below 2^52 (lazy) or 4q to [0, q).
  V canonical(V x, const Reducer& reduce) const {
    if constexpr (lazy) {
      x = reduce(low52(x));
    } else {
      x = least(x, sub(x, q2));
    }
    return least(x, sub(x, q));
  }
};

inline Root root_at(const std::uint64_t* roots, const std::uint64_t* quotients, std::size_t i) {
  return {splat(roots[i]), splat(quotients[i])};
}
inline Root lane_root(const std::uint64_t* lanes, std::size_t slot) {
  return {load(lanes + 16 * slot), load(lanes + 16 * slot + 8)};
}

// `layers` (1, 2 or 3) layers at once over m blocks; the first layer's root of block i is m + i.
template <int layers, class F>
inline void forward_pass(std::uint64_t* x, const NttTables& t, std::size_t m, const F& f) {
  constexpr std::size_t width = std::size_t{1} << layers;
  const std::size_t length = t.n / m;
  const std::size_t stride = length / width;
  for (std::size_t i = 0; i < m; ++i) {
    Root r[width];
    for (std::size_t k = 1; k < width; ++k) {  // heap order: root k of this block's little tree
      const int depth = 31 - __builtin_clz(static_cast<unsigned>(k));
      r[k] = root_at(t.roots, t.quotients, ((m + i) << depth) + (k - (std::size_t{1} << depth)));
    }
    for (std::size_t j = 0; j < stride; j += 8) {
      std::uint64_t* p = x + i * length + j;
      V v[width];
      for (std::size_t k = 0; k < width; ++k) {
        v[k] = load(p + k * stride);
      }
      for (int depth = 0; depth < layers; ++depth) {
        const std::size_t half = width >> (depth + 1);
        for (std::size_t k = 0; k < width; ++k) {
          if ((k & half) == 0) {
            f.forward(v[k], v[k + half], r[(std::size_t{1} << depth) + k / (2 * half)]);
          }
        }
      }
      for (std::size_t k = 0; k < width; ++k) {
        store(p + k * stride, v[k]);
      }
    }
  }
}

template <int layers, class F>
inline void inverse_pass(std::uint64_t* x, const NttTables& t, std::size_t m, const F& f) {
  constexpr std::size_t width = std::size_t{1} << layers;
  const std::size_t length = t.n / m;
  const std::size_t stride = length / width;
  for (std::size_t i = 0; i < m; ++i) {
    Root r[width];
    for (std::size_t k = 1; k < width; ++k) {
      const int depth = 31 - __builtin_clz(static_cast<unsigned>(k));
      r[k] = root_at(t.inverse_roots, t.inverse_quotients,
                     ((m + i) << depth) + (k - (std::size_t{1} << depth)));
    }
    const bool last = m == 1;
    const Root scale = {splat(t.scale[0]), splat(t.scale_quotients[0])};
    if (last) {  // the last layer also divides by n
      r[1] = {splat(t.scale[1]), splat(t.scale_quotients[1])};
    }
    for (std::size_t j = 0; j < stride; j += 8) {
      std::uint64_t* p = x + i * length + j;
      V v[width];
      for (std::size_t k = 0; k < width; ++k) {
        v[k] = load(p + k * stride);
      }
      for (int depth = layers - 1; depth >= 0; --depth) {
        const std::size_t half = width >> (depth + 1);
        for (std::size_t k = 0; k < width; ++k) {
          if ((k & half) == 0) {
            f.inverse(v[k], v[k + half], r[(std::size_t{1} << depth) + k / (2 * half)],
                      layers - 1 - depth);
          }
        }
      }
      if (last) {  // shoup takes anything below 2^52, modulo 2^52
        for (std::size_t k = 0; k < width; ++k) {
          v[k] = k < width / 2 ? f.shoup(v[k], scale) : low52(v[k]);
          v[k] = least(v[k], sub(v[k], f.q));
        }
      } else {
        f.template settle<layers>(v);
      }
      for (std::size_t k = 0; k < width; ++k) {
        store(p + k * stride, v[k]);
      }
    }
  }
}

// The last six layers of each block of 64: three between vectors, a transpose, three between lanes.
template <bool loose, class F>
inline void forward_blocks(std::uint64_t* x, const NttTables& t, const F& f) {
  const std::size_t m = t.n / 64;
  const Reducer reduce(t);
  for (std::size_t b = 0; b < m; ++b) {
    std::uint64_t* p = x + 64 * b;
    const std::uint64_t* lanes = t.lanes + 112 * b;
    V v[8];
    for (std::size_t k = 0; k < 8; ++k) {
      v[k] = load(p + 8 * k);
    }
    for (int depth = 0; depth < 3; ++depth) {
      const std::size_t half = std::size_t{4} >> depth;
      for (std::size_t k = 0; k < 8; ++k) {
        if ((k & half) == 0) {
          f.forward(v[k], v[k + half],
                    root_at(t.roots, t.quotients, ((m + b) << depth) + k / (2 * half)));
        }
      }
    }
    transpose(v);
    for (int depth = 0; depth < 3; ++depth) {
      const std::size_t half = std::size_t{4} >> depth;
      for (std::size_t k = 0; k < 8; ++k) {
        if ((k & half) == 0) {
          f.forward(v[k], v[k + half],
                    lane_root(lanes, (std::size_t{1} << depth) - 1 + k / (2 * half)));
        }
      }
    }
    for (std::size_t k = 0; k < 8; ++k) {
      store(p + 8 * k, loose ? low52(v[k]) : f.canonical(v[k], reduce));
    }
  }
}

template <class F>
inline void inverse_blocks(std::uint64_t* x, const NttTables& t, const F& f) {
  const std::size_t m = t.n / 64;
  for (std::size_t b = 0; b < m; ++b) {
    std::uint64_t* p = x + 64 * b;
    const std::uint64_t* lanes = t.inverse_lanes + 112 * b;
    V v[8];
    for (std::size_t k = 0; k < 8; ++k) {
      v[k] = load(p + 8 * k);
    }
    for (int depth = 2; depth >= 0; --depth) {
      const std::size_t half = std::size_t{4} >> depth;
      for (std::size_t k = 0; k < 8; ++k) {
        if ((k & half) == 0) {
          f.inverse(v[k], v[k + half],
                    lane_root(lanes, (std::size_t{1} << depth) - 1 + k / (2 * half)), 2 - depth);
        }
      }
    }
    f.template settle<3>(v);
    transpose(v);
    for (int depth = 2; depth >= 0; --depth) {
      const std::size_t half = std::size_t{4} >> depth;
      for (std::size_t k = 0; k < 8; ++k) {
        if ((k & half) == 0) {
          f.inverse(
              v[k], v[k + half],
              root_at(t.inverse_roots, t.inverse_quotients, ((m + b) << depth) + k / (2 * half)),
              2 - depth);
        }
      }
    }
    f.template settle<3>(v);
    for (std::size_t k = 0; k < 8; ++k) {
      store(p + 8 * k, v[k]);
    }
  }
}

template <bool lazy, bool loose>
inline void forward_with(std::uint64_t* x, const NttTables& t) {
  const Field<lazy> f(t.q);
  switch (t.n) {
    case 2048:
      forward_pass<2>(x, t, 1, f);
      forward_pass<3>(x, t, 4, f);
      break;
    case 4096:
      forward_pass<3>(x, t, 1, f);
      forward_pass<3>(x, t, 8, f);
      break;
    default:
      forward_pass<1>(x, t, 1, f);
      forward_pass<3>(x, t, 2, f);
      forward_pass<3>(x, t, 16, f);
  }
  forward_blocks<loose>(x, t, f);
}

void forward(std::uint64_t* x, const NttTables& t) {
  if (t.lazy) {
    forward_with<true, false>(x, t);
  } else {
    forward_with<false, false>(x, t);
  }
}

void forward_loose(std::uint64_t* x, const NttTables& t) {
  if (t.lazy) {
    forward_with<true, true>(x, t);
  } else {
    forward_with<false, true>(x, t);  // 4q < 2^52
  }
}

template <bool lazy>
inline void inverse_with(std::uint64_t* x, const NttTables& t) {
  const Field<lazy> f(t.q);
  inverse_blocks(x, t, f);
  switch (t.n) {
    case 2048:
      inverse_pass<3>(x, t, 4, f);
      inverse_pass<2>(x, t, 1, f);
      break;
    case 4096:
      inverse_pass<3>(x, t, 8, f);
      inverse_pass<3>(x, t, 1, f);
      break;
    default:
      inverse_pass<3>(x, t, 16, f);
      inverse_pass<3>(x, t, 2, f);
      inverse_pass<1>(x, t, 1, f);
  }
}

void inverse(std::uint64_t* x, const NttTables& t) {
  if (t.lazy) {
    inverse_with<true>(x, t);
  } else {
    inverse_with<false>(x, t);
  }
}
