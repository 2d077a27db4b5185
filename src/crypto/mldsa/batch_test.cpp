// If this fails, an item of a batch gets another answer than it would get alone, or a changed
// signature is accepted.
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

class Stream final : public Random {
 public:
  explicit Stream(std::string_view name) { shake_.absorb(as_bytes(name)); }
  void fill(MutBytes out) override { shake_.squeeze(out); }
  std::size_t below(std::size_t bound) {
    ByteArray<8> bytes;
    fill(bytes);
    return static_cast<std::size_t>(load_le<std::uint64_t>(bytes.data()) % bound);
  }
  Buffer bytes(std::size_t size) {
    Buffer out(size);
    fill(out);
    return out;
  }

 private:
  keccak::Shake256 shake_;
};

template <class P>
class MldsaBatch : public testing::Test {};
using Sets = testing::Types<Mldsa44, Mldsa65, Mldsa87>;
TYPED_TEST_SUITE(MldsaBatch, Sets);

// Items of all kinds: prepared and raw keys, long and short messages, contexts, digests, mu.
template <class P>
struct Items {
  Stream random{P::name};
  std::vector<PrivateKey<P>> keys;
  std::vector<std::unique_ptr<PreparedVerifier<P>>> verifiers;
  std::vector<Buffer> messages, contexts, signatures;
  std::vector<Digest> digests;
  std::vector<Mu> mus;
  std::vector<VerifyItem<P>> items;
  std::vector<Verdict> expected;

  explicit Items(std::size_t count) {
    for (int i = 0; i < 3; ++i) {
      keys.push_back(PrivateKey<P>::generate(random));
    }
    for (const auto& key : keys) {
      verifiers.push_back(std::make_unique<PreparedVerifier<P>>(key.public_key()));
    }
    digests.reserve(count);
    mus.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      messages.push_back(random.bytes(random.below(i % 4 == 0 ? 1500 : 70)));
      contexts.push_back(random.bytes(random.below(i % 3 == 0 ? 256 : 8)));
      add(i);
    }
    for (std::size_t i = 0; i < count; ++i) {  // the buffers stay where they are from here on
      items[i].message = messages[i];
      items[i].context = contexts[i];
      items[i].signature = signatures[i];
    }
  }

  void add(std::size_t i) {
    const std::size_t who = random.below(keys.size());
    VerifyItem<P> item;
    const Hedge hedge = Hedge::deterministic();
    Result<Signature<P>> signature = keys[who].sign(messages[i], contexts[i], hedge);
    if (i % 7 == 5) {
      digests.push_back(Digest::of(Hash::sha3_256, messages[i]).value());
      item.digest = &digests.back();
      signature = keys[who].sign(digests.back(), contexts[i], hedge);
    } else if (i % 7 == 6) {
      auto hasher = keys[who].mu_hasher(contexts[i]).value();
      hasher.update(messages[i]);
      mus.push_back(hasher.finish());
      item.mu = &mus.back();
    }
    signatures.emplace_back(signature->bytes().begin(), signature->bytes().end());
    Verdict verdict = Verdict::valid;
    switch (random.below(6)) {
      case 0:  // any flipped bit
        signatures[i][random.below(signatures[i].size())] ^=
            static_cast<std::uint8_t>(1u << random.below(8));
        verdict = Verdict::invalid;
        break;
      case 1:
        if (i % 7 < 5) {
          messages[i].push_back(0);
          verdict = Verdict::invalid;
        }
        break;
      case 2:
        if (i % 5 == 0) {
          signatures[i].pop_back();
          verdict = Verdict::malformed;
        }
        break;
      default:
        break;
    }
    if (random.below(3) == 0) {
      item.key = &keys[who].public_key();
    } else {
      item.prepared = verifiers[who].get();
    }
    items.push_back(item);
    expected.push_back(verdict);
  }
};

