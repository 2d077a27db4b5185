// From a private key to what signing needs. Falcon §3.8.
//
// Floating point: doubles rounded to nearest, additions, multiplications, divisions and square
// roots only. Division and square root take a time that depends on their operands on some
// processors; they run once a key and not once a signature.
#include <cfloat>

#include "crypto/falcon/internal.h"

#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)
#error "Falcon needs IEEE doubles without excess precision and without -ffast-math"
#endif

namespace v100::falcon {
namespace {

// A product or quotient of transformed polynomials goes value by value.
struct Complex {
  double re;
  double im;
};
Complex at(const double* a, std::size_t u, std::size_t m) { return {a[u], a[m + u]}; }
double square(Complex a) { return a.re * a.re + a.im * a.im; }
// a times b's conjugate
Complex times_adjoint(Complex a, Complex b) {
  return {a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}

void transform(const std::int8_t* from, double sign, double* to, int logn) {
  for (std::size_t i = 0; i < std::size_t{1} << logn; ++i) {
    to[i] = sign * from[i];
  }
  kernel().fft(to, logn);
}

// exp(2 pi i (4u + 1) / 4m): what kernels have in a table, taken from their transform: the
// transform of X is its value at each root.
void roots_of(double* roots, int logn) {
  std::memset(roots, 0, sizeof(double) << logn);
  roots[1] = 1;
  kernel().fft(roots, logn);
}

// Falcon §3.8.3, Algorithm 9 (ffLDL*). The Gram matrix [[a, b], [b*, c]] has real a and c (m
// doubles, transformed) and complex b (2m). `roots` holds, for each size, the roots of that size.
// a, b and c are used up; `rest` is scratch of as many doubles as a, b and c have.
void grow(double* a, double* b, double* c, double* tree, double* rest, int logn,
          double inverse_sigma, const double* const* roots) {
  const std::size_t m = std::size_t{1} << (logn - 1);
  const std::size_t h = m / 2;
  for (std::size_t u = 0; u < m; ++u) {
    const Complex b_u = at(b, u, m);
    const double inverse = 1.0 / a[u];
    tree[u] = b_u.re * inverse;  // L10 = b* / a
    tree[m + u] = -(b_u.im * inverse);
    c[u] -= square(b_u) * inverse;
  }
  double* left = tree + 2 * m;
  if (logn == 1) {
    left[0] = __builtin_sqrt(a[0]) * inverse_sigma;
    left[1] = __builtin_sqrt(c[0]) * inverse_sigma;
    return;
  }
  double* right = left + (static_cast<std::size_t>(logn) << (logn - 1));
  // Both diagonal elements, halved, are the next matrices: their even part twice, the odd one
  // beside.
  for (double* const diagonal : {a, c}) {
    double* even = rest;
    double* odd = rest + h;
    double* again = rest + 3 * h;
    for (std::size_t u = 0; u < h; ++u) {
      const Complex w = at(roots[logn], u, m);
      const double difference = (diagonal[u] - diagonal[u + h]) * 0.5;
      even[u] = again[u] = (diagonal[u] + diagonal[u + h]) * 0.5;
      odd[u] = difference * w.re;
      odd[h + u] = -(difference * w.im);
    }
    grow(even, odd, again, diagonal == a ? left : right, rest + 4 * h, logn - 1, inverse_sigma,
         roots);
  }
}

}  // namespace

// Falcon §2.5.1, table 3.3: sigma = 1.17 sqrt(q) sigma_min. Sizes below 512 are for test vectors.
double sigma_min_of(int logn) {
  static constexpr double table[11] = {
      0,
      1.1165085072329102589,
      1.1321247692325272406,
      1.1475285353733668685,
      1.1702540788534828940,
      1.1925466358390344011,
      1.2144300507766139921,
      1.2359260567719808790,
      1.2570545284063214163,
      1.2778336969128335860,
      1.2982803343442918540,
  };
  return table[logn];
}
double sigma_of(int logn) {
  static constexpr double table[11] = {
      0,
      144.81253976308423,
      146.83798833523608,
      148.83587593064718,
      151.78340713845503,
      154.6747794602761,
      157.51308555044122,
      160.30114421975344,
      163.04153322607107,
      165.7366171829776,
      168.38857144654395,
  };
  return table[logn];
}

void expand(const Basis& key, double* basis, double* tree, double* scratch, int logn) {
  const std::size_t n = std::size_t{1} << logn;
  const std::size_t m = n / 2;
  double* b00 = basis;
  double* b01 = basis + n;
  double* b10 = basis + 2 * n;
  double* b11 = basis + 3 * n;
  transform(key.g, 1, b00, logn);
  transform(key.f, -1, b01, logn);
  transform(key.big_g, 1, b10, logn);
  transform(key.big_f, -1, b11, logn);

  Values<double, 2048> roots;
  const double* by_size[11];
  for (int size = 2; size <= logn; ++size) {
    double* here = roots.v + (std::size_t{1} << size);
    roots_of(here, size);
    by_size[size] = here;
  }
  double* a = scratch;
  double* b = a + m;
  double* c = b + n;
  for (std::size_t u = 0; u < m; ++u) {
    const Complex g = at(b00, u, m), f = at(b01, u, m);
    const Complex big_g = at(b10, u, m), big_f = at(b11, u, m);
    const Complex first = times_adjoint(g, big_g), second = times_adjoint(f, big_f);
    a[u] = square(g) + square(f);
    b[u] = first.re + second.re;
    b[m + u] = first.im + second.im;
    c[u] = square(big_g) + square(big_f);
  }
  grow(a, b, c, tree, scratch + 2 * n, logn, 1.0 / sigma_of(logn), by_size);
}

}  // namespace v100::falcon
