// If this fails, ML-KEM does not follow FIPS 203 on some kernel, or batches differ from single
// calls.
#include "crypto/mlkem/mlkem.h"

#include <gtest/gtest.h>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/text.h"
#include "crypto/mlkem/testing.h"

namespace v100::mlkem {
namespace {

template <class P>
class MlkemScheme : public testing::Test {};
using Schemes = testing::Types<Mlkem512, Mlkem768, Mlkem1024>;
TYPED_TEST_SUITE(MlkemScheme, Schemes);

TYPED_TEST(MlkemScheme, RoundTripsAndRejectsImplicitly) {
  using P = TypeParam;
  StreamRandom random("round trip");
  const KeyPair<P> pair = keygen<P>(random);
  const auto ek = EncapsulationKey<P>::parse(pair.ek.bytes());
  const auto dk = DecapsulationKey<P>::parse(pair.dk.expose());
  ASSERT_TRUE(ek.has_value() && dk.has_value());
  const PreparedEncapsulator<P> encapsulator(*ek);
  const PreparedDecapsulator<P> decapsulator(*dk);
  for (int round = 0; round < 50; ++round) {
    const Encapsulated<P> sent = encapsulator.encapsulate(random);
    EXPECT_TRUE(same(decapsulator.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
    EXPECT_TRUE(same(decapsulate(*dk, sent.ciphertext).expose(), sent.secret.expose()));
    // One flipped bit gives J(z || c), whatever else.
    Ciphertext<P> bad = sent.ciphertext;
    bad.fill()[static_cast<std::size_t>(random.number(P::ct_bytes))] ^=
        static_cast<std::uint8_t>(1 << random.number(8));
    ByteArray<32> expected;
    keccak::shake256(expected, {dk->expose().template last<32>(), bad.bytes()});
    EXPECT_TRUE(same(decapsulator.decapsulate(bad).expose(), expected));
  }
}

// The accumulated test of Go's crypto/mlkem: seeds, messages and random ciphertexts come from one
// SHAKE128 stream, results go into another. The constants are others': Go publishes ML-KEM-768's,
// and PQClean, kyber-py and CIRCL agree on those of 512 and 1024.
template <class P>
std::string accumulate(int rounds) {
  keccak::Shake128 in;
  keccak::Shake128 sum;
  for (int round = 0; round < rounds; ++round) {
    Seed seed;
    Message m;
    Ciphertext<P> noise;
    in.squeeze(seed.fill());
    in.squeeze(m.fill());
    in.squeeze(noise.fill());
    const KeyPair<P> pair = KeyPair<P>::from_seed(seed);
    const Encapsulated<P> sent = encapsulate_internal(pair.ek, m);
    const PreparedDecapsulator<P> prepared(pair.dk);
    EXPECT_TRUE(same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
    sum.absorb(pair.ek.bytes());
    sum.absorb(sent.ciphertext.bytes());
    sum.absorb(sent.secret.expose());
    sum.absorb(prepared.decapsulate(noise).expose());
  }
  ByteArray<32> digest;
  sum.squeeze(digest);
  return to_hex(digest);
}

TEST(MlkemAccumulated, HundredCases) {
  EXPECT_EQ(accumulate<Mlkem512>(100),
            "86b1b4703b8ffef6f7f3290c6dbce4ad954498a0673ded401a94828e8c519a59");
  EXPECT_EQ(accumulate<Mlkem768>(100),
            "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
  EXPECT_EQ(accumulate<Mlkem1024>(100),
            "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00");
}

#if defined(__OPTIMIZE__)  // a debug build takes minutes
TEST(MlkemAccumulated, TenThousandCases) {
  EXPECT_EQ(accumulate<Mlkem512>(10000),
            "e0112db334d4240ca6feed5b0beab1318925edd4ff7d840c2ebe6d61971fc14c");
  EXPECT_EQ(accumulate<Mlkem768>(10000),
            "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc");
  EXPECT_EQ(accumulate<Mlkem1024>(10000),
            "f1a3925c9cf8538bb104c56efb2f5ecb74cc3df25087460b73f6c873e96bcb6a");
}
#endif

TYPED_TEST(MlkemScheme, RefusesWhatTheStandardRefuses) {
  using P = TypeParam;
  StreamRandom random("refuse");
  const KeyPair<P> pair = keygen<P>(random);
  const Buffer ek = to_buffer(pair.ek.bytes());
  EXPECT_FALSE(EncapsulationKey<P>::parse(Bytes(ek).first(ek.size() - 1)).has_value());
  Buffer longer = ek;
  longer.push_back(0);
  EXPECT_FALSE(EncapsulationKey<P>::parse(longer).has_value());
  for (std::size_t i = 0; i < 256 * P::k; ++i) {
    Buffer bad = ek;
    const std::size_t at = i / 2 * 3;
    // The coefficient becomes q or 4095.
    const unsigned value = i % 3 == 0 ? 4095u : 3329u;
    if (i % 2 == 0) {
      bad[at] = static_cast<std::uint8_t>(value);
      bad[at + 1] = static_cast<std::uint8_t>((bad[at + 1] & 0xf0) | value >> 8);
    } else {
      bad[at + 1] = static_cast<std::uint8_t>((bad[at + 1] & 15) | (value & 15) << 4);
      bad[at + 2] = static_cast<std::uint8_t>(value >> 4);
    }
    ASSERT_FALSE(EncapsulationKey<P>::parse(bad).has_value()) << i;
  }
  const Buffer dk = to_buffer(pair.dk.expose());
  EXPECT_TRUE(DecapsulationKey<P>::parse(dk).has_value());
  EXPECT_FALSE(DecapsulationKey<P>::parse(Bytes(dk).first(dk.size() - 1)).has_value());
  for (std::size_t at = 384 * P::k; at < 768 * P::k + 64; at += 13) {
    Buffer bad = dk;
    bad[at] ^= 1;
    ASSERT_FALSE(DecapsulationKey<P>::parse(bad).has_value()) << at;
  }
  EXPECT_FALSE(Ciphertext<P>::parse(Bytes(dk).first(P::ct_bytes - 1)).has_value());
}

// Every size of batch, raw and prepared keys mixed: the answer of each item is that of a single
// call, and a bad ciphertext changes its own answer only.
TYPED_TEST(MlkemScheme, BatchesEqualSingleCalls) {
  using P = TypeParam;
  StreamRandom random("batch");
  constexpr std::size_t most = 19;
  std::vector<Seed> seeds(most);
  std::vector<Message> ms(most);
  for (std::size_t i = 0; i < most; ++i) {
    random.fill(seeds[i].fill());
    random.fill(ms[i].fill());
  }
  for (std::size_t size = 1; size <= most; ++size) {
    std::vector<std::optional<KeyPair<P>>> pairs(size);
    keygen_batch<P>(pairs, std::span(seeds).first(size));
    std::vector<std::unique_ptr<PreparedEncapsulator<P>>> to;
    std::vector<std::unique_ptr<PreparedDecapsulator<P>>> with;
    std::vector<Recipient<P>> recipients;
    for (std::size_t i = 0; i < size; ++i) {
      const auto single = KeyPair<P>::from_seed(seeds[i]);
      ASSERT_TRUE(same(pairs[i]->ek.bytes(), single.ek.bytes()));
      ASSERT_TRUE(same(pairs[i]->dk.expose(), single.dk.expose()));
      to.push_back(std::make_unique<PreparedEncapsulator<P>>(pairs[i]->ek));
      with.push_back(std::make_unique<PreparedDecapsulator<P>>(pairs[i]->dk));
      recipients.push_back((i + size) % 3 == 0 ? Recipient<P>(*to[i]) : Recipient<P>(pairs[i]->ek));
    }
    std::vector<Encapsulated<P>> sent(size);
    encapsulate_batch_internal<P>(sent, recipients, std::span(ms).first(size));
    std::vector<Received<P>> received;
    std::vector<SharedSecret> expected(size);
    for (std::size_t i = 0; i < size; ++i) {
      const auto single = encapsulate_internal(pairs[i]->ek, ms[i]);
      ASSERT_TRUE(same(sent[i].ciphertext.bytes(), single.ciphertext.bytes()));
      ASSERT_TRUE(same(sent[i].secret.expose(), single.secret.expose()));
      if (i % 4 == 2) {
        sent[i].ciphertext.fill()[i] ^= 0x10;
      }
      expected[i] = decapsulate(pairs[i]->dk, sent[i].ciphertext);
      ASSERT_EQ(same(expected[i].expose(), single.secret.expose()), i % 4 != 2);
      received.push_back((i + size) % 5 < 2 ? Received<P>(*with[i], sent[i].ciphertext)
                                            : Received<P>(pairs[i]->dk, sent[i].ciphertext));
    }
    std::vector<SharedSecret> secrets(size);
    decapsulate_batch<P>(secrets, received);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_TRUE(same(secrets[i].expose(), expected[i].expose())) << i << " of " << size;
    }
  }
}

TYPED_TEST(MlkemScheme, BatchesToAndForOneKey) {
  using P = TypeParam;
  StreamRandom random("one key");
  const KeyPair<P> pair = keygen<P>(random);
  const PreparedEncapsulator<P> to(pair.ek);
  const PreparedDecapsulator<P> with(pair.dk);
  for (const std::size_t size : {1u, 7u, 8u, 9u, 21u}) {
    std::vector<Encapsulated<P>> sent(size);
    encapsulate_batch<P>(sent, to, random);
    std::vector<Ciphertext<P>> ciphertexts;
    for (const Encapsulated<P>& one : sent) {
      ciphertexts.push_back(one.ciphertext);
    }
    std::vector<SharedSecret> secrets(size);
    decapsulate_batch<P>(secrets, with, ciphertexts);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_TRUE(same(secrets[i].expose(), sent[i].secret.expose()));
      EXPECT_TRUE(i == 0 || !same(sent[i].secret.expose(), sent[i - 1].secret.expose()));
    }
  }
}

TYPED_TEST(MlkemScheme, DecapsulatesWithRawKeys) {
  using P = TypeParam;
  StreamRandom random("raw");
  const KeyPair<P> pair = keygen<P>(random);
  const Encapsulated<P> sent = encapsulate(pair.ek, random);
  const auto secret = decapsulate_raw<P>(pair.dk.expose(), sent.ciphertext);
  ASSERT_TRUE(secret.has_value());
  EXPECT_TRUE(same(secret->expose(), sent.secret.expose()));
  Buffer dk = to_buffer(pair.dk.expose());
  EXPECT_FALSE(decapsulate_raw<P>(Bytes(dk).first(dk.size() - 1), sent.ciphertext).has_value());
  for (const std::size_t at : {384 * P::k, 768 * P::k + 31, 768 * P::k + 32, 768 * P::k + 63}) {
    dk[at] ^= 0x20;
    EXPECT_FALSE(decapsulate_raw<P>(dk, sent.ciphertext).has_value()) << at;
    dk[at] ^= 0x20;
  }
}

// A prepared key is opaque: whoever could build one from other bytes could forge at will. There is
// no way in but a checked key, and none out.
template <class Key, class From>
concept MadeFrom = std::is_constructible_v<Key, From>;
TYPED_TEST(MlkemScheme, PreparedKeysComeFromCheckedKeysOnly) {
  using P = TypeParam;
  static_assert(MadeFrom<PreparedEncapsulator<P>, const EncapsulationKey<P>&>);
  static_assert(!MadeFrom<PreparedEncapsulator<P>, Bytes>);
  static_assert(!MadeFrom<PreparedEncapsulator<P>, FixedBytes<P::ek_bytes>>);
  static_assert(!std::is_default_constructible_v<PreparedEncapsulator<P>>);
  static_assert(MadeFrom<PreparedDecapsulator<P>, const DecapsulationKey<P>&>);
  static_assert(!MadeFrom<PreparedDecapsulator<P>, Bytes>);
  static_assert(!MadeFrom<PreparedDecapsulator<P>, FixedBytes<P::dk_bytes>>);
  static_assert(!std::is_default_constructible_v<PreparedDecapsulator<P>>);
  static_assert(!std::is_copy_constructible_v<PreparedDecapsulator<P>>);
  static_assert(!std::is_default_constructible_v<EncapsulationKey<P>>);
}

}  // namespace
}  // namespace v100::mlkem
