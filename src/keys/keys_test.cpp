// If this fails, a key file written here does not come back as the same key, or a broken one gets
// in.
#include <gtest/gtest.h>

#include "base/text.h"
#include "keys/codec.h"

namespace v100::keys {
namespace {

struct CountingRandom final : Random {
  std::uint8_t next = 1;
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = next++;
    }
  }
};

// Those whose private keys are quick to check.
constexpr Algorithm quick[] = {
    Algorithm::mldsa44,          Algorithm::mldsa65,           Algorithm::mldsa87,
    Algorithm::mlkem512,         Algorithm::mlkem768,          Algorithm::mlkem1024,
    Algorithm::slhdsa_sha2_128f, Algorithm::slhdsa_shake_192f, Algorithm::slhdsa_shake_256f,
};

PrivateKey make(Algorithm algorithm) {
  CountingRandom random;
  return PrivateKey::generate(algorithm, random);
}

void expect_same(const PrivateKey& a, const PrivateKey& b) {
  EXPECT_EQ(a.algorithm(), b.algorithm());
  EXPECT_TRUE(same(a.public_key().bytes, b.public_key().bytes));
  EXPECT_TRUE(same(a.expanded(), b.expanded()));
}

TEST(Keys, NamesAreFoundInAnyCase) {
  EXPECT_EQ(algorithms().size(), 18u);
  for (const Info& row : algorithms()) {
    EXPECT_EQ(algorithm_by_name(row.name).value(), row.algorithm);
  }
  EXPECT_EQ(algorithm_by_name("slh-dsa-shake-128f").value(), Algorithm::slhdsa_shake_128f);
  EXPECT_EQ(algorithm_by_name("RSA").error().code, Errc::unsupported);
  EXPECT_EQ(algorithm_by_name("").error().code, Errc::unsupported);
}

TEST(Keys, EveryFormatComesBack) {
  for (const Algorithm algorithm : quick) {
    SCOPED_TRACE(info(algorithm).name);
    const PrivateKey key = make(algorithm);
    const auto spki = read_key(write_spki(key.public_key()));
    ASSERT_TRUE(spki) << spki.error().what;
    EXPECT_TRUE(same(spki->key.bytes, key.public_key().bytes));
    EXPECT_FALSE(spki->secret);
    for (const Form form : {Form::seed, Form::expanded, Form::both}) {
      const bool bare = info(algorithm).kind == Kind::slhdsa;
      const auto der = write_pkcs8(key, form);
      ASSERT_TRUE(der);
      const auto back = read_key(der->expose());
      ASSERT_TRUE(back) << back.error().what;
      expect_same(*back->secret, key);
      EXPECT_EQ(back->secret->seed().empty(), bare || form == Form::expanded);
      const auto pem = read_key(as_bytes("a comment\n" + write_pem(pem_private, der->expose())));
      ASSERT_TRUE(pem) << pem.error().what;
      expect_same(*pem->secret, key);
    }
    const auto jwk = read_key(write_jwk(key).value().expose());
    ASSERT_TRUE(jwk) << jwk.error().what;
    expect_same(*jwk->secret, key);
    const auto public_jwk = read_key(as_bytes(" " + write_jwk(key.public_key())));
    ASSERT_TRUE(public_jwk && !public_jwk->secret);
    if (info(algorithm).cose == 0) {
      EXPECT_EQ(write_cose(key).error().code, Errc::unsupported);
      continue;
    }
    const auto cose = read_key(write_cose(key).value().expose());
    ASSERT_TRUE(cose) << cose.error().what;
    expect_same(*cose->secret, key);
    EXPECT_FALSE(read_key(write_cose(key.public_key()).value())->secret);
  }
}

TEST(Keys, PublishedBytes) {
  // The heads that RFC 9881, 9935 and 9909 print in their examples.
  const auto head = [](Bytes der) { return to_hex(der.first(22)); };
  EXPECT_EQ(head(write_spki(make(Algorithm::mldsa44).public_key())),
            "30820532300b06096086480165030403110382052100");
  EXPECT_EQ(head(write_spki(make(Algorithm::mlkem768).public_key())),
            "308204b2300b0609608648016503040402038204a100");
  EXPECT_EQ(to_hex(write_pkcs8(make(Algorithm::mldsa65), Form::seed)->expose().first(22)),
            "3034020100300b060960864801650304031204228020");
  EXPECT_EQ(to_hex(Bytes(write_spki(make(Algorithm::slhdsa_shake_128f).public_key())).first(18)),
            "3030300b060960864801650304031b032100");
  const std::string jwk = write_jwk(make(Algorithm::mldsa65).public_key());
  EXPECT_TRUE(jwk.starts_with("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\",\"pub\":\"")) << jwk;
  EXPECT_EQ(to_hex(Bytes(write_cose(make(Algorithm::mldsa65).public_key()).value()).first(10)),
            "a30107033830205907a0");
}

