// Broken if this fails: the baseline that the match is measured against.
#include "svc/match/textbook.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>

#include "he/bfv/test_random.h"

namespace v100::match {
namespace {

TEST(Textbook, ScoresOfAllUsersAndNothingOfNeighbours) {
  const auto params = bfv::Params::make(bfv::rotate_spec()).value();
  bfv::TestRandom random(3);
  bfv::Encryptor encryptor(*params, random);
  const auto key = bfv::SecretKey::generate(*params, encryptor.noise());
  Textbook textbook(*params, key, encryptor.noise(), random);
  bfv::Decryptor decryptor(*params, key);
  std::mt19937 draw(1);
  std::vector<Row> probes(32);
  std::vector<Row> rows(32);
  for (std::size_t u = 0; u < 32; ++u) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      probes[u][d] = static_cast<std::int8_t>(static_cast<int>(draw() % 31) - 15);
      rows[u][d] = static_cast<std::int8_t>(static_cast<int>(draw() % 31) - 15);
    }
  }
  std::vector<std::int32_t> plain(params->n());
  textbook.encode(plain, rows);
  const bfv::RnsPoly prepared = bfv::prepare_plain(*params, plain);
  textbook.encode(plain, probes);
  for (const bool hoisted : {false, true}) {
    bfv::Ciphertext c = bfv::make_ciphertext(*params, 2);
    encryptor.encrypt(c, plain, key);
    if (hoisted) {
      textbook.match_hoisted(c, prepared);
    } else {
      textbook.match(c, prepared);
    }
    EXPECT_GT(decryptor.noise_budget(c), 8);
    std::vector<std::int32_t> out(params->n());
    decryptor.decrypt(out, c);
    std::vector<std::int32_t> values(params->n());
    bfv::SlotEncoder(*params).decode(values, out);
    for (std::size_t i = 0; i < values.size(); ++i) {  // every slot: some user's whole score
      ASSERT_EQ(values[i], inner_product(probes[i % 32], rows[i % 32])) << i;
    }
  }
}

}  // namespace
}  // namespace v100::match
