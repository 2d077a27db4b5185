#include "svc/match/vector.h"

#include <cmath>

namespace v100::match {

Result<Row> quantise(std::span<const float> vector) {
  if (vector.size() != dimensions) {
    return fail(Errc::malformed, "match: a vector has 128 numbers");
  }
  double squares = 0;
  for (const float x : vector) {
    if (!std::isfinite(x)) {
      return fail(Errc::malformed, "match: a vector's numbers are finite");
    }
    squares += static_cast<double>(x) * static_cast<double>(x);
  }
  if (squares < 1e-12) {
    return fail(Errc::malformed, "match: a vector is not zero");
  }
  // Rounding moves the squared length by some 128/12; a few steps of 0.1 % always suffice.
  for (double length = unit_length;; length *= 0.999) {
    Row row;
    const double scale = length / std::sqrt(squares);
    for (std::size_t i = 0; i < dimensions; ++i) {
      const double x = std::nearbyint(static_cast<double>(vector[i]) * scale);
      row[i] = static_cast<std::int8_t>(std::abs(x) <= 127 ? x : std::copysign(127.0, x));
    }
    // A vector along one axis is longer than a byte: its coordinate is cut, its direction kept.
    if (norm_squared(row) <= norm_squared_max) {
      return row;
    }
  }
}

std::int32_t norm_squared(const Row& row) noexcept { return inner_product(row, row); }

std::int32_t inner_product(const Row& a, const Row& b) noexcept {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < dimensions; ++i) {
    sum += std::int32_t{a[i]} * std::int32_t{b[i]};
  }
  return sum;
}

std::int32_t score_of_cosine(double cosine) noexcept {
  return static_cast<std::int32_t>(std::ceil(cosine * unit_length * unit_length));
}

}  // namespace v100::match
