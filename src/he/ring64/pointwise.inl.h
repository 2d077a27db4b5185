// Pointwise products, block sums and small matrices over a prime q < 2^50: included after
// ntt.inl.h. Besides its V it needs load_small(int8*), load_int(int32*) (sign-extended), sign(v):
// all ones where v is negative as a signed 64-bit number, both(a, b), and sum_transposed(v): lane k
// is the sum of v[k]'s lanes.
//
// Montgomery with R = 2^52: for a < q and b < 2^52, a·b + m·q is divisible by R with
// m = low(a·b)·(-q^-1), and the quotient is below 2q.

// low(a·b) + low(m·q) is 0 or R: the carry is 1 unless low(a·b) is 0.
inline V montgomery(V a, V b, V q, V q_inverse_negated) {
  const V low = muladd_low(splat(0), a, b);
  const V m = muladd_low(splat(0), low, q_inverse_negated);
  const V carry = least(low, splat(1));
  return muladd_high(muladd_high(carry, a, b), m, q);
}

inline V below_q(V x, V q) { return least(x, sub(x, q)); }
inline V lift(V x, V q) { return add(x, both(sign(x), q)); }

// A sum of up to 256 products a·b, a < 2^50, b < 2^52, as high·2^52 + low, reduced once.
struct Sum {
  V low = splat(0);
  V high = splat(0);
  void add_product(V a, V b) {
    low = muladd_low(low, a, b);
    high = muladd_high(high, a, b);
  }
  // (the sum) · 2^-52 + extra, in [0, q): low + m·q is divisible by 2^52, and high is below 2^58.
  V reduced(V extra, V q, V q_inverse_negated, const Reducer& reduce) const {
    const V m = muladd_low(splat(0), low, q_inverse_negated);
    const V carry = shift_right(muladd_low(low, m, q), 52);
    const V x = muladd_high(add(add(high, carry), extra), m, q);
    return below_q(reduce(x), q);
  }
};

void multiply(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
              const NttTables& t) {
  const V q = splat(t.q);
  const V k = splat(t.q_inverse_negated);
  for (std::size_t j = 0; j < t.n; j += 8) {
    store(out + j, below_q(montgomery(load(a + j), load(b + j), q, k), q));
  }
}

void multiply_add(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                  const std::uint64_t* c, const NttTables& t) {
  const V q = splat(t.q);
  const V q2 = splat(2 * t.q);
  const V k = splat(t.q_inverse_negated);
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V sum = add(montgomery(load(a + j), load(b + j), q, k), load(c + j));  // below 3q
    store(out + j, below_q(below_q(sum, q2), q));
  }
}

void add_all(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
             const NttTables& t) {
  const V q = splat(t.q);
  for (std::size_t j = 0; j < t.n; j += 8) {
    store(out + j, below_q(add(load(a + j), load(b + j)), q));
  }
}

void subtract(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
              const NttTables& t) {
  const V q = splat(t.q);
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V difference = sub(load(a + j), load(b + j));
    store(out + j, least(difference, add(difference, q)));  // below 0 is above 2^63
  }
}

void subtract_scale(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b, Factor f,
                    const NttTables& t) {
  const Field<false> field(t.q);
  const Root root = {splat(f.w), splat(f.quotient)};
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V difference = sub(add(load(a + j), field.q), load(b + j));
    store(out + j, below_q(field.shoup(difference, root), field.q));
  }
}

void recentre(std::uint64_t* out, const std::uint64_t* in, std::uint64_t other,
              const NttTables& t) {
  const V q = splat(t.q);
  const V half = splat(other / 2);
  const V whole = splat(other);
  // A multiple of q at least `other`, so that x - other + multiple is not negative.
  const V multiple = splat((other / t.q + 1) * t.q);
  const Reducer reduce(t);
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V x = load(in + j);
    const V above = sign(sub(half, x));
    const V centred = add(sub(x, both(above, whole)), multiple);
    store(out + j, below_q(reduce(centred), q));
  }
}

void scale(std::uint64_t* out, const std::int32_t* m, Factor f, const std::int8_t* e,
           const NttTables& t) {
  const Field<false> field(t.q);
  const Root root = {splat(f.w), splat(f.quotient)};
  for (std::size_t j = 0; j < t.n; j += 8) {
    V x = field.shoup(lift(load_int(m + j), field.q), root);
    if (e != nullptr) {
      x = below_q(add(x, lift(load_small(e + j), field.q)), field.q2);
    }
    store(out + j, x);
  }
}