TYPED_TEST(MldsaBatch, VerdictsAreThoseOfSingleItems) {
  Items<TypeParam> all(70);
  for (const std::size_t count : {0u, 1u, 2u, 7u, 8u, 9u, 17u, 70u}) {
    std::vector<Verdict> verdicts(count, Verdict::malformed);
    verify_batch<TypeParam>({all.items.data(), count}, verdicts);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(verdicts[i], all.expected[i]) << i << " of " << count;
    }
  }
  for (std::size_t i = 0; i < all.items.size(); ++i) {
    Verdict alone;
    verify_batch<TypeParam>({&all.items[i], 1}, {&alone, 1});
    EXPECT_EQ(alone, all.expected[i]) << i;
  }
}

TYPED_TEST(MldsaBatch, AnyFlippedBitRefusesItsItemAlone) {
  Stream random("flips");
  const auto key = PrivateKey<TypeParam>::generate(random);
  const auto verifier = std::make_unique<PreparedVerifier<TypeParam>>(key.public_key());
  const auto signature = key.sign(as_bytes("message"), {}, Hedge::deterministic()).value();
  std::vector<Buffer> changed(24, Buffer(signature.bytes().begin(), signature.bytes().end()));
  std::vector<VerifyItem<TypeParam>> items(changed.size());
  for (int round = 0; round < 20; ++round) {
    std::vector<Verdict> expected(changed.size(), Verdict::valid);
    for (std::size_t i = 0; i < changed.size(); ++i) {
      copy(changed[i], signature.bytes());
      if (i % 2 == 1) {
        // Every part of a signature: challenge, z, hint.
        const std::size_t at = i % 6 == 1   ? random.below(TypeParam::challenge_bytes)
                               : i % 6 == 3 ? random.below(changed[i].size())
                                            : changed[i].size() - 1 - random.below(60);
        changed[i][at] ^= static_cast<std::uint8_t>(1u << random.below(8));
        expected[i] = Verdict::invalid;
      }
      items[i] = {.message = as_bytes("message"), .signature = changed[i]};
      if (i % 8 == 7) {
        items[i].key = &key.public_key();
      } else {
        items[i].prepared = verifier.get();
      }
    }
    std::vector<Verdict> verdicts(items.size());
    verify_batch<TypeParam>(items, verdicts);
    EXPECT_EQ(verdicts, expected);
  }
}

// Signatures of a batch are those of single calls, whatever stands beside them.
TYPED_TEST(MldsaBatch, SignaturesAreThoseOfSingleCalls) {
  Stream random("sign");
  std::vector<std::unique_ptr<PreparedSigner<TypeParam>>> signers;
  for (int i = 0; i < 3; ++i) {
    signers.push_back(
        std::make_unique<PreparedSigner<TypeParam>>(PrivateKey<TypeParam>::generate(random)));
  }
  const Buffer too_long(256);
  for (const std::size_t count : {0u, 1u, 2u, 3u, 8u, 9u, 30u}) {
    std::vector<Buffer> messages, outs(count, Buffer(TypeParam::signature_bytes));
    std::vector<Hedge> hedges;
    std::vector<Digest> digests;
    std::vector<Mu> mus;
    digests.reserve(count);
    mus.reserve(count);
    std::vector<SignItem<TypeParam>> items(count);
    for (std::size_t i = 0; i < count; ++i) {
      messages.push_back(random.bytes(random.below(i % 3 == 0 ? 1200 : 60)));
      hedges.push_back(i % 2 == 0 ? Hedge::fresh(random) : Hedge::deterministic());
    }
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = {.signer = signers[random.below(3)].get(),
                  .message = messages[i],
                  .context = i % 11 == 10 ? Bytes(too_long) : as_bytes("context"),
                  .hedge = &hedges[i],
                  .out = outs[i]};
      if (i % 7 == 5) {
        items[i].digest = &digests.emplace_back(Digest::of(Hash::shake128, messages[i]).value());
      } else if (i % 7 == 6) {
        ByteArray<mu_bytes> mu;
        random.fill(mu);
        items[i].mu = &mus.emplace_back(Mu::external(mu));
      }
    }
    std::vector<Verdict> verdicts(count, Verdict::invalid);
    sign_batch<TypeParam>(items, verdicts);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& item = items[i];
      const auto alone = item.mu != nullptr ? item.signer->sign(*item.mu, *item.hedge)
                         : item.digest != nullptr
                             ? item.signer->sign(*item.digest, item.context, *item.hedge)
                             : item.signer->sign(item.message, item.context, *item.hedge);
      ASSERT_EQ(alone.has_value(), verdicts[i] == Verdict::valid) << i << " of " << count;
      if (alone) {
        EXPECT_TRUE(same(alone->bytes(), outs[i])) << i << " of " << count;
      } else {
        EXPECT_EQ(verdicts[i], Verdict::malformed);
        EXPECT_EQ(outs[i], Buffer(TypeParam::signature_bytes));
      }
    }
  }
}

