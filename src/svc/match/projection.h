// The second defence against probes that are no unit vectors, for a packer outside the trust
// domain: inner products with secret Gaussian vectors, fresh a batch, which a short probe keeps
// small and a wrapping one does not. The first defence is that the packer checks the norm and
// signs.
#pragma once

#include <cstdint>
#include <vector>

#include "svc/match/engine.h"

namespace v100::match {

inline constexpr std::size_t projections_default = 16;
// Standard deviation of a projection vector's coordinates, and how many of the result's an honest
// probe may have: |<p, r>| <= 5.5·8·178 fails for one honest value in 26 million.
inline constexpr double projection_sigma = 8;
inline constexpr std::int32_t projection_limit = 7832;

// Coordinates are rounded sums of six uniforms, a bell of that deviation cut at 34.
Row projection_row(bfv::Noise& noise);

// What a random residue probe passes with: each projection is then uniform modulo t.
double random_pass_rate(std::size_t projections);

// The products of one probe with K projection rows. A matcher makes the rows, keeps them to itself
// and forgets them; the key holder only sees whether all were within the limit.
class Projector {
 public:
  Projector(const bfv::Params& params, Matcher& matcher, Random& random);
  // K answers beside the match's own; needs K fresh plain masks, which are spent.
  void project(std::span<Answer> out, const bfv::Ciphertext& probe, std::span<Mask> masks);

 private:
  Matcher& matcher_;
  bfv::Noise noise_;
  TemplateBatch batch_;
  std::vector<Row> rows_;
};

}  // namespace v100::match
