// If this fails, Falcon here is not round 3's: its known answers (falcon-round3) from V100_VECTORS.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "base/text.h"
#include "crypto/falcon/falcon.h"

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
    Buffer other = message;
    other[0] ^= 1;
    EXPECT_FALSE(key->verify(other, *signature));
    ++cases;
  }
  EXPECT_GE(cases, 50u);
  std::printf("%s: %zu cases on %s\n", name.c_str(), cases, kernel_name());
}

TEST(FalconVectors, Falcon512) { known_answers<Falcon512>("falcon512-KAT.rsp"); }
TEST(FalconVectors, Falcon1024) { known_answers<Falcon1024>("falcon1024-KAT.rsp"); }

}  // namespace
}  // namespace v100::falcon