TYPED_TEST(MldsaBatch, KeysAreThoseOfSingleCalls) {
  Stream random("keys");
  for (const std::size_t count : {0u, 1u, 2u, 3u, 13u}) {
    std::vector<Seed> seeds(count);
    for (Seed& seed : seeds) {
      random.fill(seed.fill());
    }
    std::vector<std::optional<PrivateKey<TypeParam>>> keys(count);
    keygen_batch<TypeParam>(seeds, keys);
    for (std::size_t i = 0; i < count; ++i) {
      const auto alone = PrivateKey<TypeParam>::from_seed(seeds[i]);
      EXPECT_TRUE(same(alone.expose(), keys[i]->expose())) << i << " of " << count;
      EXPECT_TRUE(same(alone.public_key().bytes(), keys[i]->public_key().bytes()));
      EXPECT_TRUE(same(seeds[i].expose(), keys[i]->seed()->expose()));
    }
  }
}

// Streams of which every second half byte is refused need the slow way, which must agree.
TEST(MldsaBatch, ShortNoiseIsTakenUpAgain) {
  const ByteArray<64> seed{9, 8, 7};
  for (const int eta : {2, 4}) {
    std::uint8_t stream[4 * keccak::rate_256];
    keccak::LaneJob job;
    seeded_job(seed, 300, stream, job);
    keccak::Lanes lanes;
    lanes.start(job);
    for (std::uint32_t tag = 0; lanes.active() != 0; lanes.take_finished(tag)) {
      lanes.step();
    }
    alignas(64) std::int32_t whole[256], again[256];
    noise_poly(seed, 300, eta, stream, whole);
    noise_poly(seed, 300, eta, Bytes(stream, 104), again);
    EXPECT_EQ(std::memcmp(whole, again, sizeof whole), 0);
    for (const std::int32_t c : whole) {
      EXPECT_LE(std::abs(c), eta);
    }
  }
}

// The polynomial that five blocks do not suffice for, which no test can wait for.
TEST(MldsaBatch, ShortStreamsAreTakenUpAgain) {
  const ByteArray<32> rho{1, 2, 3};
  alignas(64) std::uint8_t stream[stream_bytes];
  keccak::LaneJob job;
  matrix_job(rho, 2, 1, stream, job);
  keccak::Lanes lanes;
  lanes.start(job);
  for (std::uint32_t tag = 0; lanes.active() != 0; lanes.take_finished(tag)) {
    lanes.step();
  }
  alignas(64) std::int32_t whole[272], again[272];
  matrix_poly(rho, 2, 1, stream, whole);
  matrix_poly(rho, 2, 1, Bytes(stream, 4 * keccak::rate_128), again);
  EXPECT_EQ(std::memcmp(whole, again, 1024), 0);
}

}  // namespace
}  // namespace v100::mldsa
