// Broken if this fails: a ciphertext that the packer did not sign is decrypted, an old one again,
// or guessing goes on for ever.
#include "svc/match/roles.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>

#include "he/bfv/test_random.h"

namespace v100::match {
namespace {

using mldsa::Mldsa65;

struct SigningKey {
  explicit SigningKey(Random& random)
      : key(mldsa::PrivateKey<Mldsa65>::generate(random)),
        signer(std::make_unique<Signer>(key)),
        verifier(std::make_unique<Verifier>(key.public_key())) {}
  mldsa::PrivateKey<Mldsa65> key;
  std::unique_ptr<Signer> signer;
  std::unique_ptr<Verifier> verifier;
};

class Roles : public testing::Test {
 protected:
  std::unique_ptr<bfv::Params> params = bfv::Params::make(bfv::match_spec()).value();
  bfv::TestRandom random{77};
  bfv::Noise noise{params->n(), random};
  bfv::SecretKey key = bfv::SecretKey::generate(*params, noise);
  bfv::PublicKey public_key = bfv::PublicKey::generate(*params, key, noise, random);
  SigningKey packer_key{random};
  SigningKey matcher_key{random};
  SigningKey holder_key{random};
  PackerRole packer{*params, public_key, *packer_key.signer, random};
  MatcherRole matcher{*params,
                      public_key,
                      {*packer_key.verifier, *matcher_key.signer},
                      [this](const UserId& user) { return find(user); },
                      random};
  KeyHolderRole holder{*params,
                       key,
                       key_id(*params, public_key),
                       {*packer_key.verifier, *matcher_key.verifier, *holder_key.signer},
                       {{1, {score_of_cosine(0.4)}}},
                       random};
  WallTime now{1'750'000'000'000};
  std::vector<Row> people;
  std::vector<UserId> users;

  void SetUp() override {
    std::mt19937 draw(2);
    std::normal_distribution<float> normal;
    for (std::size_t u = 0; u < 32; ++u) {
      std::array<float, dimensions> v;
      for (float& x : v) {
        x = normal(draw);
      }
      people.push_back(quantise(v).value());
      users.push_back({static_cast<std::uint8_t>(u + 1)});
    }
  }
  const Row* find(const UserId& user) {
    return user[0] >= 1 && user[0] <= people.size() ? &people[user[0] - 1u] : nullptr;
  }
  // Slot u shows person (u + shift) % 32 and says it is user u.
  Result<Buffer> probe(std::size_t shift, std::uint32_t policy = 1) {
    std::vector<const Row*> rows;
    for (std::size_t u = 0; u < 32; ++u) {
      rows.push_back(&people[(u + shift) % 32]);
    }
    return packer.pack(rows, users, policy, now);
  }
  Decision decision(const Buffer& bytes) {
    const DecisionMessage m = decode_decision(bytes).value();
    EXPECT_TRUE(holder_key.verifier
                    ->verify(m.decision.signed_bytes(), as_bytes(decision_context),
                             mldsa::Signature<Mldsa65>::parse(m.signature).value())
                    .has_value());
    return m.decision;
  }
};

TEST_F(Roles, HonestBatchesAreDecided) {
  const Buffer sent = probe(0).value();
  const Buffer answer = matcher.match(sent, now).value();
  EXPECT_EQ(decision(holder.decide(answer, now).value()).accepted, 0xFFFFFFFFu);
  // 94 KiB up, 47 KiB on, 3.3 KB back: what the table of the wire says.
  EXPECT_LT(sent.size(), 101'000u);
  EXPECT_LT(answer.size(), 57'000u);
  const Buffer others = matcher.match(probe(1).value(), now).value();
  EXPECT_EQ(decision(holder.decide(others, now).value()).accepted, 0u);
}

TEST_F(Roles, NothingIsTakenTwiceOrLate) {
  const Buffer sent = probe(0).value();
  const Buffer answer = matcher.match(sent, now).value();
  EXPECT_EQ(matcher.match(sent, now).error().code, Errc::conflict);
  ASSERT_TRUE(holder.decide(answer, now).has_value());
  EXPECT_EQ(holder.decide(answer, now).error().code, Errc::conflict);
  const WallTime later(now.value() + 30'001);
  EXPECT_EQ(matcher.match(probe(0).value(), later).error().code, Errc::timed_out);
  const Buffer old = matcher.match(probe(0).value(), now).value();
  EXPECT_EQ(holder.decide(old, later).error().code, Errc::timed_out);
}

TEST_F(Roles, OnlyWhatThePackerSignedIsTouched) {
  const Buffer sent = probe(0).value();
  const ProbeMessage m = decode_probe(sent).value();
  for (std::size_t at = 0; at < sent.size(); at += at < 4200 ? 7 : 1501) {  // all parts of it
    Buffer bad = sent;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 0x10);
    EXPECT_FALSE(matcher.match(bad, now).has_value()) << at;
  }
  SigningKey stranger(random);
  PackerRole rogue(*params, public_key, *stranger.signer, random);
  std::vector<const Row*> rows(32, &people[0]);
  EXPECT_EQ(matcher.match(rogue.pack(rows, users, 1, now).value(), now).error().code,
            Errc::unauthenticated);
  EXPECT_TRUE(matcher.match(sent, now).has_value());
}

TEST_F(Roles, OnlyWhatTheMatcherSignedIsDecrypted) {
  const Buffer answer = matcher.match(probe(0).value(), now).value();
  for (std::size_t at = 0; at < answer.size(); at += at < 7600 ? 13 : 1501) {
    Buffer bad = answer;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 0x10);
    EXPECT_FALSE(holder.decide(bad, now).has_value()) << at;
  }
  EXPECT_TRUE(holder.decide(answer, now).has_value());
}

TEST_F(Roles, AnotherKeysBatchesAreRefused) {
  const bfv::SecretKey other = bfv::SecretKey::generate(*params, noise);
  const bfv::PublicKey other_public = bfv::PublicKey::generate(*params, other, noise, random);
  PackerRole mixed(*params, other_public, *packer_key.signer, random);
  std::vector<const Row*> rows(32, &people[0]);
  EXPECT_EQ(matcher.match(mixed.pack(rows, users, 1, now).value(), now).error().code,
            Errc::forbidden);
  EXPECT_EQ(holder.decide(matcher.match(probe(0, 9).value(), now).value(), now).error().code,
            Errc::not_found);
}

TEST_F(Roles, GuessingEnds) {
  std::uint64_t locked = 0;
  for (int i = 0; i < 8; ++i) {
    locked =
        decision(holder.decide(matcher.match(probe(1).value(), now).value(), now).value()).locked;
    EXPECT_EQ(locked, 0u);
  }
  // Now even the right face waits.
  const Decision ninth =
      decision(holder.decide(matcher.match(probe(0).value(), now).value(), now).value());
  EXPECT_EQ(ninth.locked, 0xFFFFFFFFu);
  EXPECT_EQ(ninth.accepted, 0u);
  now = WallTime(now.value() + 10'000);  // one more try in ten seconds
  EXPECT_EQ(
      decision(holder.decide(matcher.match(probe(0).value(), now).value(), now).value()).accepted,
      0xFFFFFFFFu);
}

}  // namespace
}  // namespace v100::match
