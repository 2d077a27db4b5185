// The textbook way to the same 32 scores, as the baseline: SIMD slots, a product, then rotations
// and sums. Dimension d of user u stands in slot 32·d + u, so that the sums over a user's
// dimensions never mix two users, and every slot of the result holds a user's whole score (the
// published layout, 128 slots in a row a user, leaves sums that straddle two users in the others).
// Needs a special prime.
#pragma once

#include <vector>

#include "he/bfv/evaluate.h"
#include "svc/match/vector.h"

namespace v100::match {

namespace bfv = he::bfv;

class Textbook {
 public:
  static constexpr std::size_t users = 32;

  // Makes the rotation keys: for steps of a rotation each and, hoisted, three rotations at once.
  Textbook(const bfv::Params& params, const bfv::SecretKey& key, bfv::Noise& noise, Random& random);

  void encode(std::span<std::int32_t> plain, std::span<const Row> rows) const;
  // c·template, then seven times a rotation and a sum.
  void match(bfv::Ciphertext& c, const bfv::RnsPoly& prepared_template);
  // The same with three rotations of one decomposition a step: four steps.
  void match_hoisted(bfv::Ciphertext& c, const bfv::RnsPoly& prepared_template);
  void scores(std::span<std::int32_t> out, bfv::Plain decrypted) const;

 private:
  const bfv::Params& params_;
  bfv::SlotEncoder slots_;
  bfv::Evaluator evaluator_;
  std::vector<bfv::GaloisKey> single_;               // rotations by 32, 64, … 1024, then the rows
  std::vector<std::vector<bfv::GaloisKey>> triple_;  // by {1, 2, 3}·32·4^i, then the rows
};

}  // namespace v100::match
