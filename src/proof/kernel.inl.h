// The kernel body over a vector type V of `lanes` numbers. The including file defines, in its
// anonymous namespace, V, lanes, load, store, splat, add, sub, mul (Montgomery: a b / 2^32) and sum
// (of all lanes, modulo p).
#pragma once

#include "proof/kernel.h"
#include "proof/modulus.inl.h"

namespace v100::proof {
namespace {

inline V scale(V a, std::uint32_t constant) { return mul(a, splat(constant)); }
inline V offset(V a, std::uint32_t constant) { return add(a, splat(constant)); }
inline V zero() { return splat(0); }

}  // namespace
}  // namespace v100::proof

#include "proof/air.inl.h"

namespace v100::proof {
namespace {

inline V load_montgomery(const std::uint32_t* p) { return mul(load(p), splat(montgomery_r2)); }
inline void store_canonical(std::uint32_t* p, V v) { store(p, mul(v, splat(1))); }

void compress(std::uint32_t* out, const std::uint32_t* in) {
  for (int at = 0; at < 16; at += lanes) {
    V s[16];
    for (int i = 0; i < 16; ++i) {
      s[i] = load_montgomery(in + 16 * i + at);
    }
    compress_pinned(s, [](std::size_t, V value) { return value; });
    for (int i = 0; i < 8; ++i) {
      store_canonical(out + 16 * i + at, s[i]);
    }
  }
}

// Decimation in frequency, two levels at a time while there are two.
void transform_strip(std::uint32_t* tile, unsigned log, const std::uint32_t* roots) {
  const std::size_t size = std::size_t{1} << log;
  std::size_t step = 1;  // roots[step * k] is the kth power at this level
  std::size_t span = size / 2;
  for (; span >= 2; span /= 4, step *= 4) {
    const std::size_t half = span / 2;
    const V quarter = splat(roots[size / 4]);
    for (std::size_t k = 0; k < half; ++k) {
      const V w1 = splat(roots[step * k]);
      const V w2 = splat(roots[2 * step * k]);
      const V w3 = mul(w1, w2);
      for (std::size_t start = k; start < size; start += 2 * span) {
        std::uint32_t* p = tile + 16 * start;
        const V a = load(p);
        const V b = load(p + 16 * half);
        const V c = load(p + 16 * span);
        const V d = load(p + 16 * (span + half));
        const V even = add(a, c);
        const V odd = add(b, d);
        const V e = sub(a, c);
        const V f = mul(sub(b, d), quarter);
        store(p, add(even, odd));
        store(p + 16 * half, mul(sub(even, odd), w2));
        store(p + 16 * span, mul(add(e, f), w1));
        store(p + 16 * (span + half), mul(sub(e, f), w3));
      }
    }
  }
  if (span == 1) {
    for (std::size_t start = 0; start < size; start += 2) {
      std::uint32_t* p = tile + 16 * start;
      const V a = load(p);
      const V b = load(p + 16);
      store(p, add(a, b));
      store(p + 16, sub(a, b));
    }
  }
}

void transform(std::uint32_t* tile, unsigned log, const std::uint32_t* roots) {
  for (int at = 0; at < 16; at += lanes) {
    transform_strip(tile + at, log, roots);
  }
}

void extend(std::uint32_t* out, std::size_t stride, const std::uint32_t* coefficients,
            const std::uint32_t* shift, const std::uint32_t* roots) {
  alignas(64) std::uint32_t tile[128 * 16];
  for (std::size_t row = 0; row < 128; ++row) {
    const V by = splat(shift[row]);
    for (std::size_t at = 0; at < 16; at += lanes) {
      store(tile + 16 * row + at, mul(load(coefficients + 16 * row + at), by));
    }
  }
  transform(tile, 7, roots);
  for (std::size_t row = 0; row < 128; ++row) {
    for (std::size_t at = 0; at < 16; at += lanes) {
      store(out + row * stride + at, load(tile + 16 * row + at));
    }
  }
}

void evaluate(std::uint32_t* out, const std::uint32_t* tile, std::size_t count,
              const std::uint32_t* powers) {
  for (std::size_t at = 0; at < 16; at += lanes) {
    V sums[6] = {zero(), zero(), zero(), zero(), zero(), zero()};
    for (std::size_t row = 0; row < count; ++row) {
      const V v = load(tile + 16 * row + at);
      for (std::size_t k = 0; k < 6; ++k) {
        sums[k] = add(sums[k], mul(v, splat(powers[6 * row + k])));
      }
    }
    for (std::size_t k = 0; k < 6; ++k) {
      store(out + 16 * k + at, sums[k]);
    }
  }
}

void combine(std::uint32_t* out, const std::uint32_t* in, std::size_t count, std::size_t stride,
             std::size_t tiles, const std::uint32_t* weights) {
  for (std::size_t row = 0; row < count; ++row) {
    V sums[6] = {zero(), zero(), zero(), zero(), zero(), zero()};
    for (std::size_t t = 0; t < tiles; ++t) {
      for (std::size_t at = 0; at < 16; at += lanes) {
        const V v = load(in + row * stride + 16 * t + at);
        for (std::size_t k = 0; k < 6; ++k) {
          sums[k] = add(sums[k], mul(v, load(weights + 16 * (6 * t + k) + at)));
        }
      }
    }
    for (std::size_t k = 0; k < 6; ++k) {
      out[6 * row + k] = sum(sums[k]);
    }
  }
}

void compose(const ConstraintGroup* g) {
  for (std::size_t at = 0; at < 16; at += lanes) {
    V c[columns];
    for (std::size_t i = 0; i < columns_used; ++i) {
      c[i] = load_montgomery(g->current + 16 * i + at);
    }
    V b[backs];
    for (std::size_t i = 0; i < backs; ++i) {
      b[i] = load_montgomery(g->back + 16 * i + at);
    }
    V chosen[selectors];
    for (std::size_t i = 0; i < selectors; ++i) {
      chosen[i] = load_montgomery(g->selected + 16 * i + at);
    }
    V sums[6] = {zero(), zero(), zero(), zero(), zero(), zero()};
    const std::uint32_t* alpha = g->alphas;
    emit_constraints(c, b, chosen, g->publics, [&](V value) {
      for (std::size_t k = 0; k < 6; ++k) {
        sums[k] = add(sums[k], mul(value, splat(alpha[k])));
      }
      alpha += 6;
    });
    const V inverse = load_montgomery(g->inverse_vanishing + at);
    for (std::size_t k = 0; k < 6; ++k) {
      store_canonical(g->out + 16 * k + at, add(mul(sums[k], inverse), b[back_mask + k]));
    }
  }
}

}  // namespace
}  // namespace v100::proof
