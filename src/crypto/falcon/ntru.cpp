// Falcon §3.8.2, Algorithms 6 (NTRUSolve) and 7 (Reduce): down by field norms until f and g are
// integers, there a Bezout relation, and up again, each solution made small by Babai's rounding.
//
// Depth d has polynomials of n / 2^d coefficients, whose length grows with 2^d. All lengths are
// fixed by depth, so that time and memory access do not depend on the key; an (f, g) that does not
// fit is refused at the end, when the equation is checked.
#include "crypto/falcon/ntru.h"

#include <cstring>

#include "base/ct.h"
#include "base/secret.h"
#include "crypto/falcon/bigint.h"
#include "crypto/falcon/internal.h"

namespace v100::falcon {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;

// Limbs that f and g take at each depth, and F and G before they are reduced there.
constexpr int words_small[11] = {1, 1, 2, 2, 4, 7, 14, 27, 53, 106, 209};
constexpr int words_large[10] = {2, 2, 5, 7, 12, 21, 40, 78, 157, 308};
// Bits of the largest coefficient of f and g: mean and deviation over random keys, as round 3's
// submission gives them. Six deviations either side are allowed for.
struct Length {
  int mean;
  int deviation;
  constexpr int least() const { return mean - 6 * deviation; }
  constexpr int most() const { return mean + 6 * deviation; }
};
constexpr Length lengths[11] = {{4, 0},   {11, 1},  {24, 1},   {50, 1},    {102, 1},  {202, 2},
                                {401, 4}, {794, 5}, {1577, 8}, {3138, 13}, {6308, 25}};
// Limbs whose leading part a double holds in any case.
constexpr int window_max = 10;
// Bits by which one round of Babai's rounding shortens F and G for certain.
constexpr int round_bits = 25;
// Where k f is computed by transforms rather than coefficient by coefficient: from this many on.
constexpr int transform_from_logn = 5;

constexpr std::size_t level_words(int logn, int depth) {
  return static_cast<std::size_t>(words_small[depth]) << (logn - depth);
}
constexpr std::size_t level_at(int logn, int depth) {
  return depth == 0 ? 0 : level_at(logn, depth - 1) + level_words(logn, depth - 1);
}

class Solver {
 public:
  explicit Solver(int logn) noexcept
      : logn_(logn),
        primes_(static_cast<std::size_t>(logn > 9 ? words_large[9] : words_large[8])) {}
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;
  ~Solver() { wipe_object(work_); }

  bool solve(const std::int8_t* f, const std::int8_t* g, std::int8_t* big_f, std::int8_t* big_g) {
    descend(f, work_.f);
    descend(g, work_.g);
    u32 good = bottom();
    for (int depth = logn_ - 1; depth >= 0; --depth) {
      lift(depth);
      good &= reduce(depth);
    }
    good &= narrow(work_.half_f, big_f) & narrow(work_.half_g, big_g);
    good &= equation_holds(f, g, big_f, big_g);
    return ct::declassify(ct::Mask::from_bit(good), "a key that fails is thrown away");
  }

 private:
  // Field norms of a at all depths: N(a)(X^2) = a(X) a(-X).
  void descend(const std::int8_t* a, u32* levels) {
    for (std::size_t i = 0; i < std::size_t{1} << logn_; ++i) {
      levels[i] = static_cast<u32>(static_cast<i32>(a[i])) & limb_mask;
    }
    for (int depth = 0; depth < logn_; ++depth) {
      const int log_from = logn_ - depth;
      const std::size_t n = std::size_t{1} << log_from, half = n / 2;
      const u32* from = levels + level_at(logn_, depth);
      u32* to = levels + level_at(logn_, depth + 1);
      const std::size_t words = static_cast<std::size_t>(words_small[depth + 1]);
      for (std::size_t i = 0; i < words; ++i) {
        const Modulus& mod = primes_.mod[i];
        u32* values = work_.a;
        reduce_limbs(from, n, static_cast<std::size_t>(words_small[depth]), mod, values);
        work_.tables.fill(mod, log_from);
        ntt(values, mod, work_.tables, log_from);
        for (std::size_t j = 0; j < half; ++j) {
          to[i * half + j] = mod.mul(mod.enter(values[2 * j]), values[2 * j + 1]);
        }
        if (half > 1) {
          work_.tables.fill(mod, log_from - 1);
          intt(to + i * half, mod, work_.tables, log_from - 1);
        }
      }
      join_residues(to, half, words, primes_);
    }
  }

