// Broken if this fails: a request's signature is decoded differently than it was encoded, or text
// that is no base64 is taken.
#include "wire/base64.h"

#include <gtest/gtest.h>
#include <random>

#include "base/text.h"

namespace v100::wire {
namespace {

Result<Buffer> decode(std::string_view text) {
  // Exactly the room that is promised to be enough: a kernel that writes behind it is caught by
  // the address sanitizer, and by the guard.
  Buffer out(base64_room(text.size()) + 8, 0xa5);
  const std::size_t size = TRY(decode_base64(text, MutBytes(out).first(base64_room(text.size()))));
  EXPECT_EQ(Buffer(out.end() - 8, out.end()), Buffer(8, 0xa5));
  out.resize(size);
  return out;
}

// RFC 4648 §10.
TEST(Base64, VectorsOfTheRfc) {
  for (const auto& [plain, text] : {std::pair{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(as_text(decode(text).value()), plain);
  }
}

TEST(Base64, LikeTheOtherDecoderForEveryLengthAndByte) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    Buffer bytes(size);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random());
    }
    std::string text = to_base64(bytes);
    ASSERT_EQ(decode(text).value(), bytes) << size;
    // One character changed to any byte: both decoders agree.
    for (int i = 0; i < 40 && size > 0; ++i) {
      const std::size_t at = random() % text.size();
      const char before = text[at];
      text[at] = static_cast<char>(random());
      const Result<Buffer> ours = decode(text), theirs = from_base64(text);
      ASSERT_EQ(ours.has_value(), theirs.has_value()) << text;
      if (ours) {
        ASSERT_EQ(*ours, *theirs);
      }
      text[at] = before;
    }
  }
}

TEST(Base64, EveryByteAtEveryPlaceOfABlock) {
  const std::string good(256, 'k');
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 200; ++at) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const Result<Buffer> ours = decode(text), theirs = from_base64(text);
      ASSERT_EQ(ours.has_value(), theirs.has_value()) << c << " at " << at;
      if (ours) {
        ASSERT_EQ(*ours, *theirs);
      }
    }
  }
}

TEST(Base64, OneSpelling) {
  for (const char* text :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9"}) {
    EXPECT_FALSE(decode(text)) << text;
  }
}

}  // namespace
}  // namespace v100::wire
