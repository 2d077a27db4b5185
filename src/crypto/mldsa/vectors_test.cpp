// If this fails, ML-DSA here is not FIPS 204: NIST's ACVP files (key generation, signing and
// verification, all interfaces) from V100_VECTORS, run by the kernel in use.
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <simdjson.h>
#include <string>
#include <utility>
#include <zlib.h>

#include "base/text.h"
#include "crypto/mldsa/mldsa.h"

namespace v100::mldsa {
namespace {

using simdjson::dom::element;

// A file's text; gzopen reads plain and compressed ones alike.
std::string read_text(const std::string& path) {
  for (const std::string& name : {path, path + ".gz"}) {
    gzFile file = gzopen(name.c_str(), "rb");
    if (file == nullptr) {
      continue;
    }
    std::string text;
    char block[65536];
    for (int n = gzread(file, block, sizeof block); n > 0; n = gzread(file, block, sizeof block)) {
      text.append(block, static_cast<std::size_t>(n));
    }
    gzclose(file);
    return text;
  }
  return {};
}

Buffer hex(element object, const char* key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) {
    return {};
  }
  return from_hex(text).value();
}
std::string word(element object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
bool flag(element object, const char* key) {
  bool value = false;
  return object[key].get(value) == simdjson::SUCCESS && value;
}

Digest digest_of(Hash hash, Bytes message) {
  if (hash >= Hash::sha3_224) {
    return Digest::of(hash, message).value();
  }
  static const EVP_MD* const sha2[] = {EVP_sha224(), EVP_sha256(),     EVP_sha384(),
                                       EVP_sha512(), EVP_sha512_224(), EVP_sha512_256()};
  ByteArray<64> out;
  unsigned size = 0;
  EVP_Digest(message.data(), message.size(), out.data(), &size,
             sha2[static_cast<std::size_t>(hash)], nullptr);
  return Digest::from(hash, Bytes(out).first(size)).value();
}

// Runs `one(group, prompt test, expected test)` for every case of one parameter set.
template <class One>
void for_each_case(const char* folder, const char* parameter_set, const One& one) {
  const char* root = std::getenv("V100_VECTORS");
  if (root == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: the ACVP cases of " << folder << " are skipped";
  }
  const std::string path = std::string(root) + "/acvp-mldsa/" + folder;
  const std::string prompt_text = read_text(path + "/prompt.json");
  const std::string expected_text = read_text(path + "/expectedResults.json");
  if (prompt_text.empty() || expected_text.empty()) {
    GTEST_SKIP() << "no file " << path << "/prompt.json(.gz): its cases are skipped";
  }
  simdjson::dom::parser prompt_parser, expected_parser;
  const element prompt = prompt_parser.parse(prompt_text).value();
  const element expected = expected_parser.parse(expected_text).value();
  std::size_t cases = 0;
  std::size_t g = 0;
  for (const element group : prompt["testGroups"].get_array()) {
    const element answers = expected["testGroups"].at(g++).value();
    ASSERT_EQ(group["tgId"].get_uint64().value(), answers["tgId"].get_uint64().value());
    if (word(group, "parameterSet") != parameter_set) {
      continue;
    }
    std::size_t t = 0;
    for (const element test : group["tests"].get_array()) {
      const element answer = answers["tests"].at(t++).value();
      ASSERT_EQ(test["tcId"].get_uint64().value(), answer["tcId"].get_uint64().value());
      SCOPED_TRACE(std::string(folder) + " tcId " +
                   std::to_string(test["tcId"].get_uint64().value()) + ", kernel " + kernel_name());
      one(group, test, answer);
      ++cases;
    }
  }
  EXPECT_GT(cases, 0u);
  std::printf("%s %s: %zu cases on %s\n", folder, parameter_set, cases, kernel_name());
}

// mu of a case, whatever its interface says. Empty: the context is too long.
template <class Key>
Mu mu_for(const Key& key, element group, element test) {
  if (word(group, "signatureInterface") == "internal") {
    if (flag(group, "externalMu")) {
      return Mu::external(FixedBytes<64>(hex(test, "mu")));
    }
    MuHasher hasher = key.internal_mu_hasher();
    hasher.update(hex(test, "message"));
    return hasher.finish();
  }
  MuHasher hasher = key.mu_hasher(hex(test, "context")).value();
  hasher.update(hex(test, "message"));
  return hasher.finish();
}

template <class P>
class Acvp : public testing::Test {};
using Sets = testing::Types<Mldsa44, Mldsa65, Mldsa87>;
TYPED_TEST_SUITE(Acvp, Sets);

TYPED_TEST(Acvp, KeyGeneration) {
  for_each_case("ML-DSA-keyGen-FIPS204", TypeParam::name,
                [](element, element test, element answer) {
                  const Buffer seed = hex(test, "seed");
                  const auto key = PrivateKey<TypeParam>::from_seed(Seed(FixedBytes<32>(seed)));
                  EXPECT_TRUE(same(key.public_key().bytes(), hex(answer, "pk")));
                  EXPECT_TRUE(same(key.expose(), hex(answer, "sk")));
                  const auto parsed = PrivateKey<TypeParam>::parse(key.expose());
                  ASSERT_TRUE(parsed);
                  EXPECT_TRUE(same(parsed->public_key().bytes(), hex(answer, "pk")));
                });
}

TYPED_TEST(Acvp, Signing) {
  for_each_case(
      "ML-DSA-sigGen-FIPS204", TypeParam::name, [](element group, element test, element answer) {
        const auto key = PrivateKey<TypeParam>::parse(hex(test, "sk"));
        ASSERT_TRUE(key) << key.error().what;
        const Buffer rnd = hex(test, "rnd");
        const Hedge hedge = flag(group, "deterministic") ? Hedge::deterministic()
                                                         : Hedge::from(FixedBytes<32>(rnd));
        const Buffer context = hex(test, "context");
        const PreparedSigner<TypeParam> signer(*key);
        const PreparedVerifier<TypeParam> verifier(key->public_key());
        Result<Signature<TypeParam>> signature = fail(Errc::unsupported, "");
        if (word(group, "preHash") == "preHash") {
          const Digest digest =
              digest_of(hash_by_name(word(test, "hashAlg")).value(), hex(test, "message"));
          signature = signer.sign(digest, context, hedge);
          ASSERT_TRUE(signature);
          EXPECT_TRUE(verifier.verify(digest, context, *signature));
        } else if (word(group, "preHash") == "pure") {
          const Buffer message = hex(test, "message");
          signature = signer.sign(message, context, hedge);
          ASSERT_TRUE(signature);
          EXPECT_TRUE(verifier.verify(message, context, *signature));
          const auto by_mu = key->sign(mu_for(*key, group, test), hedge);
          EXPECT_TRUE(by_mu && same(by_mu->bytes(), signature->bytes()));
        } else {
          signature = signer.sign(mu_for(*key, group, test), hedge);
          ASSERT_TRUE(signature);
        }
        EXPECT_TRUE(same(signature->bytes(), hex(answer, "signature")));
      });
}

TYPED_TEST(Acvp, Verification) {
  std::size_t valid = 0;
  for_each_case(
      "ML-DSA-sigVer-FIPS204", TypeParam::name, [&](element group, element test, element answer) {
        const auto key = PublicKey<TypeParam>::parse(hex(test, "pk"));
        const auto signature = Signature<TypeParam>::parse(hex(test, "signature"));
        ASSERT_TRUE(key);
        const Buffer context = hex(test, "context");
        bool passed = false;
        if (!signature) {
          passed = false;
        } else if (word(group, "preHash") == "preHash") {
          const Digest digest =
              digest_of(hash_by_name(word(test, "hashAlg")).value(), hex(test, "message"));
          passed = key->verify(digest, context, *signature).has_value();
        } else if (word(group, "preHash") == "pure") {
          passed = key->verify(hex(test, "message"), context, *signature).has_value();
          EXPECT_EQ(key->verify(mu_for(*key, group, test), *signature).has_value(), passed);
        } else {
          passed = key->verify(mu_for(*key, group, test), *signature).has_value();
        }
        EXPECT_EQ(passed, flag(answer, "testPassed"));
        valid += passed ? 1 : 0;
      });
  if (!testing::Test::IsSkipped()) {
    EXPECT_GT(valid, 0u);
  }
}

}  // namespace
}  // namespace v100::mldsa
