// Broken if this fails: every encrypted match, and what keeps templates secret in it.
#include "he/bfv/bfv.h"

#include <cmath>
#include <gtest/gtest.h>
#include <memory>

#include "he/bfv/test_random.h"

namespace v100::he::bfv {
namespace {

std::vector<std::int32_t> random_plain(const Params& params, TestRandom& random) {
  std::vector<std::int32_t> out(params.n());
  for (std::int32_t& m : out) {
    m = static_cast<std::int32_t>(random.next() % params.t()) -
        static_cast<std::int32_t>(params.t() / 2);
  }
  return out;
}

Spec spec_of(int which) {
  switch (which) {
    case 0:
      return match_spec();
    case 1:
      return match192_spec();
    case 2:
      return rotate_spec();
    default:
      return small_spec();
  }
}

class Bfv : public testing::TestWithParam<int> {
 protected:
  std::unique_ptr<Params> params = Params::make(spec_of(GetParam())).value();
  TestRandom random{static_cast<std::uint64_t>(GetParam()) + 7};
  Encryptor encryptor{*params, random};
  SecretKey key = SecretKey::generate(*params, encryptor.noise());
  PublicKey public_key = PublicKey::generate(*params, key, encryptor.noise(), random);
  Decryptor decryptor{*params, key};
};

TEST_P(Bfv, WhatIsEncryptedComesBack) {
  std::vector<std::int32_t> m = random_plain(*params, random);
  m[0] = static_cast<std::int32_t>(params->t() / 2);
  m[1] = -m[0];
  std::vector<std::int32_t> out(params->n());
  Ciphertext c = make_ciphertext(*params, 2);
  encryptor.encrypt(c, m, key);
  decryptor.decrypt(out, c);
  EXPECT_EQ(out, m);
  // Only |e| <= 21 and what t·floor(q / t) falls short of q are in it.
  const double fresh = params->log_q() - std::log2(2.0 * 65537 * 21);
  EXPECT_GT(decryptor.noise_budget(c), std::min(fresh - 17, fresh));
  encryptor.encrypt(c, m, public_key);
  EXPECT_FALSE(c.seed.has_value());
  decryptor.decrypt(out, c);
  EXPECT_EQ(out, m);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Bfv, testing::Range(0, 4));

TEST(BfvParams, ModulusOneModuloTWhereTheMatchNeedsIt) {
  for (const Spec& spec : {match_spec(), match192_spec(), small_spec()}) {
    std::uint64_t product = 1;
    for (const std::uint64_t q : spec.primes) {
      product = mod_multiply(product, q % spec.t, spec.t);
    }
    EXPECT_EQ(product, 1u);
  }
}

TEST(BfvParams, AboveTheSecurityTableIsRefused) {
  Spec spec = match_spec();
  spec.special = 1125899906826241;  // 94 + 50 bits
  EXPECT_EQ(Params::make(spec).error().code, Errc::unsupported);
  spec = match_spec();
  spec.security = Security::quantum_192;
  EXPECT_EQ(Params::make(spec).error().code, Errc::unsupported);
  spec = match_spec();
  spec.primes[1] = spec.primes[0];
  EXPECT_EQ(Params::make(spec).error().code, Errc::unsupported);
  EXPECT_EQ(log_q_limit(1024, Security::classical_128), 0u);
}

TEST(BfvNoise, SamplesFollowTheirDistributions) {
  TestRandom random(1);
  Noise noise(4096, random);
  std::vector<std::int8_t> e(4096);
  double sum = 0;
  double squares = 0;
  int largest = 0;
  int counts[3] = {};
  for (int round = 0; round < 64; ++round) {
    noise.binomial(e.data());
    for (const int x : e) {
      sum += x;
      squares += x * x;
      largest = std::max(largest, std::abs(x));
    }
    noise.ternary(e.data());
    for (const int x : e) {
      ASSERT_LE(std::abs(x), 1);
      ++counts[x + 1];
    }
  }
  constexpr double total = 64 * 4096;
  EXPECT_LT(std::abs(sum / total), 0.05);             // eight standard errors
  EXPECT_LT(std::abs(squares / total - 10.5), 0.25);  // variance 21 / 2
  EXPECT_LE(largest, 21);
  EXPECT_GT(largest, 12);
  for (const int count : counts) {
    EXPECT_LT(std::abs(count - total / 3), 8 * std::sqrt(total * 2 / 9));
  }
}

// The expansion is part of the format: both kernels, today and later, give these values.
TEST(BfvNoise, ExpansionOfASeedIsFixed) {
  const std::unique_ptr<Params> params = Params::make(match_spec()).value();
  RnsPoly a(4096, 2);
  const Seed seed = {1, 2, 3};
  expand_uniform(a, *params, seed);
  keccak::Sha3_256 hash;
  ByteArray<32> digest;
  for (std::size_t limb = 0; limb < 2; ++limb) {
    for (std::size_t i = 0; i < 4096; ++i) {
      ASSERT_LT(a.limb(limb)[i], params->prime(limb));
      ByteArray<8> bytes;
      store_le(bytes.data(), a.limb(limb)[i]);
      hash.update(bytes);
    }
  }
  hash.finish(digest);
  // Coefficient 0 is the first 47 bits of SHAKE128(seed, 0, 0, 0).
  ByteArray<8> first;
  const ByteArray<3> suffix = {0, 0, 0};
  keccak::shake128(first, {seed, suffix});
  EXPECT_EQ(a.limb(0)[0], load_le<std::uint64_t>(first.data()) & ((1ull << 47) - 1));
}

}  // namespace
}  // namespace v100::he::bfv
