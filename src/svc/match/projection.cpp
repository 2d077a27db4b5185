#include "svc/match/projection.h"

#include <array>
#include <cmath>

namespace v100::match {

// The sum of the six 16-bit uniforms of a 12-byte draw, less its mean, has variance 6·2^32/12 and
// is within 6·2^15 of zero: an Irwin-Hall bell, near enough to a Gaussian for a bound at 5.5 sigma
// of a sum over 128 coordinates, and without a branch or a table.
Row projection_row(bfv::Noise& noise) {
  constexpr std::size_t parts = 6;
  std::array<std::uint8_t, dimensions * parts * 2> bytes;
  noise.bytes(bytes);
  // sigma of the sum: 2^16·sqrt(6 / 12)
  const double scale = projection_sigma / (65536.0 * std::sqrt(0.5));
  Row out;
  for (std::size_t d = 0; d < dimensions; ++d) {
    std::int32_t sum = -static_cast<std::int32_t>(parts) * 32768;
    for (std::size_t i = 0; i < parts; ++i) {
      sum += load_le<std::uint16_t>(bytes.data() + 2 * (d * parts + i));
    }
    const double x = scale * sum + 64;  // 64: so that the cast rounds down everywhere
    out[d] = static_cast<std::int8_t>(static_cast<std::int32_t>(x + 0.5) - 64);
  }
  wipe(bytes);
  return out;
}

double random_pass_rate(std::size_t projections) {
  return std::pow((2.0 * projection_limit + 1) / 65537, static_cast<double>(projections));
}

Projector::Projector(const bfv::Params& params, Matcher& matcher, Random& random)
    : matcher_(matcher), noise_(params.n(), random), rows_(matcher.slots()) {}

void Projector::project(std::span<Answer> out, const bfv::Ciphertext& probe,
                        std::span<Mask> masks) {
  CHECK(out.size() == masks.size());
  std::vector<const Row*> pointers;
  for (const Row& row : rows_) {
    pointers.push_back(&row);
  }
  for (std::size_t k = 0; k < out.size(); ++k) {
    for (Row& row : rows_) {
      row = projection_row(noise_);
    }
    matcher_.assemble(batch_, pointers);
    matcher_.match(out[k], probe, batch_, std::move(masks[k]));
  }
  wipe({reinterpret_cast<std::uint8_t*>(rows_.data()), rows_.size() * sizeof(Row)});
}

}  // namespace v100::match
