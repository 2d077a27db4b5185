// If this fails, AEAD, HMAC or HKDF gives other bytes than the standards, or opens what was
// altered.
#include "crypto/aead/aead.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <openssl/evp.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"

namespace v100::crypto {
namespace {

Buffer hex(std::string_view text) {
  Result<Buffer> bytes = from_hex(text);
  CHECK(bytes.has_value());
  return std::move(*bytes);
}

Buffer counting(std::size_t bytes, std::uint8_t from) {
  Buffer out(bytes);
  for (std::uint8_t& byte : out) {
    byte = from++;
  }
  return out;
}

constexpr AeadAlgorithm all[] = {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm,
                                 AeadAlgorithm::chacha20_poly1305};

TEST(Aead, EveryFlippedBitIsRefusedAndLeavesZeros) {
  for (const AeadAlgorithm algorithm : all) {
    Aead aead(algorithm, counting(key_bytes(algorithm), 1));
    const Buffer nonce = counting(12, 7);
    const Buffer additional = counting(20, 40);
    for (const std::size_t bytes : {0u, 1u, 15u, 16u, 17u, 64u, 100u}) {
      const Buffer clear = counting(bytes, 3);
      Buffer text = clear;
      ByteArray<16> tag;
      aead.seal(tag, text, FixedBytes<12>(nonce), additional);
      for (std::size_t bit = 0; bit < (bytes + 16 + 20) * 8; bit += 5) {
        Buffer bad_text = text;
        ByteArray<16> bad_tag = tag;
        Buffer bad_additional = additional;
        const std::size_t at = bit / 8;
        const std::uint8_t flip = static_cast<std::uint8_t>(1u << (bit % 8));
        (at < bytes        ? bad_text[at]
         : at < bytes + 16 ? bad_tag[at - bytes]
                           : bad_additional[at - bytes - 16]) ^= flip;
        EXPECT_FALSE(aead.open(bad_text, bad_tag, FixedBytes<12>(nonce), bad_additional));
        EXPECT_EQ(bad_text, Buffer(bytes, 0));
      }
      ASSERT_TRUE(aead.open(text, tag, FixedBytes<12>(nonce), additional));
      EXPECT_EQ(text, clear);
    }
  }
}

// Every length up to a packet and a bit: whatever kernel runs gives what libcrypto gives.
TEST(Aead, GcmEqualsOpenssl) {
  std::printf("AES-GCM by %s\n", gcm_kernel_name());
  for (const AeadAlgorithm algorithm : {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm}) {
    const Buffer key = counting(key_bytes(algorithm), 99);
    Aead aead(algorithm, key);
    EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
    for (std::size_t bytes = 0; bytes < 1600; ++bytes) {
      const std::size_t additional_bytes = bytes % 67;
      const Buffer nonce = counting(12, static_cast<std::uint8_t>(bytes));
      const Buffer additional = counting(additional_bytes, static_cast<std::uint8_t>(bytes / 3));
      const Buffer clear = counting(bytes, static_cast<std::uint8_t>(bytes * 5));
      Buffer want(bytes + 16);
      int n = 0;
      EVP_EncryptInit_ex(
          context, algorithm == AeadAlgorithm::aes_128_gcm ? EVP_aes_128_gcm() : EVP_aes_256_gcm(),
          nullptr, key.data(), nonce.data());
      EVP_EncryptUpdate(context, nullptr, &n, additional.data(),
                        static_cast<int>(additional_bytes));
      EVP_EncryptUpdate(context, want.data(), &n, clear.data(), static_cast<int>(bytes));
      EVP_EncryptFinal_ex(context, want.data() + bytes, &n);
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, want.data() + bytes);
      Buffer got = clear;
      got.resize(bytes + 16, 0xee);
      aead.seal(MutBytes(got).last<16>(), MutBytes(got).first(bytes), FixedBytes<12>(nonce),
                additional);
      ASSERT_EQ(to_hex(got), to_hex(want)) << bytes << " bytes";
      ASSERT_TRUE(aead.open(MutBytes(got).first(bytes), Bytes(got).last<16>(),
                            FixedBytes<12>(nonce), additional));
      ASSERT_TRUE(same(Bytes(got).first(bytes), clear));
    }
    EVP_CIPHER_CTX_free(context);
  }
}

// RFC 8439 §2.8.2
TEST(Aead, ChaCha20Poly1305) {
  Buffer text = to_buffer(
      as_bytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
               "the future, sunscreen would be it."));
  Aead aead(AeadAlgorithm::chacha20_poly1305, counting(32, 0x80));
  ByteArray<16> tag;
  aead.seal(tag, text, FixedBytes<12>(hex("070000004041424344454647")),
            hex("50515253c0c1c2c3c4c5c6c7"));
  EXPECT_EQ(to_hex(tag), "1ae10b594f09e26a7e902ecbd0600691");
  EXPECT_EQ(to_hex(Bytes(text).first(16)), "d31a8d34648e60db7b86afbc53ef7ec2");
}

