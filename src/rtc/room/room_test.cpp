// If this fails, members of a room do not get each other's media, or not under their own numbers.
#include "rtc/room/room.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "rtc/room/room_world.h"
#include "wire/rtp_payload.h"

namespace v100::rtc {
namespace {

using namespace room_world;

TEST(Room, ForwardsWithTheSubscribersNumbers) {
  Scene s;
  const SendLine sends[] = {audio_line(), camera_line(false)};
  const Subscription wants[] = {subscription(1, audio_track, "5", 500),
                                subscription(1, camera_track, "6", 600)};
  s.room.set_lines(s.now, 1, sends, {});
  s.room.set_lines(s.now, 2, {}, wants);
  s.room.set_connected(s.now, 1, true);
  s.room.set_connected(s.now, 2, true);
  // Audio: mid in the first packet only; a level in each, which goes no further.
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
    EXPECT_TRUE(rtp::find_extension(*p, 1).empty());
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
