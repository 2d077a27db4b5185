// If this fails, RTP headers, header extensions or payload descriptors are read or rewritten wrong:
// streams freeze, or a packet from outside reads past its end.
#include "wire/rtp.h"

#include <gtest/gtest.h>
#include <random>

#include "base/text.h"
#include "wire/rtp_payload.h"

namespace v100::rtp {
namespace {

Buffer hex(std::string_view text) {
  std::string packed;
  for (const char c : text) {
    if (c != ' ') {
      packed += c;
    }
  }
  return *from_hex(packed);
}

TEST(Rtp, ReadsEveryFieldOfAHeader) {
  const Buffer bytes =
      hex("b1e0 1234 01020304 0a0b0c0d 00000007 bede0002 10aa 00 2111ff 0000 68690002");
  const auto packet = parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->header.marker);
  EXPECT_EQ(packet->header.payload_type, 96);
  EXPECT_EQ(packet->header.sequence, 0x1234);
  EXPECT_EQ(packet->header.timestamp, 0x01020304u);
  EXPECT_EQ(packet->header.ssrc, 0x0a0b0c0du);
  EXPECT_EQ(packet->header_bytes, 28u);
  EXPECT_EQ(packet->payload.size(), 2u);
  EXPECT_EQ(packet->padding_bytes, 2u);
  EXPECT_TRUE(same(find_extension(*packet, 1), hex("aa")));
  EXPECT_TRUE(same(find_extension(*packet, 2), hex("11ff")));
  EXPECT_TRUE(find_extension(*packet, 3).empty());
  EXPECT_TRUE(find_extension(*packet, 0).empty());
}

TEST(Rtp, RefusesWhatRunsOverTheEnd) {
  EXPECT_FALSE(parse(hex("80e0 1234 01020304 0a0b0c")));
  EXPECT_FALSE(parse(hex("40e0 1234 01020304 0a0b0c0d")));
  EXPECT_FALSE(parse(hex("81e0 1234 01020304 0a0b0c0d")));
  EXPECT_FALSE(parse(hex("90e0 1234 01020304 0a0b0c0d")));
  EXPECT_FALSE(parse(hex("90e0 1234 01020304 0a0b0c0d bede0001")));
  EXPECT_FALSE(parse(hex("a0e0 1234 01020304 0a0b0c0d")));
  EXPECT_FALSE(parse(hex("a0e0 1234 01020304 0a0b0c0d 00")));
  EXPECT_FALSE(parse(hex("a0e0 1234 01020304 0a0b0c0d 03")));
  const auto only_padding = parse(hex("a0e0 1234 01020304 0a0b0c0d 0002"));
  ASSERT_TRUE(only_padding);
  EXPECT_TRUE(only_padding->payload.empty());
}

TEST(Rtp, ExtensionsOverTheEndStopTheWalk) {
  const Buffer bytes = hex("90e0 1234 01020304 0a0b0c0d bede0001 10aa2fff");
  const auto packet = parse(bytes);
  ASSERT_TRUE(packet);
  ExtensionReader reader(*packet);
  Extension element;
  EXPECT_TRUE(reader.next(element));
  EXPECT_FALSE(reader.next(element));
  EXPECT_TRUE(reader.malformed());
}

TEST(Rtp, HeadersRoundTripInBothExtensionForms) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::array<ByteArray<20>, 6> data{};
    std::vector<Extension> extensions;
    const std::size_t count = random() % 6;
    const bool wide = random() % 2 == 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (auto& byte : data[i]) {
        byte = static_cast<std::uint8_t>(random());
      }
      const std::size_t size = wide ? random() % 20 : 1 + random() % 16;
      extensions.push_back(
          {static_cast<std::uint8_t>(i * (wide ? 40 : 2) + 1), Bytes(data[i]).first(size)});
    }
    Header header{random() % 2 == 0, static_cast<std::uint8_t>(random() % 128),
                  static_cast<std::uint16_t>(random()), static_cast<std::uint32_t>(random()),
                  static_cast<std::uint32_t>(random())};
    ByteArray<200> out{};
    const std::size_t size = write_header(out, header, extensions);
    ASSERT_GT(size, 0u);
    EXPECT_EQ(write_header(MutBytes(out).first(size - 1), header, extensions), 0u);
    const auto packet = parse(Bytes(out).first(size));
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->header.sequence, header.sequence);
    EXPECT_EQ(packet->header.marker, header.marker);
    EXPECT_EQ(packet->header.payload_type, header.payload_type);
    EXPECT_EQ(packet->header.timestamp, header.timestamp);
    EXPECT_EQ(packet->header.ssrc, header.ssrc);
    EXPECT_EQ(packet->header_bytes, size);
    for (const Extension& e : extensions) {
      EXPECT_TRUE(same(find_extension(*packet, e.id), e.data));
    }
  }
}

