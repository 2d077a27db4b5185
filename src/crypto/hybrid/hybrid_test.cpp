// If this fails, X-Wing or X25519MLKEM768 gives wrong secrets or accepts shares it must refuse.
#include <gtest/gtest.h>

#include "base/text.h"
#include "base/world.h"
#include "crypto/hybrid/x25519.h"
#include "crypto/hybrid/x25519mlkem768.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/keccak/keccak.h"

namespace v100 {
namespace {

class StreamRandom final : public Random {
 public:
  explicit StreamRandom(std::string_view label) { stream_.absorb(as_bytes(label)); }
  void fill(MutBytes out) override { stream_.squeeze(out); }

 private:
  keccak::Shake128 stream_;
};

ByteArray<32> hex32(std::string_view text) {
  ByteArray<32> out;
  copy(out, *from_hex(text));
  return out;
}

// RFC 7748 §5.2, the iterated test's first step: X25519 of 9 and 9.
TEST(X25519, FirstIterationOfTheRfc) {
  const ByteArray<32> nine = {9};
  ByteArray<32> out;
  ASSERT_TRUE(x25519::shared(out, nine, nine).has_value());
  EXPECT_EQ(out, hex32("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
  x25519::public_key(out, nine);
  EXPECT_EQ(out, hex32("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
}

// The points of order 1, 2, 4 and 8, and two of their non-canonical spellings.
constexpr const char* small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

TEST(X25519, SmallOrderIsRefusedWithZeros) {
  const ByteArray<32> scalar = {8, 7, 6, 5};
  for (const char* point : small_order) {
    ByteArray<32> out = {1};
    const auto result = x25519::shared(out, scalar, hex32(point));
    ASSERT_FALSE(result.has_value()) << point;
    EXPECT_EQ(result.error().code, Errc::forbidden);
    EXPECT_EQ(out, ByteArray<32>{});
  }
}

// The first vector of draft-connolly-cfrg-xwing-kem; keys and ciphertext by their SHA3-256.
TEST(Xwing, FirstVectorOfTheDraft) {
  const xwing::Seed seed(hex32("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"));
  ByteArray<64> eseed;
  copy(eseed, *from_hex("3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c"
                        "23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2"));
  const xwing::PrivateKey key(seed);
  ByteArray<32> digest;
  keccak::sha3_256(digest, {key.public_key().bytes()});
  EXPECT_EQ(to_hex(digest), "5121745904643ad9dfacca7869292c19a8a69533b53e60666b7db910b4ad6367");
  const auto sent = xwing::encapsulate_internal(key.public_key(), xwing::EncapsulationSeed(eseed));
  keccak::sha3_256(digest, {sent.ciphertext.bytes()});
  EXPECT_EQ(to_hex(digest), "c0abd149f83f45324ac3a7ddc7606c71f257e5ea86113522834a0ee1bcb34e3e");
  EXPECT_EQ(to_hex(sent.secret.expose()),
            "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384");
  EXPECT_EQ(to_hex(key.decapsulate(sent.ciphertext).expose()), to_hex(sent.secret.expose()));
}

TEST(Xwing, EveryPartIsBound) {
  StreamRandom random("bound");
  const auto key = xwing::PrivateKey::generate(random);
  const auto pk = xwing::PublicKey::parse(key.public_key().bytes());
  ASSERT_TRUE(pk.has_value());
  const auto sent = xwing::encapsulate(*pk, random);
  const Buffer raw = to_buffer(sent.ciphertext.bytes());
  EXPECT_TRUE(same(key.decapsulate(*xwing::Ciphertext::parse(raw)).expose(), sent.secret.expose()));
  for (std::size_t at = 0; at < raw.size(); at += 37) {
    Buffer bad = raw;
    bad[at] ^= 4;
    EXPECT_FALSE(
        same(key.decapsulate(*xwing::Ciphertext::parse(bad)).expose(), sent.secret.expose()));
  }
}

TEST(Xwing, RefusesMalformedKeysAndCiphertexts) {
  StreamRandom random("refuse");
  const auto key = xwing::PrivateKey::generate(random);
  Buffer raw = to_buffer(key.public_key().bytes());
  EXPECT_FALSE(xwing::PublicKey::parse(Bytes(raw).first(raw.size() - 1)).has_value());
  raw[0] = 0xff;
  raw[1] |= 0x0f;
  EXPECT_FALSE(xwing::PublicKey::parse(raw).has_value());
  EXPECT_FALSE(xwing::Ciphertext::parse(Bytes(raw).first(1119)).has_value());
}

// A small-order ct_X is no error in X-Wing: both sides compute zeros for the classical half.
TEST(Xwing, SmallOrderPointIsComputedAsZeros) {
  StreamRandom random("zeros");
  const auto key = xwing::PrivateKey::generate(random);
  mlkem::Message m;
  const ByteArray<32> point = {};
  const xwing::X25519Secret zeros;
  const auto sent =
      xwing::encapsulate_with(key.public_key(), m, {.public_key = point, .shared = zeros});
  EXPECT_TRUE(same(key.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
}

TEST(X25519Mlkem768, BothSidesAgree) {
  StreamRandom random("agree");
  const x25519mlkem768::Client client(random);
  EXPECT_EQ(client.share().size(), 1216u);
  const auto answer = x25519mlkem768::answer(client.share(), random);
  ASSERT_TRUE(answer.has_value());
  const auto secret = client.finish(answer->share);
  ASSERT_TRUE(secret.has_value());
  EXPECT_TRUE(same(secret->expose(), answer->secret.expose()));
}

TEST(X25519Mlkem768, RefusesSmallOrderAndMalformedShares) {
  StreamRandom random("tls");
  const x25519mlkem768::Client client(random);
  Buffer share = to_buffer(client.share());
  const auto answer = x25519mlkem768::answer(share, random);
  ASSERT_TRUE(answer.has_value());
  for (const char* point : small_order) {
    copy(MutBytes(share).last(32), hex32(point));
    EXPECT_EQ(x25519mlkem768::answer(share, random).error().code, Errc::forbidden);
    Buffer reply = to_buffer(answer->share);
    copy(MutBytes(reply).last(32), hex32(point));
    EXPECT_EQ(client.finish(reply).error().code, Errc::forbidden);
  }
  share = to_buffer(client.share());
  share[0] = 0xff;
  share[1] |= 0x0f;
  EXPECT_EQ(x25519mlkem768::answer(share, random).error().code, Errc::malformed);
  EXPECT_EQ(x25519mlkem768::answer(Bytes(share).first(1215), random).error().code, Errc::malformed);
  EXPECT_EQ(client.finish(Bytes(answer->share).first(1119)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace v100
