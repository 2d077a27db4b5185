// If this fails, Falcon here is not round 3's: its known answers (falcon-round3) from V100_VECTORS.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <openssl/evp.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"
#include "crypto/falcon/falcon.h"
#include "crypto/falcon/known_answers.h"

namespace v100::falcon {
namespace {

using Block = std::map<std::string, std::string>;

std::vector<Block> read_blocks(const std::string& name) {
  const char* root = std::getenv("V100_VECTORS");
  std::vector<Block> blocks;
  if (root == nullptr) {
    return blocks;
  }
  std::ifstream file(std::string(root) + "/falcon-round3/" + name);
  Block block;
  for (std::string line; std::getline(file, line);) {
    if (const std::size_t equals = line.find(" = "); equals != line.npos) {
      block[line.substr(0, equals)] = line.substr(equals + 3);
    } else if (!block.empty()) {
      blocks.push_back(block);
      block.clear();
    }
  }
  if (!block.empty()) {
    blocks.push_back(block);
  }
  return blocks;
}

// NIST's generator of known answers: AES-256 in counter mode (SP 800-90A, no derivation function).
class NistRandom {
 public:
  explicit NistRandom(Bytes seed) { update(seed); }
  void fill(MutBytes out) {
    for (std::size_t at = 0; at < out.size(); at += 16) {
      const ByteArray<16> block = next_block();
      const std::size_t now = std::min<std::size_t>(16, out.size() - at);
      copy(out.subspan(at, now), Bytes(block).first(now));
    }
    update(ByteArray<48>{});
  }