TEST(Rtp, UnwrapsAroundTheNewest) {
  Unwrapper u;
  EXPECT_EQ(u.unwrap(65534), 0x1FFFEu);
  EXPECT_EQ(u.unwrap(1), 0x20001u);
  EXPECT_EQ(u.unwrap(65535), 0x1FFFFu);
  EXPECT_EQ(u.newest(), 0x20001u);
  EXPECT_EQ(u.unwrap(0x8000), 0x28000u);
  EXPECT_EQ(u.unwrap(0xFFFF), 0x2FFFFu);
  EXPECT_EQ(u.unwrap(5), 0x30005u);
}

TEST(Rtp, TellsRtcpByItsType) {
  EXPECT_TRUE(is_rtcp(hex("80c8")));
  EXPECT_TRUE(is_rtcp(hex("80cd")));
  EXPECT_FALSE(is_rtcp(hex("80e0")));
  EXPECT_FALSE(is_rtcp(hex("806f")));
  EXPECT_FALSE(is_rtcp(hex("80")));
}

TEST(Vp8, ReadsAndRewritesTheLongDescriptor) {
  // X S, I L T K, 15-bit picture id 0x1234, TL0PICIDX 0x56, TID 1 Y KEYIDX 9; then P = 0.
  Buffer payload = hex("90 f0 9234 56 69 10 02");
  const auto d = parse_vp8(payload);
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->start);
  EXPECT_TRUE(d->keyframe);
  EXPECT_EQ(d->picture_id_bits, 15);
  EXPECT_EQ(d->picture_id, 0x1234);
  EXPECT_EQ(d->tl0_index, 0x56);
  EXPECT_EQ(d->temporal_layer, 1);
  EXPECT_TRUE(d->layer_sync);
  EXPECT_EQ(d->key_index, 9);
  EXPECT_EQ(d->bytes, 6);
  rewrite(payload, *d, {0x7FFF, 0xAB, 31});
  EXPECT_TRUE(same(payload, hex("90 f0 ffff ab 7f 10 02")));
}

TEST(Vp8, ShortForms) {
  const auto bare = parse_vp8(hex("10 01"));
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->keyframe);
  EXPECT_EQ(bare->bytes, 1);
  EXPECT_TRUE(parse_vp8(hex("10 00"))->keyframe);
  EXPECT_FALSE(parse_vp8(hex("11 00"))->keyframe);  // partition 1
  EXPECT_FALSE(parse_vp8(hex("00 00"))->keyframe);  // no start
  EXPECT_FALSE(parse_vp8(hex("10"))->keyframe);     // nothing behind the descriptor
  Buffer seven = hex("90 80 7f 01");
  const auto d = parse_vp8(seven);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id_bits, 7);
  rewrite(seven, *d, {0x1285, 0, 0});
  EXPECT_TRUE(same(seven, hex("90 80 05 01")));
  for (const char* cut : {"", "80", "90 80", "90 80 80", "90 c0 01", "90 f0 8001 02"}) {
    EXPECT_FALSE(parse_vp8(hex(cut))) << cut;
  }
}

TEST(Vp9, FlexibleAndLayeredDescriptors) {
  // I P F B, 15-bit id, two references.
  const auto flexible = parse_vp9(hex("d8 8123 03 04 aa"));
  ASSERT_TRUE(flexible);
  EXPECT_TRUE(flexible->start);
  EXPECT_FALSE(flexible->keyframe);
  EXPECT_EQ(flexible->picture_id, 0x123);
  EXPECT_EQ(flexible->bytes, 5);
  // I L B V not flexible, spatial 0; scalability structure: 1 layer, size given, group of 1.
  Buffer key = hex("aa 8001 20 07 18 0280 01e0 01 04 02 aa");
  const auto d = parse_vp9(key);
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->keyframe);
  EXPECT_EQ(d->temporal_layer, 1);
  EXPECT_EQ(d->tl0_index, 7);
  EXPECT_EQ(d->bytes, key.size() - 1);
  rewrite(key, *d, {0x22, 9, 0});
  EXPECT_TRUE(same(key, hex("aa 8022 20 09 18 0280 01e0 01 04 02 aa")));
  EXPECT_FALSE(parse_vp9(hex("a8 8001 22 07 aa"))->keyframe);  // spatial layer 1
  EXPECT_FALSE(parse_vp9(hex("58 01 01 01 00")));              // four references
  for (const char* cut : {"", "80", "80 80", "a0 01", "a0 01 00", "02", "02 10", "02 08"}) {
    EXPECT_FALSE(parse_vp9(hex(cut))) << cut;
  }
}

}  // namespace
}  // namespace v100::rtp
