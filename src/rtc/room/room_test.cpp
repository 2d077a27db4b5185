// If this fails, members of a room do not get each other's media whole, in order and repaired.
#include "rtc/room/room.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "rtc/room/packet_batch.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"
#include "wire/rtp_payload.h"

namespace v100::rtc {
namespace {

constexpr std::uint8_t audio_track = 1, camera_track = 2;

class SeededRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    for (auto& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937 engine_{42};
};

SendLine camera_line(bool simulcast) {
  SendLine line;
  line.mid = "1";
  line.track = camera_track;
  line.video = true;
  line.codecs[static_cast<std::size_t>(Codec::vp8)] = {96, 97};
  line.extensions = {4, 10, 11, 3, 2, 0};
  if (simulcast) {
    line.rids = {"l", "m", "h"};
  }
  return line;
}

SendLine audio_line() {
  SendLine line;
  line.mid = "0";
  line.track = audio_track;
  line.codecs[static_cast<std::size_t>(Codec::opus)] = {111, 0};
  line.extensions = {4, 0, 0, 3, 2, 1};
  return line;
}

Subscription subscription(MemberId from, std::uint8_t track, const char* mid, std::uint32_t ssrc) {
  Subscription s;
  s.line.mid = mid;
  s.line.video = track == camera_track;
  s.line.codecs[static_cast<std::size_t>(Codec::vp8)] = {120, 124};
  s.line.codecs[static_cast<std::size_t>(Codec::opus)] = {109, 0};
  s.line.extensions = {3, 0, 0, 0, 4, 1};
  s.line.ssrc = ssrc;
  s.line.repair_ssrc = s.line.video ? ssrc + 1 : 0;
  s.source = {from, track};
  return s;
}

// A browser's sender of one VP8 layer, with an RTX stream.
struct Sender {
  std::uint32_t ssrc;
  const char* rid;  // "" without simulcast
  std::uint16_t sequence, repair_sequence = 1;
  std::uint32_t timestamp;
  std::uint16_t picture;
  int packets_a_frame;
  std::map<std::uint16_t, Buffer> sent{};

  Buffer packet(bool start, bool end, bool key, std::uint16_t& transport, std::uint8_t mark) {
    ByteArray<2> number{};
    store_be(number.data(), transport++);
    std::vector<rtp::Extension> extensions{{3, number}, {4, as_bytes("1")}};
    if (*rid != 0) {
      extensions.push_back({10, as_bytes(rid)});
    }
    Buffer out(100);
    out.resize(rtp::write_header(out, {end, 96, sequence, timestamp, ssrc}, extensions));
    const std::uint8_t descriptor[] = {static_cast<std::uint8_t>(start ? 0x90 : 0x80),
                                       0xE0,
                                       static_cast<std::uint8_t>(0x80 | (picture >> 8)),
                                       static_cast<std::uint8_t>(picture),
                                       1,
                                       0x20};
    append(out, descriptor);
    out.push_back(key ? 0x10 : 0x11);
    out.insert(out.end(), 200, mark);
    sent[sequence++] = out;
    return out;
  }
  std::vector<Buffer> frame(bool key, std::uint16_t& transport, std::uint8_t mark) {
    std::vector<Buffer> out;
    for (int i = 0; i < packets_a_frame; ++i) {
      out.push_back(packet(i == 0, i + 1 == packets_a_frame, key, transport, mark));
    }
    picture = static_cast<std::uint16_t>((picture + 1) & 0x7FFF);
    timestamp += 3000;
    return out;
  }
  Buffer repair(std::uint16_t lost, std::uint16_t& transport) {
    const Buffer& original = sent.at(lost);
    const auto parsed = rtp::parse(original);
    ByteArray<2> number{};
    store_be(number.data(), transport++);
    std::vector<rtp::Extension> extensions{{3, number}, {4, as_bytes("1")}};
    if (*rid != 0) {
      extensions.push_back({11, as_bytes(rid)});
    }
    Buffer out(100);
    out.resize(rtp::write_header(
        out, {parsed->header.marker, 97, repair_sequence++, parsed->header.timestamp, ssrc + 1000},
        extensions));
    out.push_back(static_cast<std::uint8_t>(lost >> 8));
    out.push_back(static_cast<std::uint8_t>(lost));
    append(out, parsed->payload);
    return out;
  }
};

struct Scene {
  SeededRandom random;
  Room room{{"v100-"}, random, nullptr};
  PacketBatch out{4096};
  std::vector<RoomEvent> events;
  Instant now = Instant::from_ns(1000000000);

