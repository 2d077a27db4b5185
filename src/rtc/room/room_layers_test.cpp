// If this fails, a subscriber sees a broken picture where a layer, a view or a mute changes.
#include <array>
#include <gtest/gtest.h>
#include <set>

#include "rtc/room/room.h"
#include "rtc/room/room_world.h"
#include "wire/rtp_payload.h"

namespace v100::rtc {
namespace {

using namespace room_world;

// Which of the three layers the producer is asked to begin anew.
std::array<bool, 3> layers_asked_for(Scene& s) {
  std::array<bool, 3> key{};
  for (const Buffer& b : s.take(1, true)) {
    rtcp::CompoundReader reader(b);
    for (rtcp::Block block; reader.next(block);) {
      if (block.is(rtcp::Type::payload_feedback) && block.count == rtcp::fmt_pli) {
        const auto media = rtcp::parse_feedback(block)->media;
        key[media / 100 - 1] = true;
      }
    }
  }
  return key;
}

// What a subscriber sees: one stream without gaps, whose layer changes at keyframes only.
struct Screen {
  std::uint8_t shown = 0xFF;  // the layer
  std::set<std::uint8_t> seen{};
  bool started = false;
  std::uint16_t last_sequence = 0;
  std::uint32_t last_timestamp = 0;

  void take(const Buffer& b, int frame) {
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
};

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
  Screen screen;
  for (int frame = 0; frame < 400; ++frame) {
    if (frame == 200) {
      s.room.set_view(s.now, 2, "6", 90);
    }
    std::array<bool, 3> key = layers_asked_for(s);  // the producer obeys PLI
    key[0] = key[0] || frame == 0;
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
      screen.take(b, frame);
    }
    if (frame == 190) {
      EXPECT_EQ(screen.shown, 2);  // one video on the screen: the top layer
    }
  }
  EXPECT_EQ(screen.shown, 0);  // a view of 90 pixels: the lowest
  EXPECT_GE(screen.seen.size(), 2u);
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

}  // namespace
}  // namespace v100::rtc