void scale_small(std::uint64_t* out, const std::int8_t* e, Factor f, const NttTables& t) {
  const Field<false> field(t.q);
  const Root root = {splat(f.w), splat(f.quotient)};
  for (std::size_t j = 0; j < t.n; j += 8) {
    const V x = lift(load_small(e + j), field.q);
    store(out + j, f.w == 1 ? x : field.shoup(x, root));
  }
}

inline V fold(const Sum* blocks, V extra, const NttTables& t, const Reducer& reduce) {
  V low[8];
  V high[8];
  for (std::size_t k = 0; k < 8; ++k) {
    low[k] = blocks[k].low;
    high[k] = blocks[k].high;
  }
  Sum all;
  all.low = sum_transposed(low);
  all.high = sum_transposed(high);
  // All eight lanes of low together pass 52 bits: move what is above into high.
  all.high = add(all.high, shift_right(all.low, 52));
  all.low = low52(all.low);
  return all.reduced(extra, splat(t.q), splat(t.q_inverse_negated), reduce);
}

void sums(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b, std::size_t block,
          const NttTables& t) {
  const Reducer reduce(t);
  for (std::size_t first = 0; first < t.n / block; first += 8) {
    Sum blocks[8];
    for (std::size_t k = 0; k < 8; ++k) {
      const std::size_t from = (first + k) * block;
      Sum sum;
      for (std::size_t j = from; j < from + block; j += 8) {
        sum.add_product(load(a + j), load(b + j));
      }
      blocks[k] = sum;
    }
    store(out + first, fold(blocks, splat(0), t, reduce));
  }
}

template <bool pair>
inline void match_limb(const MatchLimb& limb, std::size_t block, const NttTables& t) {
  const Reducer reduce(t);
  const V q = splat(t.q);
  const V q2 = splat(2 * t.q);
  const V k = splat(t.q_inverse_negated);
  for (std::size_t first = 0; first < t.n / block; first += 8) {
    Sum blocks[8];
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t from = (first + i) * block;
      Sum sum;
      for (std::size_t j = from; j < from + block; j += 8) {
        const V c0 = load(limb.c0 + j);
        const V c1 = load(limb.c1 + j);
        const V t0 = load(limb.t0 + j);
        sum.add_product(c0, t0);
        if constexpr (pair) {
          const V t1 = load(limb.t1 + j);
          Sum cross;
          cross.add_product(c1, t0);
          cross.add_product(c0, t1);
          store(limb.out1 + j, cross.reduced(load(limb.add1 + j), q, k, reduce));
          const V square = add(montgomery(c1, t1, q, k), load(limb.add2 + j));
          store(limb.out2 + j, below_q(below_q(square, q2), q));
        } else {
          const V x = add(montgomery(c1, t0, q, k), load(limb.add1 + j));
          store(limb.out1 + j, below_q(below_q(x, q2), q));
        }
      }
      blocks[i] = sum;
    }
    store(limb.sums + first, fold(blocks, load(limb.add_sums + first), t, reduce));
  }
}

void multiply_add_sums(const MatchLimb& limb, std::size_t block, const NttTables& t) {
  if (limb.t1 != nullptr) {
    match_limb<true>(limb, block, t);
  } else {
    match_limb<false>(limb, block, t);
  }
}

void matrix(std::uint64_t* out, const std::uint64_t* m, const std::uint64_t* x, std::size_t rows,
            std::size_t columns, const Modulus& modulus) {
  const Reducer reduce(modulus);
  const V q = splat(modulus.q);
  const V k = splat(modulus.q_inverse_negated);
  for (std::size_t row = 0; row < rows; row += 8) {
    Sum sum;
    for (std::size_t j = 0; j < columns; ++j) {
      sum.add_product(load(m + j * rows + row), splat(x[j]));
    }
    // 192 low halves stay below 2^60; what is above 52 bits goes up.
    sum.high = add(sum.high, shift_right(sum.low, 52));
    sum.low = low52(sum.low);
    store(out + row, sum.reduced(splat(0), q, k, reduce));
  }
}
