// If this fails, docs/spec/membership-proof.json is not what this code does, and other programs
// built from the spec disagree with it. V100_WRITE_VECTORS=1 writes the file anew.
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "crypto/keccak/keccak.h"
#include "proof/field.h"
#include "proof/poseidon2.h"
#include "proof/test_case.h"

namespace v100::proof {
namespace {

std::string hex(Bytes bytes) {
  std::string out;
  for (const std::uint8_t b : bytes) {
    out += fmt::format("{:02x}", b);
  }
  return out;
}

std::string base64(Bytes bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return i + j < bytes.size() ? bytes[i + j] : 0u; };
    const unsigned v = at(0) << 16 | at(1) << 8 | at(2);
    out += digits[v >> 18];
    out += digits[v >> 12 & 63];
    out += i + 1 < bytes.size() ? digits[v >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? digits[v & 63] : '=';
  }
  return out;
}

std::string text_of(const Fe& value) {
  std::uint8_t bytes[extension_bytes];
  store_element(bytes, value);
  return hex(bytes);
}

std::string field_vectors() {
  Fe a, b;
  for (std::uint32_t i = 0; i < extension; ++i) {
    a.c[i] = Fp::of(0x12345678 * (i + 1));
    b.c[i] = Fp::of(0x1b873593 * (i + 3));
  }
  Block block;
  for (std::uint32_t i = 0; i < 16; ++i) {
    block[i] = i;
  }
  Digest digest;
  compress_blocks({&digest, 1}, {&block, 1});
  return fmt::format(
      "  \"field\": {{\"a\": \"{}\", \"b\": \"{}\", \"product\": \"{}\", \"inverse_a\": \"{}\"}},\n"
      "  \"compress_0_to_15\": \"{}\",\n",
      text_of(a), text_of(b), text_of(mul(a, b)), text_of(inverse(a)), hex(digest));
}

std::string proof_vector(unsigned depth, std::uint64_t seed, Preset preset) {
  const TestCase test(depth, 13, seed);
  TestRandom random(seed);
  const Result<Buffer> proof = prove(preset, test.statement, test.witness(), random);
  CHECK(proof.has_value() && verify(test.statement, *proof, preset).has_value());
  std::string path;
  for (const Digest& d : test.path) {
    path += fmt::format("{}\"{}\"", path.empty() ? "" : ", ", hex(d));
  }
  Digest leaf;
  CHECK(hash_leaves({&leaf, 1}, {&test.leaf, 1}).has_value());
  ByteArray<32> hash;
  keccak::sha3_256(hash, {*proof});
  return fmt::format(
      "    {{\n      \"key\": \"{}\",\n      \"owner\": \"{}\",\n      \"attested\": \"{}\",\n"
      "      \"salt\": \"{}\",\n      \"level\": {},\n      \"leaf\": \"{}\",\n      \"index\": "
      "{},\n"
      "      \"path\": [{}],\n      \"root\": \"{}\",\n      \"depth\": {},\n      \"level_min\": "
      "{},\n"
      "      \"context\": \"{}\",\n      \"message\": \"{}\",\n      \"pseudonym\": \"{}\",\n      "
      "\"preset\": {},\n"
      "      \"proof_sha3\": \"{}\",\n      \"proof\": \"{}\"\n    }}",
      hex(test.key.expose()), hex(test.leaf.owner), hex(test.leaf.attested), hex(test.leaf.salt),
      test.leaf.level, hex(leaf), test.index, path, hex(test.statement.root), depth,
      test.statement.level_min, as_text(test.statement.context), as_text(test.statement.message),
      hex(test.statement.pseudonym), static_cast<int>(preset), hex(hash), base64(*proof));
}

TEST(Vectors, the_specs_file_is_what_this_code_makes) {
  const std::string made = "{\n" + field_vectors() + "  \"proofs\": [\n" +
                           proof_vector(5, 1, Preset::bits100) + ",\n" +
                           proof_vector(20, 2, Preset::bits128) + "\n  ]\n}\n";
  const std::string name = V100_SOURCE_DIR "/docs/spec/membership-proof.json";
  if (std::getenv("V100_WRITE_VECTORS") != nullptr) {
    std::ofstream(name) << made;
  }
  std::ifstream file(name);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == made) << "differs from " << name;
}

}  // namespace
}  // namespace v100::proof
