// If this fails, SLH-DSA here lost a property: what it signs verifies, anything else does not, keys
// keep their form, and every kernel gives the bytes of the accumulated hashes.
#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/slhdsa/internal.h"
#include "crypto/slhdsa/sha2.h"

namespace v100::slhdsa {
namespace {

template <class P>
typename PrivateKey<P>::Seeds seeds(std::uint8_t start) {
  typename PrivateKey<P>::Seeds result;
  keccak::shake256(result.fill(), {Bytes(&start, 1)});
  return result;
}

template <class P>
class Slhdsa : public testing::Test {};
using Fast = testing::Types<Shake128f, Shake192f, Shake256f, Sha2_128f, Sha2_192f, Sha2_256f>;
TYPED_TEST_SUITE(Slhdsa, Fast);

TYPED_TEST(Slhdsa, SignsAndVerifies) {
  using P = TypeParam;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(1));
  const Bytes message = as_bytes("a message"), context = as_bytes("context");
  const auto signature = key.sign(message, context, Hedge::deterministic());
  ASSERT_TRUE(signature);
  const auto& pub = key.public_key();
  EXPECT_TRUE(pub.verify(message, context, *signature));
  EXPECT_FALSE(pub.verify(as_bytes("a massage"), context, *signature));
  EXPECT_FALSE(pub.verify(message, as_bytes("contexts"), *signature));
  EXPECT_FALSE(pub.verify_internal(message, *signature));
  const auto other = PrivateKey<P>::from_seeds(seeds<P>(2));
  EXPECT_EQ(other.public_key().verify(message, context, *signature).error().code,
            Errc::unauthenticated);
}

TYPED_TEST(Slhdsa, AnyFlippedBitRejects) {
  using P = TypeParam;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(1));
  const auto good = key.sign(as_bytes("m"), {}, Hedge::deterministic());
  ASSERT_TRUE(good);
  Buffer bytes = to_buffer(good->bytes());
  // One bit in each part: R, each kind of FORS value, chains and paths of several layers.
  for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / 23) {
    bytes[at] ^= 0x20;
    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), {}, *Signature<P>::parse(bytes))) << at;
    bytes[at] ^= 0x20;
  }
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), {}, *Signature<P>::parse(bytes)));
}

TYPED_TEST(Slhdsa, FormsAndLimits) {
  using P = TypeParam;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(3));
  const auto again = PrivateKey<P>::parse(key.expose());
  ASSERT_TRUE(again);
  EXPECT_TRUE(same(again->public_key().bytes(), key.public_key().bytes()));
  Buffer wrong = to_buffer(key.expose());
  wrong.back() ^= 1;
  EXPECT_EQ(PrivateKey<P>::parse(wrong).error().code, Errc::malformed);
  wrong.pop_back();
  EXPECT_EQ(PrivateKey<P>::parse(wrong).error().code, Errc::malformed);
  EXPECT_EQ(PublicKey<P>::parse(wrong).error().code, Errc::malformed);
  EXPECT_EQ(Signature<P>::parse(wrong).error().code, Errc::malformed);
  const Buffer context(256, 7);
  EXPECT_EQ(key.sign(as_bytes("m"), context, Hedge::deterministic()).error().code, Errc::malformed);
  EXPECT_TRUE(key.sign(as_bytes("m"), Bytes(context).first(255), Hedge::deterministic()));
}

struct CountingRandom final : Random {
  std::uint8_t next = 0;
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = next++;
    }
  }
};

TYPED_TEST(Slhdsa, HedgedSignaturesDiffer) {
  using P = TypeParam;
  CountingRandom random;
  const auto key = PrivateKey<P>::generate(random);
  const auto one = key.sign(as_bytes("m"), {}, Hedge::fresh(random));
  const auto two = key.sign(as_bytes("m"), {}, Hedge::fresh(random));
  EXPECT_FALSE(same(one->bytes(), two->bytes()));
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), {}, *two));
}

TYPED_TEST(Slhdsa, DigestsAreBoundToTheirHash) {
  using P = TypeParam;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(4));
  const Digest digest = Digest::of(Hash::sha3_256, as_bytes("m")).value();
  const auto signature = key.sign(digest, as_bytes("c"), Hedge::deterministic());
  const auto& pub = key.public_key();
  EXPECT_TRUE(pub.verify(digest, as_bytes("c"), *signature));
  EXPECT_FALSE(
      pub.verify(Digest::from(Hash::sha2_256, digest.bytes()).value(), as_bytes("c"), *signature));
  EXPECT_FALSE(pub.verify(digest.bytes(), as_bytes("c"), *signature));
}

// What keys and signatures of fixed seeds hash to: computed once, when the public vectors passed.
template <class P>
std::string accumulated(bool sign) {
  keccak::Shake256 hash;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(5));
  hash.absorb(key.expose());
  if (sign) {
    const auto plain = key.sign(as_bytes("plain"), as_bytes("c"), Hedge::deterministic());
    hash.absorb(plain->bytes());
    EXPECT_TRUE(key.public_key().verify(as_bytes("plain"), as_bytes("c"), *plain));
    hash.absorb(key.sign_internal(as_bytes("hedged"), Hedge::from(ByteArray<32>{1})).bytes());
  }
  ByteArray<16> out;
  hash.squeeze(out);
  return to_hex(out);
}

TEST(SlhdsaAccumulated, EverySetOnThisKernel) {
  EXPECT_EQ(accumulated<Shake128s>(true), "a62c5f62baabd269cc4605e6002b4b9a");
  EXPECT_EQ(accumulated<Shake128f>(true), "29a12c6f09b314a69e55eb41d79cc054");
  EXPECT_EQ(accumulated<Shake192s>(false), "f3c3ccfd5c5b8acd2a641e5baa2c1d1f");
  EXPECT_EQ(accumulated<Shake192f>(true), "433f9bccbe83234567c1a109d3399cba");
  EXPECT_EQ(accumulated<Shake256s>(false), "12fff5770d60fdae1cf03f20a2627080");
  EXPECT_EQ(accumulated<Shake256f>(true), "015259c3d8281ae0a6df103d860d3e47");
  EXPECT_EQ(accumulated<Sha2_128s>(true), "fb6eb090be5c9163a373daab638720d3");
  EXPECT_EQ(accumulated<Sha2_128f>(true), "345c87a2f22e597cab188ac8ed4ddd16");
  EXPECT_EQ(accumulated<Sha2_192s>(false), "75f3c4711df81ce8a22e030c5e85619a");
  EXPECT_EQ(accumulated<Sha2_192f>(true), "8ab09e046648c54b8d712d66c949a0b9");
  EXPECT_EQ(accumulated<Sha2_256s>(false), "d035398c89a3ff0a129d486d2ac11775");
  EXPECT_EQ(accumulated<Sha2_256f>(true), "4d039aab5a20eef85dd76bfa3552b1d5");
}

TEST(SlhdsaSha2, KnownAnswers) {
  const auto hash = [](auto sha, Bytes message) {
    ByteArray<64> out{};
    sha->update(message);
    sha->finish(MutBytes(out).first(sha->digest_bytes));
    return to_hex(Bytes(out).first(8));
  };
  Sha256 abc_256, long_256;
  Sha512 abc_512;
  EXPECT_EQ(hash(&abc_256, as_bytes("abc")), "ba7816bf8f01cfea");
  EXPECT_EQ(hash(&abc_512, as_bytes("abc")), "ddaf35a193617aba");
  EXPECT_EQ(hash(&long_256, as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8");
}

}  // namespace
}  // namespace v100::slhdsa