  // f u - g v = 1, so G = q u and F = q v.
  u32 bottom() {
    const std::size_t words = static_cast<std::size_t>(words_small[logn_]);
    const std::size_t at = level_at(logn_, logn_);
    u32 good = bezout(work_.f + at, work_.g + at, words, work_.half_g, work_.half_f, work_.large_f);
    good &= is_zero(multiply_small(work_.half_f, words, static_cast<u32>(q)));
    good &= is_zero(multiply_small(work_.half_g, words, static_cast<u32>(q)));
    return good;
  }

  // F(X) = F'(X^2) g(-X), G(X) = G'(X^2) f(-X).
  void lift(int depth) {
    const int log_n = logn_ - depth;
    const std::size_t n = std::size_t{1} << log_n, half = n / 2;
    const std::size_t words = static_cast<std::size_t>(words_large[depth]);
    const std::size_t small = static_cast<std::size_t>(words_small[depth]);
    const std::size_t below = static_cast<std::size_t>(words_small[depth + 1]);
    const std::size_t at = level_at(logn_, depth);
    for (std::size_t i = 0; i < words; ++i) {
      const Modulus& mod = primes_.mod[i];
      const auto one = [&](const u32* halved, const u32* other, u32* out) {
        reduce_limbs(halved, half, below, mod, work_.a);
        if (half > 1) {
          work_.tables.fill(mod, log_n - 1);
          ntt(work_.a, mod, work_.tables, log_n - 1);
        }
        reduce_limbs(other, n, small, mod, work_.b);
        work_.tables.fill(mod, log_n);
        ntt(work_.b, mod, work_.tables, log_n);
        for (std::size_t j = 0; j < half; ++j) {
          const u32 value = mod.enter(work_.a[j]);
          out[2 * j] = mod.mul(value, work_.b[2 * j + 1]);
          out[2 * j + 1] = mod.mul(value, work_.b[2 * j]);
        }
        intt(out, mod, work_.tables, log_n);
      };
      one(work_.half_f, work_.g + at, work_.large_f + i * n);
      one(work_.half_g, work_.f + at, work_.large_g + i * n);
    }
    join_residues(work_.large_f, n, words, primes_);
    join_residues(work_.large_g, n, words, primes_);
  }

  // Babai's rounding, k = (F f* + G g*) / (f f* + g g*), from the top down: each round takes the
  // leading part of everything as doubles. The result is cut to the limbs that f and g have.
  u32 reduce(int depth) {
    const int log_n = logn_ - depth;
    const std::size_t n = std::size_t{1} << log_n;
    const int small = words_small[depth];
    const Length length = lengths[depth];
    const int window_fg = small < window_max ? small : window_max;
    const int scale_fg = limb_bits * (small - window_fg);
    load_fg(depth, small - window_fg, window_fg);

    int words = words_large[depth];
    int longest = limb_bits * words;
    int scale = longest - length.least();
    u32 good = 1;
    // At depth 0 the last round is run twice, so that F and G are what exact rounding gives.
    for (int last_rounds = depth == 0 ? 2 : 1; last_rounds > 0;) {
      const int window = words < window_max ? words : window_max;
      limbs_to_double(work_.large_f, n, static_cast<std::size_t>(words - window),
                      static_cast<std::size_t>(window), work_.x);
      limbs_to_double(work_.large_g, n, static_cast<std::size_t>(words - window),
                      static_cast<std::size_t>(window), work_.y);
      const int scale_large = limb_bits * (words - window);
      good &= quotient(log_n, scale_large - scale_fg - scale);
      subtract(depth, static_cast<std::size_t>(words), static_cast<unsigned>(scale));
      const int next = scale + length.most() + 10;
      if (next < longest) {
        longest = next;
        if (words * limb_bits >= longest + limb_bits) {
          --words;
        }
      }
      last_rounds -= scale == 0 ? 1 : 0;
      scale = scale > round_bits ? scale - round_bits : 0;
    }
    cut(work_.large_f, work_.half_f, n, words, small);
    cut(work_.large_g, work_.half_g, n, words, small);
    return good;
  }

