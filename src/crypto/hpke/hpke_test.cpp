// If this fails, HPKE encrypts to nobody, opens what it must refuse, or mixes up its suites.
#include "crypto/hpke/hpke.h"

#include <gtest/gtest.h>
#include <vector>

#include "base/world.h"
#include "crypto/keccak/keccak.h"

namespace v100::hpke {
namespace {

class StreamRandom final : public Random {
 public:
  explicit StreamRandom(std::string_view label) { stream_.absorb(as_bytes(label)); }
  void fill(MutBytes out) override { stream_.squeeze(out); }

 private:
  keccak::Shake128 stream_;
};

constexpr Kem kems[] = {Kem::p256,          Kem::p384,     Kem::p521,     Kem::x25519,
                        Kem::x448,          Kem::mlkem512, Kem::mlkem768, Kem::mlkem1024,
                        Kem::mlkem768_p256, Kem::xwing};
constexpr Kdf kdfs[] = {Kdf::hkdf_sha256, Kdf::hkdf_sha384, Kdf::hkdf_sha512, Kdf::shake128,
                        Kdf::shake256};
constexpr Aead aeads[] = {Aead::aes_128_gcm, Aead::aes_256_gcm, Aead::chacha20_poly1305};

bool can_name_sender(Kem kem) { return static_cast<unsigned>(kem) < 0x30; }

// Every KEM in every mode, with KDFs and AEADs in turn.
TEST(Hpke, BothSidesAgree) {
  StreamRandom random("agree");
  const ByteArray<32> psk = {1, 2, 3};
  unsigned turn = 0;
  for (const Kem kem : kems) {
    const KeyPair receiver = generate_key_pair(kem, random);
    const KeyPair sender = generate_key_pair(kem, random);
    for (unsigned mode = 0; mode < 4; ++mode, ++turn) {
      const Suite suite{kem, kdfs[turn % 5], aeads[turn % 3]};
      Terms at_sender{.info = as_bytes("info")};
      if (mode % 2 == 1) {
        at_sender.psk = psk;
        at_sender.psk_id = as_bytes("id");
      }
      Terms at_receiver = at_sender;
      if (mode >= 2) {
        at_sender.sender_key = sender.private_key.expose();
        at_receiver.sender_key = sender.public_key;
      }
      auto sent = setup_sender(suite, receiver.public_key, at_sender, random);
      if (mode >= 2 && !can_name_sender(kem)) {
        ASSERT_FALSE(sent.has_value());
        EXPECT_EQ(sent.error().code, Errc::unsupported);
        continue;
      }
      ASSERT_TRUE(sent.has_value()) << sent.error().what;
      auto opened = setup_receiver(suite, sent->enc, receiver.private_key.expose(), at_receiver);
      ASSERT_TRUE(opened.has_value()) << opened.error().what;
      for (const char* text : {"first", "", "third, and longer than a block of any cipher here"}) {
        const auto sealed = sent->context.seal(as_bytes("aad"), as_bytes(text));
        ASSERT_TRUE(sealed.has_value());
        Buffer bad = *sealed;
        bad[bad.size() / 2] ^= 1;
        EXPECT_FALSE(opened->open(as_bytes("aad"), bad).has_value());
        EXPECT_FALSE(opened->open(as_bytes("add"), *sealed).has_value());
        const auto back = opened->open(as_bytes("aad"), *sealed);
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(as_text(*back), text);
        EXPECT_FALSE(opened->open(as_bytes("aad"), *sealed).has_value());  // its number is over
      }
      const auto a = sent->context.export_secret(as_bytes("x"), 40);
      const auto b = opened->export_secret(as_bytes("x"), 40);
      ASSERT_TRUE(a.has_value() && b.has_value());
      EXPECT_TRUE(same(a->expose(), b->expose()));
      const auto other = opened->export_secret(as_bytes("y"), 40);
      EXPECT_FALSE(same(a->expose(), other->expose()));
    }
  }
}

// Whatever of the setup differs, the first message does not open.
TEST(Hpke, AnyDifferenceShows) {
  StreamRandom random("differ");
  const ByteArray<32> psk = {1};
  const ByteArray<32> other_psk = {2};
  for (const Kdf kdf : kdfs) {
    const Suite suite{Kem::xwing, kdf, Aead::aes_256_gcm};
    const KeyPair receiver = generate_key_pair(suite.kem, random);
    const KeyPair stranger = generate_key_pair(suite.kem, random);
    const Terms terms{.info = as_bytes("i"), .psk = psk, .psk_id = as_bytes("p")};
    auto sent = setup_sender(suite, receiver.public_key, terms, random);
    const auto sealed = sent->context.seal({}, as_bytes("text"));
    const auto opens = [&](const Suite& s, Bytes enc, const KeyPair& key, const Terms& with) {
      auto context = setup_receiver(s, enc, key.private_key.expose(), with);
      return context.has_value() && context->open({}, *sealed).has_value();
    };
    EXPECT_TRUE(opens(suite, sent->enc, receiver, terms));
    EXPECT_FALSE(opens(suite, sent->enc, stranger, terms));
    Buffer enc = sent->enc;
    enc[5] ^= 4;
    EXPECT_FALSE(opens(suite, enc, receiver, terms));
    const Terms others[] = {
        {.info = as_bytes("j"), .psk = psk, .psk_id = as_bytes("p")},
        {.info = as_bytes("i"), .psk = other_psk, .psk_id = as_bytes("p")},
        {.info = as_bytes("i"), .psk = psk, .psk_id = as_bytes("q")},
        {.info = as_bytes("i")},
    };
    for (const Terms& other : others) {
      EXPECT_FALSE(opens(suite, sent->enc, receiver, other));
    }
    EXPECT_FALSE(
        opens({suite.kem, suite.kdf, Aead::chacha20_poly1305}, sent->enc, receiver, terms));
  }
}

TEST(Hpke, RefusesWhatIsMalformed) {
  StreamRandom random("malformed");
  const ByteArray<31> short_psk = {};
  for (const Kem kem : kems) {
    const Suite suite{kem, Kdf::hkdf_sha256, Aead::aes_128_gcm};
    const KeyPair pair = generate_key_pair(kem, random);
    const Bytes pk(pair.public_key);
    const Bytes sk(pair.private_key.expose());
    EXPECT_FALSE(setup_sender(suite, pk.first(pk.size() - 1), {}, random).has_value());
    EXPECT_FALSE(setup_sender(suite, {}, {}, random).has_value());
    auto sent = setup_sender(suite, pk, {}, random);
    ASSERT_TRUE(sent.has_value());
    const Bytes enc(sent->enc);
    EXPECT_FALSE(setup_receiver(suite, enc.first(enc.size() - 1), sk, {}).has_value());
    EXPECT_FALSE(setup_receiver(suite, {}, sk, {}).has_value());
    EXPECT_FALSE(setup_receiver(suite, enc, sk.first(sk.size() - 1), {}).has_value());
    EXPECT_FALSE(derive_key_pair(kem, sk.first(sk.size() - 1)).has_value());
    EXPECT_FALSE(setup_sender(suite, pk, {.psk = short_psk}, random).has_value());
    EXPECT_FALSE(setup_sender(suite, pk, {.psk_id = as_bytes("id")}, random).has_value());
    EXPECT_FALSE(
        setup_sender(suite, pk, {.psk = short_psk, .psk_id = as_bytes("id")}, random).has_value());
    EXPECT_FALSE(sent->context.open({}, as_bytes("fifteen bytes..")).has_value());
    EXPECT_FALSE(sent->context.export_secret({}, 255 * 32 + 1).has_value());
  }
}

TEST(Hpke, RefusesPointsThatAreNone) {
  StreamRandom random("points");
  const Suite x{Kem::x25519, Kdf::hkdf_sha256, Aead::aes_128_gcm};
  const auto zero = setup_sender(x, ByteArray<32>{}, {}, random);
  ASSERT_FALSE(zero.has_value());
  EXPECT_EQ(zero.error().code, Errc::forbidden);
  const Suite p{Kem::p256, Kdf::hkdf_sha256, Aead::aes_128_gcm};
  Buffer off = generate_key_pair(Kem::p256, random).public_key;
  off[64] ^= 1;
  EXPECT_FALSE(setup_sender(p, off, {}, random).has_value());
  const ByteArray<32> high = [] {
    ByteArray<32> bytes;
    bytes.fill(0xff);  // above the order
    return bytes;
  }();
  auto sent = setup_sender(p, generate_key_pair(Kem::p256, random).public_key, {}, random);
  EXPECT_FALSE(setup_receiver(p, sent->enc, high, {}).has_value());
  EXPECT_FALSE(setup_receiver(p, sent->enc, ByteArray<32>{}, {}).has_value());
}

TEST(Hpke, ExportsWithoutEncrypting) {
  StreamRandom random("export");
  const Suite suite{Kem::xwing, Kdf::shake256, Aead::export_only};
  const KeyPair pair = generate_key_pair(suite.kem, random);
  auto sent = setup_sender(suite, pair.public_key, {}, random);
  auto opened = setup_receiver(suite, sent->enc, pair.private_key.expose(), {});
  EXPECT_FALSE(sent->context.seal({}, {}).has_value());
  EXPECT_FALSE(opened->open({}, ByteArray<20>{}).has_value());
  EXPECT_TRUE(
      same(sent->context.export_secret({}, 64)->expose(), opened->export_secret({}, 64)->expose()));
}

TEST(Hpke, KnowsItsIds) {
  EXPECT_TRUE(Suite::from_ids(0x647a, 0x11, 2).has_value());
  EXPECT_FALSE(Suite::from_ids(0x647b, 0x11, 2).has_value());
  EXPECT_FALSE(Suite::from_ids(0x647a, 0x12, 2).has_value());
  EXPECT_FALSE(Suite::from_ids(0x647a, 0x11, 4).has_value());
}

}  // namespace
}  // namespace v100::hpke
