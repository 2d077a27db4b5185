// Broken if this fails: who is let in. Scores through the encrypted path against plain arithmetic.
#include "svc/match/engine.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <random>

#include "he/bfv/test_random.h"

namespace v100::match {
namespace {

using bfv::TestRandom;

Row random_row(std::mt19937_64& random, double scale = 1) {
  std::normal_distribution<double> normal;
  std::array<float, dimensions> v;
  for (float& x : v) {
    x = static_cast<float>(normal(random));
  }
  Row row = quantise(v).value();
  for (std::int8_t& x : row) {
    x = static_cast<std::int8_t>(std::clamp(std::round(x * scale), -128.0, 127.0));
  }
  return row;
}

std::vector<const Row*> pointers(const std::vector<Row>& rows) {
  std::vector<const Row*> out;
  for (const Row& row : rows) {
    out.push_back(&row);
  }
  return out;
}

class Match : public testing::TestWithParam<int> {
 protected:
  std::unique_ptr<bfv::Params> params =
      bfv::Params::make(GetParam() == 0 ? bfv::match_spec() : bfv::match192_spec()).value();
  TestRandom random{5};
  std::mt19937_64 draw{9};
  bfv::Noise noise{params->n(), random};
  bfv::SecretKey key = bfv::SecretKey::generate(*params, noise);
  bfv::PublicKey public_key = bfv::PublicKey::generate(*params, key, noise, random);
  Packer packer{*params, random};
  MaskMaker masks{*params, public_key, random};
  Matcher matcher{*params};
  KeyHolder holder{*params, key};
  std::size_t slots = matcher.slots();
  bfv::Ciphertext probe = bfv::make_ciphertext(*params, 2);
  TemplateBatch templates;
  Answer answer;

  std::vector<Row> random_rows() {
    std::vector<Row> out;
    for (std::size_t u = 0; u < slots; ++u) {
      out.push_back(random_row(draw));
    }
    return out;
  }
  void run(bool encrypted) {
    Mask mask;
    if (encrypted) {
      masks.make_encrypted(mask);
    } else {
      masks.make(mask);
    }
    matcher.match(answer, probe, templates, std::move(mask));
  }
  void expect_scores(const std::vector<Row>& probes, const std::vector<Row>& rows) {
    std::vector<std::int32_t> scores(slots);
    holder.scores(scores, answer);
    for (std::size_t u = 0; u < slots; ++u) {
      ASSERT_EQ(scores[u], inner_product(probes[u], rows[u])) << u;
    }
  }
};

TEST_P(Match, ScoresAreTheInnerProducts) {
  for (int round = 0; round < 20; ++round) {
    const std::vector<Row> probes = random_rows();
    std::vector<Row> rows = random_rows();
    rows[0] = probes[0];  // the largest score there is
    for (std::size_t d = 0; d < dimensions; ++d) {
      rows[1][d] = static_cast<std::int8_t>(-probes[1][d]);  // and the least
    }
    matcher.assemble(templates, pointers(rows));
    ASSERT_TRUE(packer.encrypt(probe, pointers(probes), public_key).has_value());
    run(false);
    expect_scores(probes, rows);
    ASSERT_TRUE(packer.encrypt(probe, pointers(probes), key).has_value());
    run(false);
    expect_scores(probes, rows);
    Packer::Zero zero;
    packer.prepare(zero, key);
    ASSERT_TRUE(packer.encrypt(probe, pointers(probes), std::move(zero)).has_value());
    EXPECT_FALSE(zero.fresh);
    run(false);
    expect_scores(probes, rows);
    packer.prepare(zero, public_key);
    ASSERT_TRUE(packer.encrypt(probe, pointers(probes), std::move(zero)).has_value());
    run(false);
    expect_scores(probes, rows);
    ASSERT_TRUE(packer.encrypt_templates(templates, pointers(rows), public_key).has_value());
    run(true);
    expect_scores(probes, rows);
    templates = {};
  }
}

TEST_P(Match, AcceptsFromTheThresholdOn) {
  const std::vector<Row> probes = random_rows();
  const std::vector<Row> rows = random_rows();
  matcher.assemble(templates, pointers(rows));
  ASSERT_TRUE(packer.encrypt(probe, pointers(probes), public_key).has_value());
  run(false);
  std::vector<std::int32_t> thresholds(slots);
  std::uint64_t want = 0;
  for (std::size_t u = 0; u < slots; ++u) {
    thresholds[u] = inner_product(probes[u], rows[u]) + static_cast<std::int32_t>(u % 3) - 1;
    want |= static_cast<std::uint64_t>(u % 3 != 2 ? 1 : 0) << u;
  }
  EXPECT_EQ(holder.accept(answer, thresholds), want);
}

TEST_P(Match, EmptySlotsScoreZero) {
  const std::vector<Row> rows = random_rows();
  std::vector<const Row*> some = pointers(rows);
  std::vector<const Row*> others = some;
  for (std::size_t u = 0; u < slots; ++u) {
    some[u] = u % 2 == 0 ? some[u] : nullptr;
    others[u] = u % 3 == 0 ? others[u] : nullptr;
  }
  matcher.assemble(templates, some);
  ASSERT_TRUE(packer.encrypt(probe, others, public_key).has_value());
  run(false);
  std::vector<std::int32_t> scores(slots);
  holder.scores(scores, answer);
  for (std::size_t u = 0; u < slots; ++u) {
    EXPECT_EQ(scores[u], u % 6 == 0 ? norm_squared(rows[u]) : 0);
  }
}

TEST_P(Match, LongVectorsAreNotEncrypted) {
  std::vector<Row> rows = random_rows();
  rows[slots - 1] = random_row(draw, 1.5);
  EXPECT_EQ(packer.encrypt(probe, pointers(rows), public_key).error().code, Errc::forbidden);
  EXPECT_EQ(packer.encrypt_templates(templates, pointers(rows), public_key).error().code,
            Errc::forbidden);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Match, testing::Values(0, 1));

TEST(MatchVector, QuantisedVectorsKeepTheNorm) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    const Row row = random_row(random);
    EXPECT_LE(norm_squared(row), norm_squared_max);
    EXPECT_GT(norm_squared(row), 30000);
  }
  std::array<float, dimensions> one{};
  one[7] = -5;
  EXPECT_EQ(quantise(one).value()[7], -127);
  one[7] = 0;
  EXPECT_EQ(quantise(one).error().code, Errc::malformed);
  one[7] = NAN;
  EXPECT_EQ(quantise(one).error().code, Errc::malformed);
  EXPECT_EQ(quantise(std::span(one).first(100)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace v100::match