// RFC 4231 §4.2, §4.3 and RFC 2202 §3
TEST(Hmac, KnownAnswers) {
  ByteArray<32> mac;
  Hmac first(Digest::sha256, Buffer(20, 0x0b));
  first.compute(mac, as_bytes("Hi "), as_bytes("There"));
  EXPECT_EQ(to_hex(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  first.compute(mac, {}, as_bytes("Hi There"));  // the key is kept
  EXPECT_EQ(to_hex(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  Hmac second(Digest::sha1, as_bytes("Jefe"));
  ByteArray<20> sha1;
  second.compute(sha1, as_bytes("what do ya want for nothing?"), {});
  EXPECT_EQ(to_hex(sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

// RFC 5869, A.1 and A.3
TEST(Hkdf, KnownAnswers) {
  ByteArray<32> prk;
  ByteArray<42> okm;
  hkdf_extract(prk, Digest::sha256, counting(13, 0), Buffer(22, 0x0b));
  EXPECT_EQ(to_hex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  hkdf_expand(okm, Digest::sha256, prk, counting(10, 0xf0));
  EXPECT_EQ(to_hex(okm),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  hkdf_extract(prk, Digest::sha256, {}, Buffer(22, 0x0b));
  hkdf_expand(okm, Digest::sha256, prk, {});
  EXPECT_EQ(to_hex(okm),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

struct Acvp {
  simdjson::dom::parser prompt_parser;
  simdjson::dom::parser expected_parser;
  simdjson::dom::element prompt;
  std::map<std::int64_t, simdjson::dom::element> expected;  // by tcId

  bool load(const std::string& folder) {
    const char* root = std::getenv("V100_VECTORS");
    if (root == nullptr) {
      return false;
    }
    const std::string path = std::string(root) + "/acvp-classic/" + folder;
    prompt = prompt_parser.load(path + "/prompt.json");
    const simdjson::dom::element answers = expected_parser.load(path + "/expectedResults.json");
    for (const auto group : answers["testGroups"].get_array()) {
      for (const auto test : group["tests"].get_array()) {
        expected[test["tcId"].get_int64()] = test;
      }
    }
    return true;
  }
};

TEST(Aead, AcvpAesGcm) {
  Acvp acvp;
  if (!acvp.load("ACVP-AES-GCM-1.0")) {
    GTEST_SKIP() << "V100_VECTORS is not set: the ACVP AES-GCM file is not run";
  }
  int passed = 0;
  int other_sizes = 0;
  for (const auto group : acvp.prompt["testGroups"].get_array()) {
    if (group["ivLen"].get_int64() != 96 || group["tagLen"].get_int64() != 128) {
      ++other_sizes;
      continue;
    }
    const bool encrypt = std::string_view(group["direction"]) == "encrypt";
    for (const auto test : group["tests"].get_array()) {
      const simdjson::dom::element want = acvp.expected.at(test["tcId"].get_int64());
      const Buffer key = hex(test["key"].get_string());
      Aead aead(key.size() == 16 ? AeadAlgorithm::aes_128_gcm : AeadAlgorithm::aes_256_gcm, key);
      const Buffer nonce = hex(test["iv"].get_string());
      const Buffer additional = hex(test["aad"].get_string());
      Buffer text = hex(test[encrypt ? "pt" : "ct"].get_string());
      if (encrypt) {
        ByteArray<16> tag;
        aead.seal(tag, text, FixedBytes<12>(nonce), additional);
        EXPECT_EQ(text, hex(want["ct"].get_string()));
        EXPECT_EQ(to_buffer(tag), hex(want["tag"].get_string()));
      } else {
        bool failing = false;
        const bool told = want["testPassed"].get_bool().get(failing) == simdjson::SUCCESS;
        const Buffer tag = hex(test["tag"].get_string());
        const bool opened =
            aead.open(text, FixedBytes<16>(tag), FixedBytes<12>(nonce), additional).has_value();
        EXPECT_EQ(opened, !told || failing);
        if (opened) {
          EXPECT_EQ(text, hex(want["pt"].get_string()));
        }
      }
      ++passed;
    }
  }
  std::printf("%d cases; %d groups with other nonce or tag sizes skipped\n", passed, other_sizes);
  EXPECT_GT(passed, 0);
}

}  // namespace
}  // namespace v100::crypto
