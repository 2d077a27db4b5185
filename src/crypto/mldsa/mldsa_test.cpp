// If this fails, a signature is accepted that should not be, or refused that should be, or the
// whole scheme changed its output: properties, limits and the accumulated hash of ML-DSA.
#include "crypto/mldsa/mldsa.h"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "base/text.h"

namespace v100::mldsa {
namespace {

// SHAKE256 of a name: random enough, and the same in every run.
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
class Mldsa : public testing::Test {};
using Sets = testing::Types<Mldsa44, Mldsa65, Mldsa87>;
TYPED_TEST_SUITE(Mldsa, Sets);

TYPED_TEST(Mldsa, SignsAndVerifiesAllWays) {
  Stream random("all ways");
  for (int round = 0; round < 10; ++round) {
    const auto key = PrivateKey<TypeParam>::generate(random);
    const auto signer = std::make_unique<PreparedSigner<TypeParam>>(key);
    const auto verifier = std::make_unique<PreparedVerifier<TypeParam>>(key.public_key());
    const Buffer message = random.bytes(random.below(3000));
    const Buffer context = random.bytes(random.below(256));
    const Hedge hedge = Hedge::fresh(random);
    const auto signature = signer->sign(message, context, hedge);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verifier->verify(message, context, *signature));
    EXPECT_TRUE(key.public_key().verify(message, context, *signature));
    const auto unprepared = key.sign(message, context, hedge);
    EXPECT_TRUE(unprepared && same(unprepared->bytes(), signature->bytes()));

    MuHasher hasher = verifier->mu_hasher(context).value();
    for (std::size_t at = 0; at < message.size();) {
      const std::size_t piece = std::min(message.size() - at, 1 + random.below(400));
      hasher.update(Bytes(message).subspan(at, piece));
      at += piece;
    }
    EXPECT_TRUE(verifier->verify(hasher.finish(), *signature));

    const Digest digest = Digest::of(Hash::sha3_256, message).value();
    const auto prehashed = signer->sign(digest, context, Hedge::deterministic());
    ASSERT_TRUE(prehashed);
    EXPECT_TRUE(verifier->verify(digest, context, *prehashed));
    EXPECT_FALSE(verifier->verify(message, context, *prehashed));
    EXPECT_FALSE(verifier->verify(digest.bytes(), context, *prehashed));
    EXPECT_FALSE(verifier->verify(digest, context, *signature));
  }
}

TYPED_TEST(Mldsa, AnyChangeIsRefused) {
  Stream random("any change");
  const auto key = PrivateKey<TypeParam>::generate(random);
  const auto stranger = PrivateKey<TypeParam>::generate(random);
  const PreparedVerifier<TypeParam> verifier(key.public_key());
  Buffer message = random.bytes(100);
  const Buffer context = to_buffer(as_bytes("room"));
  const auto signature = key.sign(message, context, Hedge::fresh(random)).value();
  ASSERT_TRUE(verifier.verify(message, context, signature));

  Buffer bytes = to_buffer(signature.bytes());
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 1 + random.below(24)) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto verdict =
        verifier.verify(message, context, Signature<TypeParam>::parse(bytes).value());
    ASSERT_FALSE(verdict) << "bit " << bit;
    EXPECT_EQ(verdict.error().code, Errc::unauthenticated);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  for (std::size_t bit = 0; bit < 8 * message.size(); bit += 37) {
    message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(verifier.verify(message, context, signature));
    message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  EXPECT_FALSE(verifier.verify(message, as_bytes("rooM"), signature));
  EXPECT_FALSE(verifier.verify(message, {}, signature));
  EXPECT_FALSE(stranger.public_key().verify(message, context, signature));
  // The border between context and message is bound.
  Buffer moved = message;
  moved.insert(moved.begin(), 'm');
  EXPECT_FALSE(verifier.verify(moved, as_bytes("roo"), signature));
}

TYPED_TEST(Mldsa, AnyChangedPublicKeyIsAnother) {
  Stream random("changed key");
  const auto key = PrivateKey<TypeParam>::generate(random);
  const auto signature = key.sign(as_bytes("m"), {}, Hedge::fresh(random)).value();
  Buffer bytes = to_buffer(key.public_key().bytes());
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 1 + random.below(400)) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(PublicKey<TypeParam>::parse(bytes).value().verify(as_bytes("m"), {}, signature));
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

TYPED_TEST(Mldsa, LengthsAndContextsAreChecked) {
  Stream random("lengths");
  const auto key = PrivateKey<TypeParam>::generate(random);
  for (const int step : {-1, 1}) {
    const auto off = [&](std::size_t size) {
      return Buffer(static_cast<std::size_t>(static_cast<int>(size) + step));
    };
    EXPECT_EQ(PublicKey<TypeParam>::parse(off(TypeParam::public_key_bytes)).error().code,
              Errc::malformed);
    EXPECT_FALSE(PrivateKey<TypeParam>::parse(off(TypeParam::private_key_bytes)));
    EXPECT_FALSE(Signature<TypeParam>::parse(off(TypeParam::signature_bytes)));
  }
  EXPECT_FALSE(PublicKey<TypeParam>::parse({}));
  const Buffer longest(255), too_long(256);
  const auto signature = key.sign(as_bytes("m"), longest, Hedge::deterministic());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), longest, *signature));
  const auto refused = key.sign(as_bytes("m"), too_long, Hedge::deterministic());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::malformed);
  EXPECT_EQ(key.public_key().verify(as_bytes("m"), too_long, *signature).error().code,
            Errc::malformed);
  EXPECT_FALSE(key.mu_hasher(too_long));
  EXPECT_FALSE(Digest::from(Hash::sha2_256, Buffer(31)));
  EXPECT_EQ(Digest::of(Hash::sha2_256, {}).error().code, Errc::unsupported);
  EXPECT_EQ(hash_by_name("MD5").error().code, Errc::unsupported);
}

