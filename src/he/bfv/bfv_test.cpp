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

// A slow model beside the fast path: coefficients by schoolbook sums, residues joined to 94-bit
// integers, the message by integer division. It also shows the noise itself, and so its worst case.
class Model {
 public:
  __extension__ typedef __int128 Big;
  __extension__ typedef unsigned __int128 Word;
  explicit Model(const Params& params) : params_(params) {
    q_ = 1;
    for (std::size_t i = 0; i < params.limbs(); ++i) {
      q_ *= params.prime(i);
    }
  }
  Word q() const { return q_; }
  // Coefficient k of c0 + c1·s, in [0, q).
  Word phase(const Ciphertext& c, const SecretKey& key, std::size_t k) const {
    std::vector<std::uint64_t> residues;
    for (std::size_t i = 0; i < params_.limbs(); ++i) {
      RnsPoly c0 = c.parts[0].copy();
      RnsPoly c1 = c.parts[1].copy();
      params_.ntt(i).inverse(c0.limb(i));
      params_.ntt(i).inverse(c1.limb(i));
      const auto q = static_cast<Big>(params_.prime(i));
      Big sum = c0.limb(i)[k];
      for (std::size_t j = 0; j < params_.n(); ++j) {
        const std::size_t other = (k + params_.n() - j) % params_.n();
        const Big term = static_cast<Big>(c1.limb(i)[other]) * key.expose()[j];
        sum += j + other == k ? term : -term;
      }
      residues.push_back(static_cast<std::uint64_t>(((sum % q) + q) % q));
    }
    if (residues.size() == 1) {
      return residues[0];
    }
    const std::uint64_t q1 = params_.prime(1);
    const std::uint64_t step = mod_multiply((residues[1] + q1 - residues[0] % q1) % q1,
                                            mod_inverse(params_.prime(0) % q1, q1), q1);
    return residues[0] + static_cast<Word>(params_.prime(0)) * step;
  }
  std::int32_t message(Word x) const {
    const std::uint64_t t = params_.t();
    const auto m = static_cast<std::int64_t>((x * t + q_ / 2) / q_ % t);
    return static_cast<std::int32_t>(
        m > static_cast<std::int64_t>(t / 2) ? m - static_cast<std::int64_t>(t) : m);
  }
  // phase - floor(q / t)·m, centred.
  Big noise(Word x, std::int32_t m) const {
    const auto q = static_cast<Big>(q_);
    Big e = (static_cast<Big>(x) - static_cast<Big>(q_ / params_.t()) * m) % q;
    e = e > q / 2 ? e - q : e < -q / 2 ? e + q : e;
    return e;
  }

 private:
  const Params& params_;
  Word q_;
};

TEST_P(Bfv, AgreesWithTheSlowModelAndItsWorstCase) {
  if (params->limbs() > 2) {
    return;  // 138 bits do not fit the model's integers
  }
  const Model model(*params);
  const std::vector<std::int32_t> m = random_plain(*params, random);
  std::vector<std::int32_t> out(params->n());
  Ciphertext c = make_ciphertext(*params, 2);
  const auto bound_public = static_cast<Model::Big>(21 * (1 + 2 * params->n()));
  for (const bool is_public : {false, true}) {
    if (is_public) {
      encryptor.encrypt(c, m, public_key);
    } else {
      encryptor.encrypt(c, m, key);
    }
    decryptor.decrypt(out, c);
    Model::Big worst = 0;
    for (std::size_t k = 0; k < params->n(); k += params->n() / 12 - 1) {
      const Model::Word x = model.phase(c, key, k);
      ASSERT_EQ(model.message(x), out[k]);
      const Model::Big e = model.noise(x, m[k]);
      worst = std::max(worst, e < 0 ? -e : e);
    }
    EXPECT_LE(worst, is_public ? bound_public : 21);
    // And as it typically is: e·u + e0 + e1·s has a deviation of 3.24·sqrt(1 + 4n/3).
    EXPECT_LT(
        static_cast<double>(worst),
        8 * 3.24 * std::sqrt(1 + (is_public ? 4.0 / 3 * static_cast<double>(params->n()) : 0.0)));
  }
}

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