  void pass(std::int64_t ms) { now = now + Duration::milliseconds(ms); }
  void rtp(MemberId from, Buffer packet) { room.on_rtp(now, now, from, packet, out); }
  void timer() { room.on_timer(now, out, events); }
  // Takes out what is for one member, split into media and control.
  std::vector<Buffer> take(MemberId member, bool control) {
    std::vector<Buffer> got;
    for (const auto& e : out.entries()) {
      if (e.to == member && e.control == control) {
        got.push_back(to_buffer(out.buffer(e).first(e.size)));
      }
    }
    return got;
  }
  void clear() { out.clear(); }
  std::size_t count(MemberId member, rtcp::Type type, std::uint8_t format) {
    std::size_t n = 0;
    for (const Buffer& b : take(member, true)) {
      rtcp::CompoundReader reader(b);
      for (rtcp::Block block; reader.next(block);) {
        n += block.is(type) && block.count == format ? 1 : 0;
      }
    }
    return n;
  }
};

void nack(Scene& s, MemberId from, std::uint32_t ssrc, std::vector<std::uint16_t> lost) {
  ByteArray<200> bytes{};
  rtcp::Writer writer(bytes);
  writer.nack(1, ssrc, lost);
  s.room.on_rtcp(s.now, from, writer.bytes(), s.out);
}

TEST(Room, ForwardsWithTheSubscribersNumbers) {
  Scene s;
  const SendLine sends[] = {audio_line(), camera_line(false)};
  const Subscription wants[] = {subscription(1, audio_track, "5", 500),
                                subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  // Audio: mid in the first packet only, level in each.
  const std::uint8_t level[] = {0x85};
  for (std::uint16_t i = 0; i < 3; ++i) {
    std::vector<rtp::Extension> extensions{{1, level}};
    if (i == 0) {
      extensions.push_back({4, as_bytes("0")});
    }
    Buffer packet(64);
    packet.resize(rtp::write_header(
        packet, {i == 0, 111, static_cast<std::uint16_t>(65535 + i), 960u * i, 77}, extensions));
    packet.insert(packet.end(), 20, 0xAA);
    s.rtp(1, packet);
  }
  const auto audio = s.take(2, false);
  ASSERT_EQ(audio.size(), 3u);
  const auto first = rtp::parse(audio[0]);
  for (std::uint16_t i = 0; i < 3; ++i) {
    const auto p = rtp::parse(audio[i]);
    EXPECT_EQ(p->header.ssrc, 500u);
    EXPECT_EQ(p->header.payload_type, 109);
    EXPECT_EQ(p->header.sequence, static_cast<std::uint16_t>(first->header.sequence + i));
    EXPECT_EQ(p->header.timestamp, 960u * i);
    EXPECT_EQ(as_text(rtp::find_extension(*p, 3)), "5");
    EXPECT_EQ(rtp::find_extension(*p, 1)[0], 0x85);
    EXPECT_EQ(rtp::find_extension(*p, 4).size(), 3u);
    EXPECT_EQ(p->payload.size(), 20u);
  }
  s.clear();
  Sender camera{900, "", 10, 1, 5000, 32767, 3};
  std::uint16_t transport = 0;
  for (const Buffer& p : camera.frame(false, transport, 1)) {
    s.rtp(1, p);  // before the first keyframe: nothing to show
  }
  EXPECT_TRUE(s.take(2, false).empty());
  for (const Buffer& p : camera.frame(true, transport, 2)) {
    s.rtp(1, p);
  }
  const auto video = s.take(2, false);
  ASSERT_EQ(video.size(), 3u);
  EXPECT_EQ(rtp::parse(video[0])->header.payload_type, 120);
  EXPECT_TRUE(rtp::parse_vp8(rtp::parse(video[0])->payload)->keyframe);
  // The encrypted frame itself is untouched.
  const auto sent = rtp::parse(camera.sent.at(13));
  EXPECT_TRUE(same(rtp::parse(video[0])->payload.subspan(6), sent->payload.subspan(6)));
  EXPECT_TRUE(s.take(1, false).empty());
}

TEST(Room, AsksForAKeyframeOncePerSecondHoweverManyWant) {
  Scene s;
  const SendLine sends[] = {camera_line(false)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_connected(s.now, 1, true);
  for (MemberId m = 2; m < 12; ++m) {
    const Subscription wants[] = {subscription(1, camera_track, "6", 600 + m * 10)};
    s.room.set_lines(s.now, m, {}, wants);
    s.room.set_connected(s.now, m, true);
  }
  Sender camera{900, "", 10, 1, 5000, 1, 1};
  std::uint16_t transport = 0;
  std::size_t asked = 0;
  for (int ms = 0; ms < 3000; ms += 10) {
    if (ms % 30 == 0) {
      s.rtp(1, camera.frame(false, transport, 1)[0]);
    }
    s.pass(10);
    s.timer();
    asked += s.count(1, rtcp::Type::payload_feedback, rtcp::fmt_pli);
    s.clear();
  }
  EXPECT_EQ(asked, 3u);
  s.rtp(1, camera.frame(true, transport, 1)[0]);
  EXPECT_EQ(s.out.entries().size(), 10u);
  s.clear();
  for (int ms = 0; ms < 3000; ms += 10) {
    s.pass(10);
    s.rtp(1, camera.frame(false, transport, 1)[0]);
    s.timer();
    EXPECT_EQ(s.count(1, rtcp::Type::payload_feedback, rtcp::fmt_pli), 0u);
    s.clear();
  }
  // A subscriber's own request is passed on as ours.
  ByteArray<32> bytes{};
  rtcp::Writer writer(bytes);
  writer.pli(1, 620);
  s.room.on_rtcp(s.now, 2, writer.bytes(), s.out);
  s.timer();
  EXPECT_EQ(s.count(1, rtcp::Type::payload_feedback, rtcp::fmt_pli), 1u);
}

TEST(Room, RepeatsOverRtxWhatASubscriberLost) {
  Scene s;
  const SendLine sends[] = {camera_line(false)};
  const Subscription wants[] = {subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  Sender camera{900, "", 10, 1, 5000, 1, 4};
  std::uint16_t transport = 0;
  for (const Buffer& p : camera.frame(true, transport, 3)) {
    s.rtp(1, p);
  }
  const auto sent = s.take(2, false);
  ASSERT_EQ(sent.size(), 4u);
  s.clear();
  s.pass(50);
  const std::uint16_t lost = rtp::parse(sent[1])->header.sequence;
  nack(s, 2, 600, {lost, static_cast<std::uint16_t>(lost + 1)});
  nack(s, 2, 600, {lost});                                     // too soon to repeat again
  nack(s, 2, 600, {static_cast<std::uint16_t>(lost + 1000)});  // never sent
  const auto again = s.take(2, false);
  ASSERT_EQ(again.size(), 2u);
  const auto p = rtp::parse(again[0]);
  EXPECT_EQ(p->header.ssrc, 601u);
  EXPECT_EQ(p->header.payload_type, 124);
  EXPECT_EQ(load_be<std::uint16_t>(p->payload.data()), lost);
  EXPECT_TRUE(same(p->payload.subspan(2), rtp::parse(sent[1])->payload));
  EXPECT_EQ(rtp::parse(again[1])->header.sequence,
            static_cast<std::uint16_t>(p->header.sequence + 1));
  EXPECT_EQ(s.room.stats().rtx_missed, 1u);
  s.clear();
  s.pass(1500);
  nack(s, 2, 600, {lost});
  EXPECT_TRUE(s.take(2, false).empty());
}

TEST(Room, SwitchesLayersOnlyAtAKeyframeOfTheNewOne) {
  Scene s;
  const SendLine sends[] = {camera_line(true)};
  const Subscription wants[] = {subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  Sender layers[] = {{100, "l", 60000, 1, 1000, 5, 1},
                     {200, "m", 100, 1, 77777, 9000, 2},
                     {300, "h", 30000, 1, 4000000000, 20000, 4}};
  std::uint16_t transport = 0;
  std::uint16_t last_sequence = 0;
  std::uint32_t last_timestamp = 0;
  bool started = false;
  std::set<std::uint8_t> seen;
  std::uint8_t shown = 0xFF;
  for (int frame = 0; frame < 400; ++frame) {
    if (frame == 200) {
      s.room.set_view(s.now, 2, "6", 90);
    }
    std::array<bool, 3> key{};
    for (std::uint8_t i = 0; i < 3; ++i) {
      key[i] = frame == 0 ? i == 0 : false;
    }
    for (const Buffer& b : s.take(1, true)) {  // the producer obeys PLI
      rtcp::CompoundReader reader(b);
      for (rtcp::Block block; reader.next(block);) {
        if (block.is(rtcp::Type::payload_feedback) && block.count == rtcp::fmt_pli) {
          const auto media = rtcp::parse_feedback(block)->media;
          key[media / 100 - 1] = true;
        }
      }
    }
    s.clear();
    for (std::uint8_t i = 0; i < 3; ++i) {
      for (const Buffer& p : layers[i].frame(key[i], transport, i)) {
        s.rtp(1, p);
      }
    }
    s.pass(33);
    s.timer();
    const auto got = s.take(2, false);
    EXPECT_FALSE(got.empty()) << "frame " << frame;
    for (const Buffer& b : got) {
      const auto p = rtp::parse(b);
      const auto d = rtp::parse_vp8(p->payload);
      const std::uint8_t mark = p->payload.back();
      if (mark != shown) {
        EXPECT_TRUE(d->keyframe) << "frame " << frame;
        shown = mark;
        seen.insert(mark);
      }
      if (started) {
        EXPECT_EQ(static_cast<std::uint16_t>(p->header.sequence - last_sequence), 1);
        const auto step = static_cast<std::int32_t>(p->header.timestamp - last_timestamp);
        EXPECT_GE(step, 0);
        EXPECT_LE(step, 9000);
      }
      started = true;
      last_sequence = p->header.sequence;
      last_timestamp = p->header.timestamp;
    }
    if (frame == 190) {
      EXPECT_EQ(shown, 2);  // one video on the screen: the top layer
    }
  }
  EXPECT_EQ(shown, 0);  // a view of 90 pixels: the lowest
  EXPECT_GE(seen.size(), 2u);
  const auto tracks = s.room.tracks(s.now);
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_TRUE(tracks[0].layers[2].active);
}

TEST(Room, MuteAndViewStopForwardingAndStartAgainAtAKeyframe) {
  Scene s;
  const SendLine sends[] = {camera_line(false)};
  const Subscription wants[] = {subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  Sender camera{900, "", 10, 1, 5000, 1, 1};
  std::uint16_t transport = 0;
  const auto frame = [&](bool key) {
    s.clear();
    s.pass(33);
    s.rtp(1, camera.frame(key, transport, 1)[0]);
    const auto got = s.take(2, false);
    return got.empty() ? -1 : int{rtp::parse(got[0])->header.sequence};
  };
  const int first = frame(true);
  ASSERT_GE(first, 0);
  s.room.set_muted(s.now, {1, camera_track}, true);
  EXPECT_EQ(frame(false), -1);
  EXPECT_EQ(frame(true), -1);
  s.room.set_muted(s.now, {1, camera_track}, false);
  EXPECT_EQ(frame(false), -1);
  EXPECT_EQ(frame(true), first + 1);
  s.room.set_view(s.now, 2, "6", 0);
  EXPECT_EQ(frame(true), -1);
  s.room.set_view(s.now, 2, "6", 300);
  EXPECT_EQ(frame(false), -1);
  s.timer();
  EXPECT_EQ(s.count(1, rtcp::Type::payload_feedback, rtcp::fmt_pli), 1u);
  EXPECT_EQ(frame(true), first + 2);
  s.room.set_connected(s.now, 2, false);
  EXPECT_EQ(frame(true), -1);
}

TEST(Room, TellsTheClockOfTheProducerInItsOwnReports) {
  Scene s;
  const SendLine sends[] = {camera_line(false)};
  const Subscription wants[] = {subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  Sender camera{900, "", 10, 1, 5000, 1, 1};
  std::uint16_t transport = 0;
  s.rtp(1, camera.frame(true, transport, 1)[0]);
  ByteArray<64> bytes{};
  rtcp::Writer writer(bytes);
  writer.sender_report({900, 0x00000005'00000000, 5000, 1, 200}, {});
  s.room.on_rtcp(s.now, 1, writer.bytes(), s.out);
  s.clear();
  s.pass(500);
  s.timer();
  s.pass(500);
  s.rtp(1, camera.frame(false, transport, 1)[0]);
  s.timer();
  bool found = false;
  std::uint32_t middle = 0;
  for (const Buffer& b : s.take(2, true)) {
    rtcp::CompoundReader reader(b);
    for (rtcp::Block block; reader.next(block);) {
      const auto r = rtcp::parse_report(block);
      if (block.is(rtcp::Type::sender_report) && r && r->sender == 600) {
        found = true;
        EXPECT_NEAR(static_cast<double>(r->ntp >> 16), 6.0 * 65536, 70);
        EXPECT_NEAR(static_cast<double>(r->rtp_timestamp), 95000.0, 100);
        middle = static_cast<std::uint32_t>(r->ntp >> 16);
      }
    }
  }
  ASSERT_TRUE(found);
  // The subscriber's report about it gives the round-trip time.
  s.pass(80);
  const rtcp::ReportBlock block[] = {{600, 51, 1, 1, 0, middle, 65536 / 20}};
  rtcp::Writer reply(bytes);
  reply.receiver_report(5, block);
  s.room.on_rtcp(s.now, 2, reply.bytes(), s.out);
  EXPECT_EQ(s.room.quality(s.now, 2)->rtt_ms, 30);
}

// Two members send simulcast to each other and to a third over links that lose and reorder. Each
// receiver repairs by NACK as browsers do. Payloads must arrive whole and in their order.
struct Receiver {
  std::uint32_t ssrc;
  std::map<std::uint64_t, std::uint8_t> got{};  // by unwrapped sequence: mark
  rtp::Unwrapper unwrapper{};
  std::uint64_t duplicates = 0, repaired = 0;
  void take(const Buffer& bytes) {
    auto p = rtp::parse(bytes);
    std::uint16_t sequence = p->header.sequence;
    if (p->header.ssrc == ssrc + 1) {
      sequence = load_be<std::uint16_t>(p->payload.data());
      ++repaired;
    }
    const std::uint64_t number = unwrapper.unwrap(sequence);
    duplicates += got.contains(number) ? 1 : 0;
    got[number] = p->payload.back();
  }
  std::vector<std::uint16_t> missing() const {
    std::vector<std::uint16_t> out;
    if (!got.empty()) {
      for (std::uint64_t n = got.begin()->first; n < got.rbegin()->first && out.size() < 100; ++n) {
        if (!got.contains(n)) {
          out.push_back(static_cast<std::uint16_t>(n));
        }
      }
    }
    return out;
  }
};

TEST(Room, ThreeMembersUnderLossAndReordering) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Scene s;
    const SendLine sends[] = {camera_line(true)};
    std::map<std::pair<MemberId, MemberId>, Receiver> receivers;
    for (MemberId m = 1; m <= 3; ++m) {
      std::vector<Subscription> wants;
      for (MemberId from = 1; from <= 2; ++from) {
        if (from != m) {
          const std::uint32_t ssrc = m * 1000 + from * 10;
          wants.push_back(subscription(from, camera_track, from == 1 ? "6" : "7", ssrc));
          receivers[{m, from}].ssrc = ssrc;
        }
      }
      s.room.set_lines(
          s.now, m, m <= 2 ? std::span<const SendLine>(sends) : std::span<const SendLine>(), wants);
      s.room.set_connected(s.now, m, true);
    }
    Sender layers[2][3] = {{{100, "l", 65000, 1, 1000, 32000, 1},
                            {200, "m", 1, 1, 5, 3, 2},
                            {300, "h", 3, 1, 9, 7, 3}},
                           {{400, "l", 5, 1, 1000, 5, 1},
                            {500, "m", 65500, 1, 5, 3, 2},
                            {600, "h", 3, 1, 4294900000, 7, 3}}};
    std::uint16_t transport[2] = {65000, 3};
    struct Flying {
      Instant at;
      MemberId from;
      Buffer packet;
    };
    std::vector<Flying> up, down;
    std::size_t lost_up = 0;
    const auto send_up = [&](MemberId from, Buffer packet) {
      if (random() % 100 < 5) {
        ++lost_up;
        return;
      }
      up.push_back({s.now + Duration::milliseconds(10 + random() % 12), from, std::move(packet)});
    };
    for (int ms = 0; ms < 10000; ms += 5) {
      if (ms % 35 == 0) {
        for (MemberId m = 0; m < 2; ++m) {
          for (auto& layer : layers[m]) {
            for (Buffer& p :
                 layer.frame(ms == 0, transport[m], static_cast<std::uint8_t>(ms / 35))) {
              send_up(m + 1, std::move(p));
            }
          }
        }
      }
      std::erase_if(up, [&](Flying& f) {
        if (f.at > s.now) {
          return false;
        }
        s.rtp(f.from, f.packet);
        return true;
      });
      s.timer();
      for (MemberId m = 1; m <= 2; ++m) {  // the producers obey NACK and PLI
        for (const Buffer& b : s.take(m, true)) {
          rtcp::CompoundReader reader(b);
          for (rtcp::Block block; reader.next(block);) {
            const auto f = rtcp::parse_feedback(block);
            if (!f) {
              continue;
            }
            for (auto& layer : layers[m - 1]) {
              if (layer.ssrc != f->media) {
                continue;
              }
              if (block.is(rtcp::Type::transport_feedback) && block.count == rtcp::fmt_nack) {
                rtcp::for_each_nack(f->control, [&](std::uint16_t lost) {
                  send_up(m, layer.repair(lost, transport[m - 1]));
                });
              } else if (block.is(rtcp::Type::payload_feedback) && block.count == rtcp::fmt_pli) {
                for (Buffer& p : layer.frame(true, transport[m - 1], 255)) {
                  send_up(m, std::move(p));
                }
              }
            }
          }
        }
      }
      for (auto& [key, receiver] : receivers) {
        for (const Buffer& b : s.take(key.first, false)) {
          const std::uint32_t ssrc = rtp::parse(b)->header.ssrc;
          if ((ssrc == receiver.ssrc || ssrc == receiver.ssrc + 1) && random() % 100 >= 5) {
            receiver.take(b);
          }
        }
      }
      s.clear();
      if (ms % 50 == 0) {
        for (auto& [key, receiver] : receivers) {
          const auto missing = receiver.missing();
          if (!missing.empty()) {
            nack(s, key.first, receiver.ssrc, missing);
          }
        }
      }
      s.pass(5);
    }
    EXPECT_GT(lost_up, 100u);
    for (auto& [key, receiver] : receivers) {
      EXPECT_GT(receiver.got.size(), 500u) << "seed " << seed;
      EXPECT_GT(receiver.repaired, 10u) << "seed " << seed;
      // All but the tail is repaired; what stays missing was given up for a keyframe.
      EXPECT_LT(receiver.missing().size(), receiver.got.size() / 50) << "seed " << seed;
    }
    EXPECT_GT(s.room.stats().feedback_out, 150u);
    EXPECT_EQ(s.room.stats().rtp_unknown, 0u);
    EXPECT_EQ(s.room.stats().rtp_malformed, 0u);
  }
}

TEST(Room, LearnsWhichStreamIsWhichAndDropsStrangers) {
  Scene s;
  const SendLine sends[] = {camera_line(true)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_connected(s.now, 1, true);
  Sender good{100, "l", 1, 1, 1, 1, 1}, unnamed{700, "x", 1, 1, 1, 1, 1};
  std::uint16_t transport = 0;
  s.rtp(1, good.frame(true, transport, 1)[0]);
  s.rtp(1, unnamed.frame(true, transport, 1)[0]);
  s.rtp(9, good.frame(true, transport, 1)[0]);
  s.rtp(1, Buffer(5));
  EXPECT_EQ(s.room.stats().rtp_unknown, 2u);
  EXPECT_EQ(s.room.stats().rtp_malformed, 1u);
  s.timer();
  ASSERT_EQ(s.events.size(), 1u);
  EXPECT_EQ(s.events[0].kind, RoomEvent::Kind::track_active);
  s.pass(2500);
  s.timer();
  ASSERT_EQ(s.events.size(), 2u);
  EXPECT_EQ(s.events[1].kind, RoomEvent::Kind::track_idle);
  s.room.remove(1);
  s.rtp(1, good.frame(true, transport, 1)[0]);
  EXPECT_EQ(s.room.stats().rtp_unknown, 3u);
}

// The tap of a malicious server, as its test program would write it.
class Swapper final : public ForwardTap {
 public:
  void on_packet(Instant, TapPacket& packet, std::vector<TapPacket>& injected) override {
    captured.push_back(packet.bytes);
    if (replay) {
      injected.push_back({packet.source, packet.layer, captured.front(), false});
    }
    packet.drop = drop;
  }
  TrackRef route(MemberId, TrackRef wanted) override {
    return swap ? TrackRef{3 - wanted.member, wanted.track} : wanted;
  }
  std::vector<Buffer> captured;
  bool replay = false, drop = false, swap = false;
};

TEST(Room, TheTapSeesDropsInjectsAndReroutes) {
  SeededRandom random;
  Swapper tap;
  Room room({"v100-"}, random, &tap);
  PacketBatch out(256);
  std::vector<RoomEvent> events;
  Instant now = Instant::from_ns(1000000000);
  const SendLine sends[] = {camera_line(false)};
  const Subscription wants[] = {subscription(1, camera_track, "6", 600)};
  room.set_lines(now, 1, sends, {});
  room.set_lines(now, 2, sends, {});
  room.set_lines(now, 3, {}, wants);
  for (MemberId m = 1; m <= 3; ++m) {
    room.set_connected(now, m, true);
  }
  Sender one{100, "", 10, 1, 5000, 1, 1}, two{200, "", 900, 1, 7, 1, 1};
  std::uint16_t transport = 0;
  std::vector<std::uint16_t> sequences;
  std::vector<std::uint8_t> marks;
  const auto frame = [&](MemberId m, Sender& sender, bool key, std::uint8_t mark) {
    Buffer packet = sender.frame(key, transport, mark)[0];
    now = now + Duration::milliseconds(33);
    room.on_rtp(now, now, m, packet, out);
    for (const auto& e : out.entries()) {
      const auto p = rtp::parse(out.buffer(e).first(e.size));
      sequences.push_back(p->header.sequence);
      marks.push_back(p->payload.back());
    }
    out.clear();
  };
  frame(1, one, true, 1);
  frame(1, one, false, 2);
  tap.replay = true;
  frame(1, one, false, 3);
  tap.replay = false;
  frame(1, one, false, 4);
  tap.drop = true;
  frame(1, one, false, 5);
  tap.drop = false;
  EXPECT_EQ(marks, (std::vector<std::uint8_t>{1, 2, 3, 1, 4}));
  for (std::size_t i = 1; i < sequences.size(); ++i) {
    EXPECT_EQ(static_cast<std::uint16_t>(sequences[i] - sequences[i - 1]), 1);
  }
  tap.swap = true;
  room.on_timer(now, out, events);
  out.clear();
  frame(1, one, true, 6);
  frame(2, two, true, 7);
  EXPECT_EQ(marks.back(), 7);
  EXPECT_EQ(std::count(marks.begin(), marks.end(), 6), 0);
  EXPECT_EQ(tap.captured.size(), 7u);
}

}  // namespace
}  // namespace v100::rtc
