// The transform of real polynomials modulo X^n + 1, and halving and doubling of what is
// transformed. A kernel file defines before including this: D, a vector of `doubles` doubles.
//
// A transformed polynomial is its values at m = n/2 roots, real parts in m doubles and then
// imaginary parts. Root u is exp(2 pi i (4u + 1) / 2n): root u + m/2 is its negative, and the
// square of both is root u of half the size. So halving pairs places m/2 apart, and no vector needs
// a shuffle. (The reference has its roots bit-reversed; nothing outside sees the order.)

namespace v100::falcon {
namespace {

// cos and sin of 2 pi a / b for an angle of at most an eighth turn. Compile-time only.
constexpr long double turn = 6.283185307179586476925286766559005768L;
constexpr long double series(long double x, int first) {
  long double term = first == 0 ? 1 : x;
  long double sum = term;
  for (int k = first + 1; k < 40; k += 2) {
    term = -term * x * x / static_cast<long double>(k * (k + 1));
    sum += term;
  }
  return sum;
}
struct Unit {
  double re;
  double im;
};
// exp(2 pi i a / b), 0 <= a <= b/2, b divisible by 8.
constexpr Unit unit(int a, int b) {
  if (a > b / 4) {
    const Unit quarter = unit(a - b / 4, b);
    return {-quarter.im, quarter.re};
  }
  if (a > b / 8) {
    const Unit mirrored = unit(b / 4 - a, b);
    return {mirrored.im, mirrored.re};
  }
  const long double x = turn * a / b;
  return {static_cast<double>(series(x, 0)), static_cast<double>(series(x, 1))};
}
// Roots u < h of size 2h stand at h + u.
struct UnitTable {
  double re[512];
  double im[512];
};
constexpr UnitTable make_units() {
  UnitTable table{};
  for (int h = 1; h <= 256; h *= 2) {
    for (int u = 0; u < h; ++u) {
      const Unit w = unit(4 * u + 1, 8 * h);
      table.re[h + u] = w.re;
      table.im[h + u] = w.im;
    }
  }
  return table;
}
alignas(64) constexpr UnitTable units = make_units();

template <class T>
inline T load_as(const double* p) {
  T a;
  __builtin_memcpy(&a, p, sizeof a);
  return a;
}
template <class T>
inline void store_as(double* p, T a) {
  __builtin_memcpy(p, &a, sizeof a);
}
template <class T>
inline T splat_as(double a) {
  T v;
  if constexpr (sizeof(T) == sizeof(double)) {
    v = a;
  } else {
    for (int i = 0; i < static_cast<int>(sizeof(T) / sizeof a); ++i) {
      v[i] = a;
    }
  }
  return v;
}

// a = x + w y, b = x - w y.
template <class T>
inline void double_step(T x_re, T x_im, T y_re, T y_im, T w_re, T w_im, double* a_re, double* a_im,
                        double* b_re, double* b_im) {
  const T p_re = y_re * w_re - y_im * w_im;
  const T p_im = y_re * w_im + y_im * w_re;
  store_as(a_re, x_re + p_re);
  store_as(a_im, x_im + p_im);
  store_as(b_re, x_re - p_re);
  store_as(b_im, x_im - p_im);
}
// x = f (a + b), y = f (a - b) / w.
template <class T>
inline void halve_step(T a_re, T a_im, T b_re, T b_im, T w_re, T w_im, T f, double* x_re,
                       double* x_im, double* y_re, double* y_im) {
  const T d_re = a_re - b_re, d_im = a_im - b_im;
  store_as(x_re, (a_re + b_re) * f);
  store_as(x_im, (a_im + b_im) * f);
  store_as(y_re, (d_re * w_re + d_im * w_im) * f);
  store_as(y_im, (d_im * w_re - d_re * w_im) * f);
}

// ---- Falcon §3.8.2: splitfft and mergefft. `to` and `from` hold n doubles, the halves n/2.
template <class T, int H>
inline void split_by(const double* from, double* even, double* odd) {
  constexpr int step = sizeof(T) / sizeof(double);
  for (int u = 0; u < H; u += step) {
    const double* re = from + u;
    const double* im = from + 2 * H + u;
    halve_step(load_as<T>(re), load_as<T>(im), load_as<T>(re + H), load_as<T>(im + H),
               load_as<T>(units.re + H + u), load_as<T>(units.im + H + u), splat_as<T>(0.5),
               even + u, even + H + u, odd + u, odd + H + u);
  }
}
template <class T, int H>
inline void merge_by(const double* even, const double* odd, double* to) {
  constexpr int step = sizeof(T) / sizeof(double);
  for (int u = 0; u < H; u += step) {
    double* re = to + u;
    double* im = to + 2 * H + u;
    double_step(load_as<T>(even + u), load_as<T>(even + H + u), load_as<T>(odd + u),
                load_as<T>(odd + H + u), load_as<T>(units.re + H + u), load_as<T>(units.im + H + u),
                re, im, re + H, im + H);
  }
}
template <int H>
inline void split_halves(const double* from, double* even, double* odd) {
  if constexpr (H >= doubles) {
    split_by<D, H>(from, even, odd);
  } else {
    split_by<double, H>(from, even, odd);
  }
}
template <int H>
inline void merge_halves(const double* even, const double* odd, double* to) {
  if constexpr (H >= doubles) {
    merge_by<D, H>(even, odd, to);
  } else {
    merge_by<double, H>(even, odd, to);
  }
}

// ---- Whole transforms. Layer j joins polynomials of 2^j values. Before the reordering they lie
// spread with one value of each side by side, after it each in one piece: the first half of the
// layers runs on the one form, the second half on the other, both with long contiguous loops.
inline int reversed_bits(int value, int bits) {
  int r = 0;
  for (int i = 0; i < bits; ++i) {
    r |= ((value >> i) & 1) << (bits - 1 - i);
  }
  return r;
}
inline void reorder(double* a, int log_m) {
  for (int p = 0; p < 1 << log_m; ++p) {
    const int r = reversed_bits(p, log_m);
    if (p < r) {
      const double kept = a[p];
      a[p] = a[r];
      a[r] = kept;
    }
  }
}

template <class T, bool FORWARD>
inline void layer(double* re, double* im, int i, int distance, T w_re, T w_im) {
  const T a_re = load_as<T>(re + i), a_im = load_as<T>(im + i);
  const T b_re = load_as<T>(re + i + distance), b_im = load_as<T>(im + i + distance);
  if constexpr (FORWARD) {
    double_step(a_re, a_im, b_re, b_im, w_re, w_im, re + i, im + i, re + i + distance,
                im + i + distance);
  } else {
    halve_step(a_re, a_im, b_re, b_im, w_re, w_im, splat_as<T>(1), re + i, im + i,
               re + i + distance, im + i + distance);
  }
}
template <class T, bool FORWARD>
inline void spread_layer(double* re, double* im, int j, int log_m) {
  const int distance = 1 << (log_m - j - 1);
  for (int group = 0; group < 1 << j; ++group) {
    const int w = (1 << j) + reversed_bits(group, j);
    const T w_re = splat_as<T>(units.re[w]), w_im = splat_as<T>(units.im[w]);
    const int start = 2 * distance * group;
    for (int i = 0; i < distance; i += static_cast<int>(sizeof(T) / sizeof(double))) {
      layer<T, FORWARD>(re, im, start + i, distance, w_re, w_im);
    }
  }
}
template <class T, bool FORWARD>
inline void gathered_layer(double* re, double* im, int j, int log_m) {
  const int h = 1 << j;
  for (int start = 0; start < 1 << log_m; start += 2 * h) {
    for (int u = 0; u < h; u += static_cast<int>(sizeof(T) / sizeof(double))) {
      layer<T, FORWARD>(re, im, start + u, h, load_as<T>(units.re + h + u),
                        load_as<T>(units.im + h + u));
    }
  }
}

template <class T>
inline void fft_by(double* a, int log_m) {
  double* re = a;
  double* im = a + (1 << log_m);
  for (int j = 0; j < log_m / 2; ++j) {
    spread_layer<T, true>(re, im, j, log_m);
  }
  reorder(re, log_m);
  reorder(im, log_m);
  for (int j = log_m / 2; j < log_m; ++j) {
    gathered_layer<T, true>(re, im, j, log_m);
  }
}
template <class T>
inline void ifft_by(double* a, int log_m) {
  double* re = a;
  double* im = a + (1 << log_m);
  for (int j = log_m - 1; j >= log_m / 2; --j) {
    gathered_layer<T, false>(re, im, j, log_m);
  }
  reorder(re, log_m);
  reorder(im, log_m);
  for (int j = log_m / 2 - 1; j >= 0; --j) {
    spread_layer<T, false>(re, im, j, log_m);
  }
  const double factor = 1.0 / (1 << log_m);
  for (int i = 0; i < 2 << log_m; ++i) {
    a[i] *= factor;
  }
}

// Halves of the layers are as long as a vector of eight from 64 values on.
[[maybe_unused]] void fft(double* a, int logn) {
  logn > 6 ? fft_by<D>(a, logn - 1) : fft_by<double>(a, logn - 1);
}
[[maybe_unused]] void ifft(double* a, int logn) {
  logn > 6 ? ifft_by<D>(a, logn - 1) : ifft_by<double>(a, logn - 1);
}

}  // namespace
}  // namespace v100::falcon