// A private key with one changed bit anywhere but in K is refused; K has no redundancy.
TYPED_TEST(Mldsa, ChangedPrivateKeysAreRefused) {
  Stream random("private");
  const auto key = PrivateKey<TypeParam>::generate(random);
  Buffer bytes = to_buffer(key.expose());
  EXPECT_TRUE(PrivateKey<TypeParam>::parse(bytes));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 1 + random.below(600)) {
    if (bit / 8 >= 32 && bit / 8 < 64) {
      continue;
    }
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(PrivateKey<TypeParam>::parse(bytes)) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

// FIPS 204, Algorithm 21: one hint has one encoding, or a signature could be changed into another
// valid one.
TYPED_TEST(Mldsa, HintsHaveOneEncoding) {
  Stream random("hints");
  const auto key = PrivateKey<TypeParam>::generate(random);
  const PreparedVerifier<TypeParam> verifier(key.public_key());
  const std::size_t omega = TypeParam::omega, k = TypeParam::k;
  int tried = 0;
  for (int round = 0; round < 20; ++round) {
    const auto signature = key.sign(as_bytes("m"), {}, Hedge::fresh(random)).value();
    Buffer bytes = to_buffer(signature.bytes());
    std::uint8_t* hint = bytes.data() + bytes.size() - omega - k;
    EXPECT_TRUE(hint_is_encoded<TypeParam>(bytes));
    EXPECT_FALSE(hint_is_encoded<TypeParam>(Bytes(bytes).first(bytes.size() - 1)));
    const auto refused = [&](const Buffer& changed) {
      return !hint_is_encoded<TypeParam>(changed) &&
             !verifier.verify(as_bytes("m"), {}, Signature<TypeParam>::parse(changed).value());
    };
    const std::size_t first_end = hint[omega], last_end = hint[omega + k - 1];
    if (first_end >= 2) {  // two positions of one row swapped, or one of them twice
      Buffer swapped = bytes;
      std::swap(swapped[bytes.size() - omega - k], swapped[bytes.size() - omega - k + 1]);
      EXPECT_TRUE(refused(swapped));
      swapped = bytes;
      swapped[bytes.size() - omega - k + 1] = swapped[bytes.size() - omega - k];
      EXPECT_TRUE(refused(swapped));
      ++tried;
    }
    if (last_end < omega) {  // something in the unused tail
      Buffer tail = bytes;
      tail[bytes.size() - k - 1] = 1;
      EXPECT_TRUE(refused(tail));
      ++tried;
    }
    Buffer beyond = bytes;
    beyond[bytes.size() - 1] = static_cast<std::uint8_t>(omega + 1);
    EXPECT_TRUE(refused(beyond));
    Buffer falling = bytes;
    falling[bytes.size() - k] = 255;
    EXPECT_TRUE(refused(falling));
  }
  EXPECT_GT(tried, 0);
}

TYPED_TEST(Mldsa, BatchesGiveAVerdictPerItem) {
  Stream random("batch");
  std::vector<Seed> seeds(3);
  for (Seed& seed : seeds) {
    random.fill(seed.fill());
  }
  std::vector<std::optional<PrivateKey<TypeParam>>> keys(3);
  keygen_batch<TypeParam>(seeds, keys);
  const PreparedSigner<TypeParam> signer(*keys[0]);
  const PreparedVerifier<TypeParam> verifier(keys[0]->public_key());
  const Hedge hedge = Hedge::fresh(random);
  const Buffer too_long(256);
  std::vector<Buffer> out(4, Buffer(TypeParam::signature_bytes));
  std::vector<SignItem<TypeParam>> to_sign;
  for (Buffer& bytes : out) {
    to_sign.push_back({&signer, as_bytes("message"), {}, &hedge, bytes});
  }
  to_sign[2].context = too_long;
  std::vector<Verdict> verdicts(4);
  sign_batch<TypeParam>(to_sign, verdicts);
  EXPECT_EQ(verdicts, (std::vector<Verdict>{Verdict::valid, Verdict::valid, Verdict::malformed,
                                            Verdict::valid}));
  EXPECT_EQ(out[2], Buffer(TypeParam::signature_bytes));
  std::vector<VerifyItem<TypeParam>> to_verify(6);
  for (auto& item : to_verify) {
    item = {&verifier, nullptr, as_bytes("message"), {}, out[0]};
  }
  to_verify[1] = {nullptr, &keys[0]->public_key(), as_bytes("message"), {}, out[1]};
  to_verify[2].message = as_bytes("massage");
  to_verify[3].signature = Bytes(out[0]).first(100);
  to_verify[4] = {nullptr, &keys[1]->public_key(), as_bytes("message"), {}, out[1]};
  to_verify[5].context = too_long;
  verdicts.resize(6);
  verify_batch<TypeParam>(to_verify, verdicts);
  EXPECT_EQ(verdicts,
            (std::vector<Verdict>{Verdict::valid, Verdict::valid, Verdict::invalid,
                                  Verdict::malformed, Verdict::invalid, Verdict::malformed}));
}

TYPED_TEST(Mldsa, SeedsAreKeptAndKeysMove) {
  Stream random("seeds");
  auto key = PrivateKey<TypeParam>::generate(random);
  ASSERT_NE(key.seed(), nullptr);
  const auto again = PrivateKey<TypeParam>::from_seed(*key.seed());
  EXPECT_TRUE(same(again.expose(), key.expose()));
  const auto moved = std::move(key);
  EXPECT_TRUE(same(again.expose(), moved.expose()));
  EXPECT_EQ(PrivateKey<TypeParam>::parse(moved.expose())->seed(), nullptr);
}

// 300 seeded cases a set, hashed to one constant, for machines without the vector files. Taken from
// this code once it had passed NIST's files; the same for every kernel.
template <class P>
std::string accumulated() {
  Stream random(P::name);
  keccak::Sha3_256 hash;
  for (int i = 0; i < 300; ++i) {
    const auto key = PrivateKey<P>::generate(random);
    const Buffer message = random.bytes(random.below(300));
    const Buffer context = random.bytes(random.below(256));
    const Hedge hedge = i % 2 == 0 ? Hedge::fresh(random) : Hedge::deterministic();
    const auto signature =
        i % 3 == 0 ? key.sign(Digest::of(Hash::shake256, message).value(), context, hedge)
                   : key.sign(message, context, hedge);
    hash.update(key.public_key().bytes());
    hash.update(key.expose());
    hash.update(signature->bytes());
  }
  ByteArray<32> out;
  hash.finish(out);
  return to_hex(out);
}

TEST(Mldsa, AccumulatedHashIsUnchanged) {
  EXPECT_EQ(accumulated<Mldsa44>(),
            "aa0e0d7e36c4fc80975962bfb93f4530f33b22e6f55380517faf047a8bd85b55");
  EXPECT_EQ(accumulated<Mldsa65>(),
            "5072f20988a26b518fd4c24f6216d96df85b777f81fc5593cfb5a945d74bd61a");
  EXPECT_EQ(accumulated<Mldsa87>(),
            "0fd5756cebff7d56ccdd8ba5d8e2c75384d75684cea06530e12400dc07a57a82");
}

}  // namespace
}  // namespace v100::mldsa
