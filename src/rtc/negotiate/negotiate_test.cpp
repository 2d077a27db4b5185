// If this fails, browsers refuse our answers or the room misroutes what they send.
#include "rtc/negotiate/negotiate.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>

#include "wire/sdp.h"

namespace v100::rtc {
namespace {

std::string load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string offer(const char* name) {
  return load(std::filesystem::path(V100_SOURCE_DIR) / "tests/data/offers" / name);
}

struct Scene {
  IceCredentials local{"lfrag", "0123456789012345678901"};
  Fingerprint fingerprint{};
  std::vector<Address> candidates{*Address::parse("192.0.2.1", 3478),
                                  *Address::parse("2001:db8::1", 3478)};
  std::string text;
  Result<Negotiated> run(std::vector<SendWish> sends, std::vector<ReceiveWish> receives) {
    NegotiateInput in;
    in.offer = text;
    in.sends = sends;
    in.receives = receives;
    in.candidates = candidates;
    in.local = &local;
    in.fingerprint = &fingerprint;
    in.session_id = 77;
    in.version = 1;
    return negotiate(in);
  }
};

const std::vector<SendWish> two_sends{{"0", 1}, {"1", 2}};

TEST(Negotiate, AnswersChromiumSimulcast) {
  Scene s;
  s.text = offer("chromium_simulcast.sdp");
  const auto n = s.run(two_sends, {});
  ASSERT_TRUE(n) << n.error().what;
  ASSERT_EQ(n->sends.size(), 2u);
  EXPECT_EQ(n->sends[0].codecs[0].media, 111);
  EXPECT_EQ(n->sends[1].rids, (std::vector<std::string>{"l", "m", "h"}));
  EXPECT_EQ(n->sends[1].codecs[1].media, 96);
  EXPECT_EQ(n->sends[1].codecs[1].repair, 97);
  EXPECT_EQ(n->sends[1].codecs[2].media, 98);
  EXPECT_EQ(n->sends[1].extensions.transport_sequence, 3);
  EXPECT_EQ(n->sends[1].extensions.rid, 10);
  EXPECT_NE(n->sends[0].ssrc, 0u);
  EXPECT_EQ(n->remote.ufrag, "ASWH");
  const auto answer = sdp::parse(n->answer);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ice_lite);
  EXPECT_EQ(answer->bundle, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(answer->media[0].candidates.size(), 2u);
  EXPECT_TRUE(answer->media[1].candidates.empty());
  EXPECT_EQ(answer->media[1].simulcast_receive, "l;m;h");
  EXPECT_EQ(answer->media[1].direction, sdp::Direction::recvonly);
  EXPECT_EQ(answer->media[1].transport.setup, "passive");
  EXPECT_EQ(answer->media[1].formats, (std::vector<std::string>{"96", "97", "98", "99"}));
}

TEST(Negotiate, AnswersFirefoxWithBundleOnlyLines) {
  Scene s;
  s.text = offer("firefox_send_receive.sdp");
  const auto n = s.run({{"0", 1}, {"1", 2}, {"4", 3}}, {{"2", 100, 101, "cn", "m1.main", "m1.1"},
                                                        {"3", 102, 103, "cn", "m1.main", "m1.2"}});
  ASSERT_TRUE(n) << n.error().what;
  ASSERT_EQ(n->sends.size(), 3u);
  ASSERT_EQ(n->receives.size(), 2u);
  EXPECT_EQ(n->receives[0].repair_ssrc, 0u);
  EXPECT_EQ(n->receives[1].repair_ssrc, 103u);
  EXPECT_EQ(n->sends[1].extensions.rid, 9);
  EXPECT_EQ(n->sends[1].rids.size(), 3u);
  EXPECT_EQ(n->sends[2].ssrc, 2782983460u);
  EXPECT_EQ(n->sends[2].repair_ssrc, 2200636105u);
  const auto answer = sdp::parse(n->answer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->bundle.size(), 5u);
  for (const sdp::Media& m : answer->media) {
    EXPECT_EQ(m.port, 9);
  }
  EXPECT_EQ(answer->media[3].direction, sdp::Direction::sendonly);
  EXPECT_EQ(answer->media[3].stream_id, "m1.main");
  ASSERT_EQ(answer->media[3].ssrcs.size(), 2u);
  EXPECT_EQ(answer->media[3].ssrcs[0].cname, "cn");
}

TEST(Negotiate, RejectsStoppedLinesAndDataChannels) {
  Scene s;
  s.text = offer("chromium_plain.sdp");
  const auto n = s.run({{"0", 2}}, {});
  ASSERT_TRUE(n) << n.error().what;
  const auto answer = sdp::parse(n->answer);
  EXPECT_EQ(answer->media[1].port, 0);
  EXPECT_EQ(answer->bundle, (std::vector<std::string>{"0"}));
  // A stopped transceiver: port 0, out of the BUNDLE group, still in its place.
  s.text = offer("chromium_simulcast.sdp");
  s.text.replace(s.text.find("m=audio 9"), 9, "m=audio 0");
  s.text.replace(s.text.find("BUNDLE 0 1"), 10, "BUNDLE 1");
  const auto stopped = s.run({{"1", 2}}, {});
  ASSERT_TRUE(stopped) << stopped.error().what;
  const auto second = sdp::parse(stopped->answer);
  EXPECT_EQ(second->media[0].port, 0);
  EXPECT_EQ(second->media[1].candidates.size(), 2u);
  EXPECT_EQ(s.run(two_sends, {}).error().code, Errc::not_found);
}

TEST(Negotiate, LinesNobodyAskedForAreInactive) {
  Scene s;
  s.text = offer("chromium_send_receive.sdp");
  const auto n = s.run({}, {});
  ASSERT_TRUE(n) << n.error().what;
  EXPECT_TRUE(n->sends.empty());
  const auto answer = sdp::parse(n->answer);
  ASSERT_TRUE(answer);
  for (const sdp::Media& m : answer->media) {
    EXPECT_EQ(m.direction, sdp::Direction::inactive);
    EXPECT_EQ(m.port, 9);
  }
}

TEST(Negotiate, SaysWhyItRefuses) {
  Scene s;
  s.text = "nonsense";
  EXPECT_EQ(s.run({}, {}).error().code, Errc::malformed);
  s.text = offer("chromium_simulcast.sdp");
  EXPECT_EQ(s.run({{"9", 1}}, {}).error().code, Errc::not_found);
  std::string no_print = s.text;
  for (std::size_t at; (at = no_print.find("a=fingerprint:sha-256")) != std::string::npos;) {
    no_print.erase(at, no_print.find('\n', at) - at + 1);
  }
  s.text = no_print;
  EXPECT_EQ(s.run(two_sends, {}).error().code, Errc::unsupported);
  s.text = "v=0\r\n";
  EXPECT_EQ(s.run({}, {}).error().code, Errc::unsupported);
}

// One kind of congestion feedback throughout, and one set of parameters for a payload type
// (RFC 8843 §9.1): browsers warn of the one and will refuse the other.
void check_feedback_and_format(const sdp::Media& offered, const sdp::Media& answer,
                               std::map<int, std::string>& formats) {
  const auto has = [](const sdp::Codec& codec) {
    return std::find(codec.feedback.begin(), codec.feedback.end(), "transport-cc") !=
           codec.feedback.end();
  };
  for (const sdp::Codec& c : answer.codecs) {
    const auto theirs =
        std::find_if(offered.codecs.begin(), offered.codecs.end(),
                     [&](const sdp::Codec& o) { return o.payload_type == c.payload_type; });
    ASSERT_NE(theirs, offered.codecs.end());
    EXPECT_EQ(has(c), has(*theirs)) << answer.mid;
    EXPECT_EQ(formats.try_emplace(c.payload_type, c.format).first->second, c.format) << answer.mid;
  }
}

TEST(Negotiate, EveryStoredOfferGetsAnAnswerThatFits) {
  std::vector<std::filesystem::path> paths;
  for (const auto& e : std::filesystem::directory_iterator(std::filesystem::path(V100_SOURCE_DIR) /
                                                           "tests/data/offers")) {
    paths.push_back(e.path());
  }
  const char* vectors = std::getenv("V100_VECTORS");
  if (vectors != nullptr) {
    for (const char* name : {"test_audio_chrome.sdp", "test_video_chrome.sdp", "test_safari.sdp"}) {
      paths.push_back(std::filesystem::path(vectors) / "sdp/aiortc" / name);
    }
  }
  ASSERT_GE(paths.size(), 8u);
  for (const auto& path : paths) {
    Scene s;
    s.text = load(path);
    const auto offered = sdp::parse(s.text);
    ASSERT_TRUE(offered);
    std::vector<SendWish> sends;
    std::vector<ReceiveWish> receives;
    std::uint32_t ssrc = 1;
    for (const sdp::Media& m : offered->media) {
      if (m.kind != sdp::Kind::audio && m.kind != sdp::Kind::video) {
        continue;
      }
      if (m.direction == sdp::Direction::recvonly) {
        receives.push_back({m.mid, ssrc, ssrc + 1, "c", "s", "t"});
        ssrc += 2;
      } else {
        sends.push_back({m.mid, 1});
      }
    }
    const auto n = s.run(sends, receives);
    ASSERT_TRUE(n) << path << ": " << n.error().what;
    EXPECT_EQ(n->sends.size(), sends.size()) << path;
    EXPECT_EQ(n->receives.size(), receives.size()) << path;
    const auto answer = sdp::parse(n->answer);
    ASSERT_EQ(answer->media.size(), offered->media.size());
    std::map<int, std::string> formats;  // by payload type
    for (std::size_t i = 0; i < answer->media.size(); ++i) {
      const sdp::Media& a = answer->media[i];
      EXPECT_EQ(a.mid, offered->media[i].mid);
      check_feedback_and_format(offered->media[i], a, formats);
      for (const sdp::Extmap& e : a.extensions) {  // ids echo the offer's
        EXPECT_EQ(e.uri.find("audio-level"), std::string::npos);
        EXPECT_TRUE(
            std::any_of(offered->media[i].extensions.begin(), offered->media[i].extensions.end(),
                        [&](const sdp::Extmap& o) { return o.id == e.id && o.uri == e.uri; }));
      }
      for (const std::string& f : a.formats) {
        EXPECT_NE(std::find(offered->media[i].formats.begin(), offered->media[i].formats.end(), f),
                  offered->media[i].formats.end());
      }
    }
  }
}

}  // namespace
}  // namespace v100::rtc
