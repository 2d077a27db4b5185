// Presets, and their soundness as the compiler computes it. The sum, with its sources, is written
// out in docs/spec/membership-soundness.md; the names here are the names there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proof/columns.h"
#include "proof/modulus.inl.h"

namespace v100::proof {

inline constexpr std::size_t degree = 128;  // bound of all committed polynomials
inline constexpr unsigned degree_log = 7;
inline constexpr std::size_t blinds = degree - rows;  // random coefficients of a trace column
inline constexpr std::size_t segments = 5;            // of the quotient
inline constexpr std::size_t segment_step = 70;       // coefficients of a segment before its mask
inline constexpr std::size_t cap_log = 5;             // trees are committed by a level of 32 nodes
inline constexpr std::size_t cap = 1u << cap_log;
inline constexpr unsigned fold_log = 3;  // FRI folds eight points into one
inline constexpr std::size_t fold = 1u << fold_log;
inline constexpr std::size_t compose_points = 512;  // enough for the quotient's degree

// The quotient: a cubic in columns of degree < 128, over x^32 - 1.
inline constexpr std::size_t quotient_degree = 3 * (degree - 1) - rows;
static_assert(quotient_degree < segments * segment_step);
static_assert(quotient_degree < compose_points);

struct Params {
  std::uint8_t id;
  unsigned domain_log;  // points of the evaluation domain
  unsigned queries;
  unsigned grinding_bits;
  unsigned folds;    // FRI rounds
  unsigned johnson;  // m: distance of the proximity parameter from the Johnson radius
  unsigned bits;     // what is claimed, and proven below

  constexpr std::size_t domain() const { return std::size_t{1} << domain_log; }
  constexpr std::size_t final_degree() const { return degree >> (fold_log * folds); }
  // Leaves of the tree of FRI round r: the cosets that are folded.
  constexpr unsigned fri_leaves_log(unsigned r) const { return domain_log - fold_log * (r + 1); }
};

constexpr double square_root(double x) {
  double y = x < 1 ? 1 : x;
  for (int i = 0; i < 200; ++i) {
    y = (y + x / y) / 2;
  }
  return y;
}
constexpr double power_of(double x, unsigned n) {
  double y = 1;
  for (; n != 0; --n) {
    y *= x;
  }
  return y;
}

// The terms of the bound. Each is the probability that one challenge saves a false statement.
struct Soundness {
  double constraints;  // alpha
  double deep;         // z
  double batch;        // beta
  double folding;      // gammas
  double queries;      // positions, with the grinding
  constexpr double sum() const { return constraints + deep + batch + folding + queries; }
};

inline constexpr std::size_t batch_terms = 1 + columns + backs + segments;
inline constexpr double field_size = power_of(modulus, 6);

// By the Johnson bound: agreement a = sqrt(rho) (1 + 1/2m).
constexpr Soundness johnson_soundness(const Params& p) {
  const double n = static_cast<double>(p.domain());
  const double rho = degree / n;
  const double m = p.johnson;
  const double root = square_root(rho);
  const double a = root * (1 + 1 / (2 * m));
  // Codewords of degree <= 128, two of which agree in at most rho n points, that agree with one
  // word in a n points.
  const double list = (a - rho) / (a * a - rho);
  const double gap =
      (power_of(m + 0.5, 7) / (3 * rho * root) * n * n + (2 * m + 1) / root * (n + 1)) / field_size;
  return {list * constraints / field_size, list * 512 / (field_size - n - rows),
          (batch_terms - 1) * gap, p.folds * (fold - 1) * gap,
          power_of(a, p.queries) / power_of(2, p.grinding_bits)};
}
// The same parameters by unique decoding: for comparison.
constexpr Soundness unique_soundness(const Params& p) {
  const double n = static_cast<double>(p.domain());
  const double a = (1 + (degree + 1) / n) / 2;
  const double gap = n / field_size;
  return {constraints / field_size, 512 / (field_size - n - rows), (batch_terms - 1) * gap,
          p.folds * (fold - 1) * gap, power_of(a, p.queries) / power_of(2, p.grinding_bits)};
}

constexpr bool proven(const Params& p) {
  return johnson_soundness(p).sum() <= 1 / power_of(2, p.bits);
}
// What zero knowledge takes: no column, mask or segment is looked at in as many places as it has
// random coefficients (docs/spec/membership-soundness.md, section 5).
constexpr bool hidden(const Params& p) {
  return p.queries + 2 * 6 <= blinds && 2 * p.queries + 2 * 6 <= degree &&
         p.queries + 1 <= degree - segment_step;
}
constexpr bool folds_down(const Params& p) {
  return fold_log * p.folds <= degree_log &&
         (p.folds == 0 || p.fri_leaves_log(p.folds - 1) >= cap_log);
}

inline constexpr Params params_100{.id = 1,
                                   .domain_log = 12,
                                   .queries = 37,
                                   .grinding_bits = 12,
                                   .folds = 1,
                                   .johnson = 14,
                                   .bits = 100};
inline constexpr Params params_128{.id = 2,
                                   .domain_log = 13,
                                   .queries = 42,
                                   .grinding_bits = 12,
                                   .folds = 1,
                                   .johnson = 3,
                                   .bits = 128};

static_assert(proven(params_100) && hidden(params_100) && folds_down(params_100));
static_assert(proven(params_128) && hidden(params_128) && folds_down(params_128));

}  // namespace v100::proof