TEST(Keys, PartsThatDisagreeAreRefused) {
  for (const Algorithm algorithm : quick) {
    SCOPED_TRACE(info(algorithm).name);
    const PrivateKey key = make(algorithm);
    Buffer der = to_buffer(write_pkcs8(key, Form::both)->expose());
    der.back() ^= 1;  // of the expanded key
    EXPECT_EQ(read_key(der).error().code, Errc::malformed);
    der.back() ^= 1;
    der.push_back(0);
    EXPECT_EQ(read_key(der).error().code, Errc::malformed);
    std::string jwk(as_text(write_jwk(key)->expose()));
    const std::size_t at = jwk.find("\"pub\":\"") + 20;
    jwk[at] = jwk[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(read_key(as_bytes(jwk)).error().code, Errc::malformed);
  }
}

TEST(Keys, KeysWithoutSeedAreWrittenExpandedOnly) {
  const PrivateKey whole = make(Algorithm::mldsa65);
  const auto key = PrivateKey::from_expanded(Algorithm::mldsa65, whole.expanded());
  ASSERT_TRUE(key);
  EXPECT_EQ(write_pkcs8(*key, Form::seed).error().code, Errc::not_found);
  EXPECT_EQ(write_pkcs8(*key, Form::both).error().code, Errc::not_found);
  EXPECT_EQ(write_jwk(*key).error().code, Errc::not_found);
  EXPECT_EQ(write_cose(*key).error().code, Errc::not_found);
  EXPECT_TRUE(read_key(write_pkcs8(*key, Form::expanded)->expose()));
}

TEST(Keys, OneEncodingOnly) {
  const Buffer good = write_spki(make(Algorithm::slhdsa_shake_128f).public_key());
  ASSERT_TRUE(read_spki(good));
  Buffer long_length = {0x30, 0x81};
  long_length.insert(long_length.end(), good.begin() + 1, good.end());
  EXPECT_EQ(read_spki(long_length).error().code, Errc::malformed);
  Buffer unused_bits = good;
  unused_bits[17] = 1;
  EXPECT_EQ(read_spki(unused_bits).error().code, Errc::malformed);
  Buffer other = good;
  other[14] = 0x63;  // an OID that nobody has
  EXPECT_EQ(read_spki(other).error().code, Errc::unsupported);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(read_key(Bytes(good).first(cut)));
  }
  EXPECT_EQ(read_key(Buffer(key_file_bytes_max + 1)).error().code, Errc::too_large);
  EXPECT_EQ(read_pem(as_bytes("-----BEGIN X-----\nAA==\n-----END Y-----")).error().code,
            Errc::malformed);
  EXPECT_EQ(
      read_key(as_bytes("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")).error().code,
      Errc::unsupported);
  // A label twice, and a number in two bytes where one does.
  EXPECT_EQ(read_cose(*from_hex("a201070107")).error().code, Errc::malformed);
  EXPECT_EQ(read_cose(*from_hex("a1011807")).error().code, Errc::malformed);
}

TEST(Keys, SignaturesOfEachKind) {
  CountingRandom random;
  for (const Algorithm algorithm : quick) {
    SCOPED_TRACE(info(algorithm).name);
    const PrivateKey key = make(algorithm);
    const Bytes message = as_bytes("message"), context = as_bytes("context");
    const auto signature = sign(key, message, context, &random);
    if (info(algorithm).kind == Kind::mlkem) {
      EXPECT_EQ(signature.error().code, Errc::unsupported);
      const auto sent = encapsulate(key.public_key(), random);
      ASSERT_TRUE(sent);
      EXPECT_EQ(sent->ciphertext.size(), info(algorithm).output_bytes);
      EXPECT_TRUE(same(decapsulate(key, sent->ciphertext)->expose(), sent->secret.expose()));
      continue;
    }
    ASSERT_TRUE(signature);
    EXPECT_EQ(signature->size(), info(algorithm).output_bytes);
    EXPECT_TRUE(verify(key.public_key(), message, context, *signature));
    EXPECT_EQ(verify(key.public_key(), context, message, *signature).error().code,
              Errc::unauthenticated);
    EXPECT_EQ(encapsulate(key.public_key(), random).error().code, Errc::unsupported);
    const auto digest = mldsa::Digest::of(mldsa::Hash::sha3_512, message).value();
    const auto hashed = sign(key, digest, context, nullptr);
    EXPECT_TRUE(verify(key.public_key(), digest, context, *hashed));
    auto hasher = mu_hasher(key.public_key(), context);
    EXPECT_EQ(hasher.has_value(), info(algorithm).kind == Kind::mldsa);
    if (hasher) {
      hasher->update(message.first(3));
      hasher->update(message.subspan(3));
      const mldsa::Mu mu = hasher->finish();
      EXPECT_TRUE(verify(key.public_key(), mu, *signature));
      EXPECT_TRUE(verify(key.public_key(), message, context, *sign(key, mu, nullptr)));
    }
  }
}

}  // namespace
}  // namespace v100::keys
