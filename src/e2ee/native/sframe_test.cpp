// If this fails, our SFrame is not RFC 9605's: no other implementation could open our frames.
#include <cstdlib>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"
#include "e2ee/native/sframe_cipher.h"

namespace v100::e2ee {
namespace {

using simdjson::dom::element;

Buffer bytes_at(const element& object, const char* key) {
  return *from_hex(std::string_view(object[key].get_string().value()));
}
std::uint64_t number_at(const element& object, const char* key) {
  return object[key].get_uint64().value();
}
SframeSuite suite_at(const element& object) {
  return static_cast<SframeSuite>(number_at(object, "cipher_suite"));
}

class SframeVectors : public testing::Test {
 protected:
  void SetUp() override {
    const char* const folder = std::getenv("V100_VECTORS");
    if (folder == nullptr) {
      GTEST_SKIP() << "V100_VECTORS is not set: the 240 SFrame vectors are skipped";
    }
    ASSERT_EQ(parser_.load(std::string(folder) + "/sframe/test-vectors.json").get(root_),
              simdjson::SUCCESS);
  }
  simdjson::dom::parser parser_;
  element root_;
};

TEST_F(SframeVectors, Headers) {
  std::size_t count = 0;
  for (const element one : root_["header"].get_array().value()) {
    const FrameHeader header{Kid(number_at(one, "kid")), Counter(number_at(one, "ctr"))};
    const Buffer encoded = bytes_at(one, "encoded");
    ASSERT_TRUE(same(write_header(header).view(), encoded)) << to_hex(encoded);
    const Result<ParsedHeader> parsed = parse_header(encoded);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->header.kid, header.kid);
    EXPECT_EQ(parsed->header.counter, header.counter);
    EXPECT_EQ(parsed->size, encoded.size());
    ++count;
  }
  EXPECT_GT(count, 200u);
}

TEST_F(SframeVectors, CounterModeCiphers) {
  for (const char* const list : {"aes_ctr_hmac", "aes_256_ctr_hmac"}) {
    for (const element one : root_[list].get_array().value()) {
      const FrameKey key =
          FrameKey::from_parts(suite_at(one), bytes_at(one, "key"), ByteArray<12>{});
      const Buffer nonce = bytes_at(one, "nonce");
      const Bytes n = nonce;
      const Buffer sealed = key.seal_raw(n.first<12>(), bytes_at(one, "aad"), bytes_at(one, "pt"));
      EXPECT_EQ(to_hex(sealed), to_hex(bytes_at(one, "ct"))) << list;
      const Result<Buffer> opened = key.open_raw(n.first<12>(), bytes_at(one, "aad"), sealed);
      ASSERT_TRUE(opened.has_value());
      EXPECT_EQ(*opened, bytes_at(one, "pt"));
    }
  }
}

TEST_F(SframeVectors, WholeFrames) {
  for (const element one : root_["sframe"].get_array().value()) {
    const SframeSuite suite = suite_at(one);
    const Kid kid(number_at(one, "kid"));
    const Counter counter(number_at(one, "ctr"));
    EXPECT_EQ(to_hex(key_label(kid, suite)), to_hex(bytes_at(one, "sframe_key_label")));
    EXPECT_EQ(to_hex(salt_label(kid, suite)), to_hex(bytes_at(one, "sframe_salt_label")));
    const FrameKey key(suite, bytes_at(one, "base_key"), kid);
    EXPECT_EQ(to_hex(key.expose_key()), to_hex(bytes_at(one, "sframe_key")));
    EXPECT_EQ(to_hex(key.expose_salt()), to_hex(bytes_at(one, "sframe_salt")));
    EXPECT_EQ(to_hex(frame_nonce(key.expose_salt(), counter)), to_hex(bytes_at(one, "nonce")));
    const Buffer metadata = bytes_at(one, "metadata");
    const Buffer frame = key.seal(counter, metadata, bytes_at(one, "pt"));
    EXPECT_EQ(to_hex(frame), to_hex(bytes_at(one, "ct")));
    const Result<ParsedHeader> header = parse_header(frame);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(*key.open(*header, metadata, frame), bytes_at(one, "pt"));
    for (std::size_t at = 0; at < frame.size(); ++at) {
      Buffer altered = frame;
      altered[at] ^= 1;
      EXPECT_FALSE(key.open(*header, metadata, altered).has_value()) << at;
    }
  }
}

TEST(SframeCipher, EverySuiteRoundTripsAndRefusesAlteredMetadata) {
  for (std::uint16_t id = 1; id <= 8; ++id) {
    const Buffer base(32, 0x42);
    const FrameKey key(static_cast<SframeSuite>(id), base, Kid(0x123456000102));
    const Buffer text(333, 7);
    const Buffer frame = key.seal(Counter(77), text, text);
    const Result<ParsedHeader> header = parse_header(frame);
    EXPECT_EQ(*key.open(*header, text, frame), text) << id;
    EXPECT_FALSE(key.open(*header, base, frame).has_value()) << id;
  }
}

}  // namespace
}  // namespace v100::e2ee
