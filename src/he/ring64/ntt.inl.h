// The negacyclic NTT over a prime q < 2^50 on vectors of eight 52-bit lanes. A kernel file defines
// V and
//   load store splat add sub least low52 muladd_low muladd_high transpose
// in an anonymous namespace, then includes this. muladd_low(a, b, c) is a + (b·c mod 2^52) and
// muladd_high(a, b, c) is a + floor(b·c / 2^52), b and c taken mod 2^52.
//
// Bounds. shoup(y, w) is y·w - floor(y·w'/2^52)·q with w' = floor(w·2^52/q): for any y < 2^52 it
// lies in [0, 2q). Forward, lazy (q < 2^52/27): x + shoup and x - shoup + 2q add 2q a layer to the
// bound q of the input: after 13 layers 27q < 2^52. Forward, Harvey (q < 2^50): x is first brought
// below 2q, so all stays below 4q < 2^52. Inverse: sums stay below 2q by one conditional
// subtraction a layer.

struct Root {
  V w;
  V quotient;
};

template <bool lazy>
struct Field {
  V q;
  V q2;
  V minus_q;  // 2^52 - q

  explicit Field(std::uint64_t prime)
      : q(splat(prime)), q2(splat(2 * prime)), minus_q(splat((1ull << 52) - prime)) {}

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
  // Gentleman-Sande: (x, y) -> (x + y, (x - y)·w), both below 2q before and after.
  void inverse(V& x, V& y, const Root& r) const {
    const V sum = add(x, y);
    const V difference = add(sub(x, y), q2);
    x = least(sum, sub(sum, q2));
    y = shoup(difference, r);
  }
  // From below 2^52 (lazy) or 4q to [0, q).
  V canonical(V x) const {
    if constexpr (lazy) {
      x = low52(x);
      for (int k = 4; k >= 1; --k) {  // below 32q, 16q, 8q, 4q
        const V multiple = splat(lane0(q) << k);
        x = least(x, sub(x, multiple));
      }
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
            f.inverse(v[k], v[k + half], r[(std::size_t{1} << depth) + k / (2 * half)]);
          }
        }
      }
      if (last) {
        for (std::size_t k = 0; k < width / 2; ++k) {
          v[k] = f.shoup(v[k], scale);
        }
        for (std::size_t k = 0; k < width; ++k) {
          v[k] = least(v[k], sub(v[k], f.q));
        }
      }
      for (std::size_t k = 0; k < width; ++k) {
        store(p + k * stride, v[k]);
      }
    }
  }
}

// The last six layers of each block of 64: three between vectors, a transpose, three between lanes.
template <class F>
inline void forward_blocks(std::uint64_t* x, const NttTables& t, const F& f) {
  const std::size_t m = t.n / 64;
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
      store(p + 8 * k, f.canonical(v[k]));
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
                    lane_root(lanes, (std::size_t{1} << depth) - 1 + k / (2 * half)));
        }
      }
    }
    transpose(v);
    for (int depth = 2; depth >= 0; --depth) {
      const std::size_t half = std::size_t{4} >> depth;
      for (std::size_t k = 0; k < 8; ++k) {
        if ((k & half) == 0) {
          f.inverse(
              v[k], v[k + half],
              root_at(t.inverse_roots, t.inverse_quotients, ((m + b) << depth) + k / (2 * half)));
        }
      }
    }
    for (std::size_t k = 0; k < 8; ++k) {
      store(p + 8 * k, v[k]);
    }
  }
}

template <bool lazy>
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
  forward_blocks(x, t, f);
}

void forward(std::uint64_t* x, const NttTables& t) {
  if (t.lazy) {
    forward_with<true>(x, t);
  } else {
    forward_with<false>(x, t);
  }
}

void inverse(std::uint64_t* x, const NttTables& t) {
  const Field<false> f(t.q);
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

// Montgomery with R = 2^52: for a, b < q, a·b + m·q is divisible by R with m = low(a·b)·(-q^-1),
// and the quotient is below 2q. low(a·b) + low(m·q) is 0 or R: the carry is 1 unless low(a·b) is 0.
inline V montgomery(V a, V b, V q, V q_inverse_negated) {
  const V low = muladd_low(splat(0), a, b);
  const V m = muladd_low(splat(0), low, q_inverse_negated);
  const V carry = least(low, splat(1));
  return muladd_high(muladd_high(carry, a, b), m, q);
}

void multiply(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
              const NttTables& t) {
  const V q = splat(t.q);
  const V k = splat(t.q_inverse_negated);
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V product = montgomery(load(a + j), load(b + j), q, k);
    store(out + j, least(product, sub(product, q)));
  }
}

void multiply_add(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                  const std::uint64_t* c, const NttTables& t) {
  const V q = splat(t.q);
  const V q2 = splat(2 * t.q);
  const V k = splat(t.q_inverse_negated);
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V sum = add(montgomery(load(a + j), load(b + j), q, k), load(c + j));  // below 3q
    const V half = least(sum, sub(sum, q2));
    store(out + j, least(half, sub(half, q)));
  }
}
