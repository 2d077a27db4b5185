// If this fails, offers of browsers are misread or refused, and no call comes up.
#include "wire/sdp.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace v100::sdp {
namespace {

std::string load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Sdp, ReadsWhatABrowserOffers) {
  const auto s = parse(
      "v=0\r\no=- 12 3 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
      "a=fingerprint:SHA-256 AB:cd:01\r\na=sendrecv\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121\r\na=mid:0\r\na=sendonly\r\n"
      "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=rtcp-mux\r\n"
      "a=extmap:6/recvonly http://example.org/x\r\na=extmap:3 "
      "urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
      "a=fmtp:124 apt=120\r\na=rtpmap:120 VP8/90000\r\na=rtpmap:124 rtx/90000\r\n"
      "a=rtcp-fb:120 nack pli\r\na=rtcp-fb:* transport-cc\r\n"
      "a=rid:l send\r\na=rid:h send max-width=1280\r\na=simulcast:send l;~h\r\n"
      "a=ssrc:5 cname:{x}\r\na=ssrc:5 msid:a b\r\na=ssrc-group:FID 5 6\r\na=msid:st tr\r\n"
      "a=candidate:1 1 UDP 2 abc.local 9 typ host\r\na=end-of-candidates\r\n"
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n");
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_EQ(s->version, 3u);
  EXPECT_EQ(s->bundle, (std::vector<std::string>{"0", "1"}));
  ASSERT_EQ(s->transport.fingerprints.size(), 1u);
  EXPECT_EQ(s->transport.fingerprints[0].algorithm, "sha-256");
  EXPECT_EQ(s->transport.fingerprints[0].digest, (Buffer{0xAB, 0xCD, 0x01}));
  ASSERT_EQ(s->media.size(), 2u);
  const Media& m = s->media[0];
  EXPECT_EQ(m.kind, Kind::video);
  EXPECT_EQ(m.direction, Direction::sendonly);
  ASSERT_EQ(m.codecs.size(), 2u);  // 121 has no rtpmap
  EXPECT_EQ(m.codecs[0].name, "VP8");
  EXPECT_EQ(m.codecs[0].feedback, (std::vector<std::string>{"nack pli", "transport-cc"}));
  EXPECT_EQ(*format_value(m.codecs[1].format, "apt"), "120");
  EXPECT_EQ(m.extensions[0].id, 6);
  EXPECT_EQ(m.rids.size(), 2u);
  EXPECT_EQ(m.rids[1].restrictions, "max-width=1280");
  EXPECT_EQ(simulcast_ids(m.simulcast_send), (std::vector<std::string_view>{"l", "h"}));
  ASSERT_EQ(m.ssrcs.size(), 1u);
  EXPECT_EQ(m.ssrcs[0].cname, "{x}");
  EXPECT_EQ(m.repairs[0].repair, 6u);
  EXPECT_EQ(m.stream_id, "st");
  EXPECT_TRUE(m.end_of_candidates);
  EXPECT_EQ(s->media[1].port, 0);
  EXPECT_EQ(s->media[1].direction, Direction::sendrecv);
}

TEST(Sdp, WhatIsWrittenReadsTheSame) {
  Session s;
  s.id = 5;
  s.version = 2;
  s.ice_lite = true;
  s.bundle = {"a", "b"};
  Media m;
  m.kind = Kind::audio;
  m.kind_name = "audio";
  m.port = 9;
  m.protocol = "UDP/TLS/RTP/SAVPF";
  m.formats = {"111"};
  m.mid = "a";
  m.direction = Direction::recvonly;
  m.transport = {"uf", "pw", {{"sha-256", Buffer(32, 0x5A)}}, "passive"};
  m.rtcp_mux = m.rtcp_reduced = true;
  m.codecs = {{111, "opus", 48000, 2, "minptime=10;useinbandfec=1", {"transport-cc"}}};
  m.extensions = {{4, "urn:ietf:params:rtp-hdrext:sdes:mid"}};
  m.rids = {{"l", false, ""}};
  m.simulcast_receive = "l";
  m.ssrcs = {{9, "cn"}};
  m.repairs = {{9, 10}};
  m.stream_id = "s";
  m.track_id = "t";
  m.candidates = {"1 1 udp 1 192.0.2.1 5 typ host"};
  m.end_of_candidates = true;
  s.media = {m};
  const std::string text = write(s);
  const auto back = parse(text);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(write(*back), text);
  EXPECT_TRUE(back->ice_lite);
  EXPECT_EQ(back->media[0].codecs[0].channels, 2);
  EXPECT_EQ(back->media[0].transport.fingerprints[0].digest, Buffer(32, 0x5A));
}

TEST(Sdp, RefusesWithoutReadingOn) {
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("hello"));
  EXPECT_FALSE(parse("v=1\r\n"));
  EXPECT_FALSE(parse("v=0\r\nm=audio x UDP 1\r\n"));
  EXPECT_FALSE(parse("v=0\r\nm=audio 99999 UDP 1\r\n"));
  EXPECT_FALSE(parse("v=0\r\na=fingerprint:sha-256 AB-CD\r\n"));
  EXPECT_FALSE(parse("v=0\r\na=fingerprint:sha-256 AB:\r\n"));
  EXPECT_FALSE(parse("v=0\r\nm=audio 9 X 1\r\na=extmap:a b\r\n"));
  std::string many = "v=0\r\n";
  for (int i = 0; i < 600; ++i) {
    many += "m=audio 9 X 1\r\n";
  }
  const auto s = parse(many);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Errc::too_large);
  EXPECT_EQ(parse("v=0\r\n" + std::string(300000, 'x')).error().code, Errc::too_large);
}

// Offers of Chrome, Firefox and Safari and odd descriptions from other projects' tests.
TEST(Sdp, ReadsTheCollectedDescriptions) {
  const char* vectors = std::getenv("V100_VECTORS");
  if (vectors == nullptr) {
    GTEST_SKIP() << "skipped the collected descriptions: V100_VECTORS is not set";
  }
  int read = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(vectors) / "sdp")) {
    if (entry.path().extension() != ".sdp") {
      continue;
    }
    const auto s = parse(load(entry.path()));
    if (entry.path().filename() == "invalid.sdp") {
      continue;  // either answer is right, as long as there is one
    }
    ASSERT_TRUE(s) << entry.path() << ": " << s.error().what;
    EXPECT_TRUE(parse(write(*s))) << entry.path();
    ++read;
  }
  EXPECT_GE(read, 25);
}

}  // namespace
}  // namespace v100::sdp