  // f and g transformed to doubles, and 1 / (f f* + g g*).
  void load_fg(int depth, int from, int window) {
    const int log_n = logn_ - depth;
    const std::size_t n = std::size_t{1} << log_n;
    const std::size_t at = level_at(logn_, depth);
    limbs_to_double(work_.f + at, n, static_cast<std::size_t>(from),
                    static_cast<std::size_t>(window), work_.f_hat);
    limbs_to_double(work_.g + at, n, static_cast<std::size_t>(from),
                    static_cast<std::size_t>(window), work_.g_hat);
    kernel().fft(work_.f_hat, log_n);
    kernel().fft(work_.g_hat, log_n);
    const std::size_t m = n / 2;
    for (std::size_t u = 0; u < m; ++u) {
      const double f_re = work_.f_hat[u], f_im = work_.f_hat[m + u];
      const double g_re = work_.g_hat[u], g_im = work_.g_hat[m + u];
      work_.inverse[u] = 1.0 / (f_re * f_re + f_im * f_im + g_re * g_re + g_im * g_im);
    }
  }

  // k from x and y times 2^exponent; 0 if a coefficient does not fit 31 bits.
  u32 quotient(int log_n, int exponent) {
    const std::size_t n = std::size_t{1} << log_n, m = n / 2;
    double* x = work_.x;
    double* y = work_.y;
    kernel().fft(x, log_n);
    kernel().fft(y, log_n);
    for (std::size_t u = 0; u < m; ++u) {
      const double f_re = work_.f_hat[u], f_im = work_.f_hat[m + u];
      const double g_re = work_.g_hat[u], g_im = work_.g_hat[m + u];
      const double re = x[u] * f_re + x[m + u] * f_im + y[u] * g_re + y[m + u] * g_im;
      const double im = x[m + u] * f_re - x[u] * f_im + y[m + u] * g_re - y[u] * g_im;
      x[u] = re * work_.inverse[u];
      x[m + u] = im * work_.inverse[u];
    }
    kernel().ifft(x, log_n);
    double factor = 1;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); ++i) {
      factor *= exponent < 0 ? 0.5 : 2.0;
    }
    u32 good = 1;
    for (std::size_t i = 0; i < n; ++i) {
      const double value = x[i] * factor;
      good &= static_cast<u32>(value > -2147483647.0) & static_cast<u32>(value < 2147483647.0);
      const double below = value < 2147483647.0 ? value : 2147483647.0;
      const double kept = below > -2147483647.0 ? below : -2147483647.0;
      work_.k[i] = static_cast<i32>((kept + 6755399441055744.0) - 6755399441055744.0);
    }
    return good;
  }

  // F -= k f 2^scale, G -= k g 2^scale.
  void subtract(int depth, std::size_t words, unsigned scale) {
    const int log_n = logn_ - depth;
    const std::size_t n = std::size_t{1} << log_n;
    const std::size_t small = static_cast<std::size_t>(words_small[depth]);
    const std::size_t at = level_at(logn_, depth);
    if (log_n < transform_from_logn) {
      subtract_product(work_.large_f, words, work_.f + at, small, work_.k, n, scale);
      subtract_product(work_.large_g, words, work_.g + at, small, work_.k, n, scale);
      return;
    }
    const auto one = [&](const u32* short_one, u32* long_one) {
      u32* products = work_.products;
      for (std::size_t i = 0; i < small + 1; ++i) {
        const Modulus& mod = primes_.mod[i];
        work_.tables.fill(mod, log_n);
        for (std::size_t j = 0; j < n; ++j) {
          work_.a[j] = mod.enter(mod.from_signed(work_.k[j]));
        }
        ntt(work_.a, mod, work_.tables, log_n);
        u32* product = products + i * n;
        reduce_limbs(short_one, n, small, mod, product);
        ntt(product, mod, work_.tables, log_n);
        for (std::size_t j = 0; j < n; ++j) {
          product[j] = mod.mul(product[j], work_.a[j]);
        }
        intt(product, mod, work_.tables, log_n);
      }
      join_residues(products, n, small + 1, primes_);
      subtract_shifted(long_one, words, products, small + 1, n, scale);
    };
    one(work_.f + at, work_.large_f);
    one(work_.g + at, work_.large_g);
  }

  // `words` limbs to `small` ones, the sign carried on where there were fewer.
  void cut(const u32* from, u32* to, std::size_t n, int words, int small) {
    for (int i = 0; i < small; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t top = static_cast<std::size_t>(words - 1) * n + j;
        to[static_cast<std::size_t>(i) * n + j] = i < words
                                                      ? from[static_cast<std::size_t>(i) * n + j]
                                                      : (0u - (from[top] >> 30)) & limb_mask;
      }
    }
  }

  static u32 is_zero(u32 a) { return 1 - ((a | (0u - a)) >> 31); }

  // One limb to a byte: 0 if one is not in -127..127.
  u32 narrow(const u32* limbs, std::int8_t* out) const {
    u32 good = 1;
    for (std::size_t i = 0; i < std::size_t{1} << logn_; ++i) {
      const i32 value = static_cast<i32>(limbs[i] << 1) >> 1;
      good &= 1 - (static_cast<u32>(value + 127) > 254 ? 1u : 0u);
      out[i] = static_cast<std::int8_t>(value);
    }
    return good;
  }

  // All of f, g, F, G are below 128, so that f G - g F is below the first prime by far and what
  // holds modulo it holds.
  u32 equation_holds(const std::int8_t* f, const std::int8_t* g, const std::int8_t* big_f,
                     const std::int8_t* big_g) {
    const std::size_t n = std::size_t{1} << logn_;
    const Modulus& mod = primes_.mod[0];
    work_.tables.fill(mod, logn_);
    const auto load = [&](const std::int8_t* from, u32* to) {
      for (std::size_t i = 0; i < n; ++i) {
        to[i] = mod.from_signed(from[i]);
      }
      ntt(to, mod, work_.tables, logn_);
    };
    u32 wrong = 0;
    u32* sum = work_.large_f;
    load(f, work_.a);
    load(big_g, work_.b);
    for (std::size_t i = 0; i < n; ++i) {
      sum[i] = mod.mul(work_.a[i], work_.b[i]);
    }
    load(g, work_.a);
    load(big_f, work_.b);
    const u32 target = mod.mul(static_cast<u32>(q), 1);  // as the products, times 2^-32
    for (std::size_t i = 0; i < n; ++i) {
      wrong |= mod.sub(sum[i], mod.mul(work_.a[i], work_.b[i])) ^ target;
    }
    return is_zero(wrong);
  }

  static constexpr std::size_t levels_words = level_at(10, 10) + level_words(10, 10);
  struct Work {
    u32 f[levels_words];  // at all depths
    u32 g[levels_words];
    u32 large_f[2048];  // of the depth in hand, unreduced
    u32 large_g[2048];
    u32 half_f[1024];  // of the depth before, or the result
    u32 half_g[1024];
    u32 a[1024];
    u32 b[1024];
    i32 k[1024];
    NttTables tables;
    alignas(64) double x[1024];
    alignas(64) double y[1024];
    alignas(64) double f_hat[1024];
    alignas(64) double g_hat[1024];
    double inverse[512];
    u32 products[2048];
  };
  static_assert(sizeof(Work) <= 120 * 1024);

  int logn_;
  Primes primes_;
  Work work_;
};

}  // namespace

bool solve_ntru(const std::int8_t* f, const std::int8_t* g, std::int8_t* big_f, std::int8_t* big_g,
                int logn) noexcept {
  Solver solver(logn);
  return solver.solve(f, g, big_f, big_g);
}

}  // namespace v100::falcon
