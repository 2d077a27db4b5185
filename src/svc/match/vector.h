// Biometric vectors as the engine takes them: 128 signed bytes, a unit vector times 178, of squared
// norm at most 32,767, so that no inner product wraps modulo 65537.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace v100::match {

inline constexpr std::size_t dimensions = 128;
inline constexpr double unit_length = 178;
inline constexpr std::int32_t norm_squared_max = 32767;

using Row = std::array<std::int8_t, dimensions>;

// Normalises, scales and rounds; scales down a little where rounding passed the norm. Malformed: a
// length other than 128, numbers that are not finite, or all (nearly) zero.
Result<Row> quantise(std::span<const float> vector);

std::int32_t norm_squared(const Row& row) noexcept;
std::int32_t inner_product(const Row& a, const Row& b) noexcept;
// The score that a cosine of `cosine` gives, for thresholds.
std::int32_t score_of_cosine(double cosine) noexcept;

}  // namespace v100::match
