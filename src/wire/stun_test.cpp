// If this fails, the server misreads or miswrites a browser's connectivity check.
#include "wire/stun.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <simdjson.h>
#include <string>

#include "base/text.h"
#include "crypto/aead/aead.h"
#include "wire/dtls_record.h"

namespace v100::wire {
namespace {

// RFC 5769 §2.1: a request as an ICE agent sends it.
constexpr std::string_view sample_request =
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e"
    "0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781e"
    "f2b5b2d3f249c1b571a280280004e57a3bcf";
constexpr std::string_view sample_password = "VOkJxbRl1RmTxUk/WvJxBt";

Buffer hex(std::string_view text) {
  Result<Buffer> bytes = from_hex(text);
  CHECK(bytes.has_value());
  return std::move(*bytes);
}

bool integrity_ok(const StunMessage& message, Bytes key) {
  crypto::Hmac hmac(crypto::Digest::sha1, key);
  ByteArray<stun_mac_bytes> mac;
  hmac.compute(mac, message.integrity_header, message.integrity_body);
  return message.has_integrity && same(mac, message.integrity_mac);
}

TEST(Stun, ReadsTheSampleRequest) {
  const Buffer bytes = hex(sample_request);
  const Result<StunMessage> m = parse_stun(bytes);
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_EQ(m->type, StunType::binding_request);
  EXPECT_EQ(m->username, "evtj:h6vY");
  EXPECT_EQ(m->priority, 0x6e0001ffu);
  EXPECT_EQ(m->ice_controlled, 0x932ff9b151263b36u);
  EXPECT_FALSE(m->ice_controlling);
  EXPECT_TRUE(m->has_fingerprint);
  EXPECT_TRUE(integrity_ok(*m, as_bytes(sample_password)));
  EXPECT_FALSE(integrity_ok(*m, as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
}

TEST(Stun, EveryFlippedBitIsNoticed) {
  const Buffer bytes = hex(sample_request);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Buffer bad = bytes;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    // FINGERPRINT covers all before it; a flip can at most hide it, and ICE asks for it
    const Result<StunMessage> m = parse_stun(bad);
    EXPECT_FALSE(m && m->has_fingerprint) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_stun(Bytes(bytes).first(size)));
  }
}

TEST(Stun, NothingAfterIntegrityCounts) {
  ByteArray<200> buffer;
  StunWriter writer(buffer, StunType::binding_request, {});
  writer.username("a:b");
  crypto::Hmac hmac(crypto::Digest::sha1, as_bytes("secret"));
  writer.integrity([&](MutBytes out, Bytes message) { hmac.compute(out, message, {}); });
  writer.use_candidate();  // what somebody on the path could append
  writer.fingerprint();
  const Result<StunMessage> m = parse_stun(writer.message());
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_TRUE(integrity_ok(*m, as_bytes("secret")));
  EXPECT_FALSE(m->use_candidate);
}

TEST(Stun, WhatIsWrittenIsReadBack) {
  for (const char* ip : {"192.0.2.1", "2001:db8:1234:5678:11:2233:4455:6677"}) {
    ByteArray<stun_message_bytes_max> buffer;
    const StunTransaction transaction{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    StunWriter writer(buffer, StunType::binding_error, transaction);
    const Address address = *Address::parse(ip, 32853);
    const std::uint16_t unknown[] = {0x7001, 0x7002};
    writer.username("left:right");
    writer.priority(77);
    writer.ice_controlling(0x1122334455667788);
    writer.use_candidate();
    writer.xor_mapped_address(address);
    writer.error_code(487, "Role Conflict");
    writer.unknown_attributes(unknown);
    writer.fingerprint();
    const Result<StunMessage> m = parse_stun(writer.message());
    ASSERT_TRUE(m) << m.error().what;
    EXPECT_EQ(m->type, StunType::binding_error);
    EXPECT_EQ(m->transaction, transaction);
    EXPECT_EQ(m->username, "left:right");
    EXPECT_EQ(m->priority, 77u);
    EXPECT_EQ(m->ice_controlling, 0x1122334455667788u);
    EXPECT_TRUE(m->use_candidate);
    EXPECT_EQ(m->xor_mapped_address, address);
    EXPECT_EQ(m->error_code, 487);
    EXPECT_EQ(m->unknown_required_count, 0u);
  }
}

TEST(Stun, UnknownRequiredAttributesAreNamed) {
  Buffer bytes =
      hex("000100082112a442000000000000000000000000"
          "7abc00047fffffff");
  const Result<StunMessage> m = parse_stun(bytes);
  ASSERT_TRUE(m);
  ASSERT_EQ(m->unknown_required_count, 1u);
  EXPECT_EQ(m->unknown_required[0], 0x7abc);
}

TEST(DtlsRecord, OnePortHoldsFiveProtocols) {
  const auto kind = [](std::uint8_t first, std::uint8_t second) {
    const ByteArray<2> bytes{first, second};
    return classify(bytes);
  };
  EXPECT_EQ(kind(0, 1), DatagramKind::stun);
  EXPECT_EQ(kind(22, 0xfe), DatagramKind::dtls);
  EXPECT_EQ(kind(63, 0), DatagramKind::dtls);  // DTLS 1.3 unified headers are 32..63
  EXPECT_EQ(kind(64, 0), DatagramKind::turn_channel);
  EXPECT_EQ(kind(128, 111), DatagramKind::rtp);
  EXPECT_EQ(kind(144, 239), DatagramKind::rtp);  // payload type 111 with marker
  EXPECT_EQ(kind(128, 200), DatagramKind::rtcp);
  EXPECT_EQ(kind(129, 206), DatagramKind::rtcp);
  EXPECT_EQ(kind(19, 0), DatagramKind::unknown);
  EXPECT_EQ(kind(192, 0), DatagramKind::unknown);
  EXPECT_EQ(classify({}), DatagramKind::unknown);
}

TEST(DtlsRecord, SplitsAFlight) {
  const Buffer two =
      hex("16fefd00000000000000010003aabbcc"
          "14fefd0001000000000002000101");
  const Result<DtlsRecord> first = parse_dtls_record(two);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->content, DtlsContent::handshake);
  EXPECT_EQ(first->bytes, 16u);
  EXPECT_EQ(first->sequence, 1u);
  const Result<DtlsRecord> second = parse_dtls_record(Bytes(two).subspan(first->bytes));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->epoch, 1);
  EXPECT_EQ(second->sequence, 2u);
  EXPECT_FALSE(parse_dtls_record(Bytes(two).first(15)));
}

TEST(Stun, Rfc5769Vectors) {
  const char* root = std::getenv("V100_VECTORS");
  if (root == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: 4 RFC 5769 messages and the browser list are not run";
  }
  simdjson::dom::parser parser;
  for (const auto test : parser.load(std::string(root) + "/stun/rfc5769.json").get_array()) {
    const Buffer bytes = hex(test["msg"].get_string());
    const Result<StunMessage> m = parse_stun(bytes);
    ASSERT_TRUE(m) << m.error().what;
    EXPECT_EQ(m->has_fingerprint, bool(test["fingerprint"]));
    if (std::string_view(test["integrity"]) == "short-term") {
      EXPECT_TRUE(integrity_ok(*m, as_bytes(test["password"])));
    }
    std::string_view text;
    if (test["username"].get_string().get(text) == simdjson::SUCCESS) {
      EXPECT_EQ(m->username, text);
    }
    if (test["xor_mapped"].get_string().get(text) == simdjson::SUCCESS) {
      ASSERT_TRUE(m->xor_mapped_address);
      EXPECT_EQ(m->xor_mapped_address->text(), text);
    }
  }
}

// Requests that real browsers sent: all are read, and none has a broken fingerprint.
TEST(Stun, BrowserSamples) {
  const char* root = std::getenv("V100_VECTORS");
  if (root == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set";
  }
  std::ifstream in(std::string(root) + "/stun/frombrowsers.csv");
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    const std::size_t start = line.find(',') + 1;
    if (line.empty() || line[0] == '#' || line.starts_with("ip,")) {
      continue;
    }
    const Result<Buffer> bytes = from_base64(line.substr(start, line.find(',', start) - start));
    ASSERT_TRUE(bytes) << line;
    const Result<StunMessage> m = parse_stun(*bytes);
    EXPECT_TRUE(m) << line;
    ++count;
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace v100::wire