 private:
  ByteArray<16> next_block() {
    for (std::size_t i = 16; i-- > 0 && ++counter_[i] == 0;) {
    }
    ByteArray<16> block;
    int size = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(context, EVP_aes_256_ecb(), nullptr, key_.data(), nullptr);
    EVP_EncryptUpdate(context, block.data(), &size, counter_.data(), 16);
    EVP_CIPHER_CTX_free(context);
    return block;
  }
  void update(Bytes data) {
    ByteArray<48> fresh;
    for (std::size_t i = 0; i < 48; i += 16) {
      copy(MutBytes(fresh).subspan(i, 16), next_block());
    }
    for (std::size_t i = 0; i < 48; ++i) {
      fresh[i] ^= data[i];
    }
    copy(key_, Bytes(fresh).first(32));
    copy(counter_, Bytes(fresh).last(16));
  }
  ByteArray<32> key_{};
  ByteArray<16> counter_{};
};

// A detached signature from NIST's form: length, salt, message, header without salt, s2.
Buffer detached(Bytes signed_message, std::size_t message_bytes, int logn) {
  const std::size_t coded = load_be<std::uint16_t>(signed_message.data());
  Buffer signature = {static_cast<std::uint8_t>(0x30 + logn)};
  append(signature, signed_message.subspan(2, salt_bytes));
  EXPECT_EQ(signed_message[2 + salt_bytes + message_bytes], 0x20 + logn);
  append(signature, signed_message.last(coded - 1));
  return signature;
}

template <class P>
void known_answers(const std::string& name) {
  const std::vector<Block> blocks = read_blocks(name);
  if (blocks.empty()) {
    GTEST_SKIP() << "V100_VECTORS has no falcon-round3/" << name << ": its cases are skipped";
  }
  std::size_t cases = 0;
  for (const Block& block : blocks) {
    if (!block.contains("pk")) {
      continue;
    }
    SCOPED_TRACE(name + " count " + block.at("count") + ", kernel " + kernel_name());
    const Buffer message = from_hex(block.at("msg")).value();
    const auto key = PublicKey<P>::parse(from_hex(block.at("pk")).value());
    ASSERT_TRUE(key);
    const Buffer bytes = detached(from_hex(block.at("sm")).value(), message.size(), P::logn);
    const auto signature = Signature<P>::parse(bytes);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(key->verify(message, *signature));
    NistRandom random(from_hex(block.at("seed")).value());
    Seed seed;
    random.fill(seed.fill());
    const auto made = PrivateKey<P>::from_seed(seed);
    EXPECT_TRUE(same(made.public_key().bytes(), key->bytes()));
    EXPECT_TRUE(same(made.expose(), from_hex(block.at("sk")).value()));
    const auto parsed = PrivateKey<P>::parse(from_hex(block.at("sk")).value());
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(same(parsed->public_key().bytes(), key->bytes()));
    const auto signer = std::make_unique<PreparedSigner<P>>(*parsed);
    ByteArray<salt_bytes> salt;
    ByteArray<48> sampler_seed;
    random.fill(salt);
    random.fill(sampler_seed);
    const auto again =
        sign_as_reference(*signer, salt, sampler_seed, message, Encoding::compressed);
    ASSERT_TRUE(again);
    EXPECT_TRUE(same(again->bytes(), bytes));
    Buffer other = message;
    other[0] ^= 1;
    EXPECT_FALSE(key->verify(other, *signature));
    ++cases;
  }
  EXPECT_GE(cases, 50u);
  std::printf("%s: %zu cases on %s\n", name.c_str(), cases, kernel_name());
}

// A JSON file of the folder, or a skip.
simdjson::dom::element load(simdjson::dom::parser& parser, const char* name) {
  const char* root = std::getenv("V100_VECTORS");
  return root == nullptr ? simdjson::dom::element()
                         : parser.load(std::string(root) + "/falcon-round3/" + name).value_unsafe();
}

TEST(FalconVectors, SamplerZ) {
  if (std::getenv("V100_VECTORS") == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: the cases of samplerz_KAT512.json are skipped";
  }
  simdjson::dom::parser parser;
  std::size_t cases = 0;
  for (const auto& test : load(parser, "samplerz_KAT512.json").get_array()) {
    SCOPED_TRACE("case " + std::to_string(cases));
    const Result<int> z = sampler_z({.mu = test["mu"].get_double(),
                                     .sigma = test["sigma"].get_double(),
                                     .sigma_min = test["sigmin"].get_double()},
                                    from_hex(test["octets"].get_string()).value());
    ASSERT_TRUE(z);
    EXPECT_EQ(*z, test["z"].get_int64().value());
    ++cases;
  }
  EXPECT_GE(cases, 1000u);
}

template <class T>
std::vector<T> numbers(simdjson::dom::element array) {
  std::vector<T> values;
  for (const std::int64_t value : array.get_array()) {
    values.push_back(static_cast<T>(value));
  }
  return values;
}

TEST(FalconVectors, SigningStepsOfEverySize) {
  if (std::getenv("V100_VECTORS") == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: the cases of sign_KAT.json are skipped";
  }
  simdjson::dom::parser parser;
  std::size_t cases = 0;
  for (const auto& [size, tests] : load(parser, "sign_KAT.json").get_object()) {
    std::size_t index = 0;
    for (const auto& test : tests.get_array()) {
      SCOPED_TRACE("n " + std::string(size) + " case " + std::to_string(index++));
      const auto f = numbers<std::int8_t>(test["f"]), g = numbers<std::int8_t>(test["g"]);
      const auto big_f = numbers<std::int8_t>(test["F"]), big_g = numbers<std::int8_t>(test["G"]);
      const auto s2 =
          sign_small({f, g, big_f, big_g}, from_hex(test["nonce"].get_string()).value(),
                     from_hex(test["prng_seed"].get_string()).value(), as_bytes("data1"));
      ASSERT_TRUE(s2);
      EXPECT_EQ(*s2, numbers<std::int16_t>(test["s2"]));
      ++cases;
    }
  }
  EXPECT_EQ(cases, 90u);
}

TEST(FalconVectors, Falcon512) { known_answers<Falcon512>("falcon512-KAT.rsp"); }
TEST(FalconVectors, Falcon1024) { known_answers<Falcon1024>("falcon1024-KAT.rsp"); }

}  // namespace
}  // namespace v100::falcon
