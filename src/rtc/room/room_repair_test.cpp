// If this fails, what a link has lost stays lost: no repeat, no keyframe, or a flood of requests.
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "rtc/room/room.h"
#include "rtc/room/room_world.h"

namespace v100::rtc {
namespace {

using namespace room_world;

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

// One side of the call below.
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

// Two members send simulcast to each other and to a third over links that lose and reorder. Each
// receiver repairs by NACK as browsers do. Payloads must arrive whole and in their order.
class LossyCall {
 public:
  explicit LossyCall(unsigned seed) : random_(seed) {
    for (MemberId m = 1; m <= 3; ++m) {
      join(m);
    }
  }
  void run() {
    for (int ms = 0; ms < 10000; ms += 5) {
      if (ms % 35 == 0) {
        produce(ms);
      }
      arrive();
      s.timer();
      for (MemberId m = 1; m <= 2; ++m) {
        obey(m);
      }
      receive();
      s.clear();
      if (ms % 50 == 0) {
        ask_for_missing();
      }
      s.pass(5);
    }
  }

  Scene s;
  std::map<std::pair<MemberId, MemberId>, Receiver> receivers;  // by receiver and producer
  std::size_t lost_up = 0;

 private:
  struct Flying {
    Instant at;
    MemberId from;
    Buffer packet;
  };

  void join(MemberId m) {
    const SendLine sends[] = {camera_line(true)};
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
  void send_up(MemberId from, Buffer packet) {
    if (random_() % 100 < 5) {
      ++lost_up;
      return;
    }
    up_.push_back({s.now + Duration::milliseconds(10 + random_() % 12), from, std::move(packet)});
  }
  void produce(int ms) {
    for (MemberId m = 0; m < 2; ++m) {
      for (auto& layer : layers_[m]) {
        for (Buffer& p : layer.frame(ms == 0, transport_[m], static_cast<std::uint8_t>(ms / 35))) {
          send_up(m + 1, std::move(p));
        }
      }
    }
  }
  void arrive() {
    std::erase_if(up_, [&](Flying& f) {
      if (f.at > s.now) {
        return false;
      }
      s.rtp(f.from, f.packet);
      return true;
    });
  }
  // A producer does what NACK and PLI ask for.
  void obey(MemberId m) {
    for (const Buffer& b : s.take(m, true)) {
      rtcp::CompoundReader reader(b);
      for (rtcp::Block block; reader.next(block);) {
        const auto f = rtcp::parse_feedback(block);
        if (!f) {
          continue;
        }
        for (auto& layer : layers_[m - 1]) {
          if (layer.ssrc == f->media) {
            answer(m, layer, block, f->control);
          }
        }
      }
    }
  }
  void answer(MemberId m, Sender& layer, const rtcp::Block& block, Bytes control) {
    if (block.is(rtcp::Type::transport_feedback) && block.count == rtcp::fmt_nack) {
      rtcp::for_each_nack(
          control, [&](std::uint16_t lost) { send_up(m, layer.repair(lost, transport_[m - 1])); });
    } else if (block.is(rtcp::Type::payload_feedback) && block.count == rtcp::fmt_pli) {
      for (Buffer& p : layer.frame(true, transport_[m - 1], 255)) {
        send_up(m, std::move(p));
      }
    }
  }
  void receive() {
    for (auto& [key, receiver] : receivers) {
      for (const Buffer& b : s.take(key.first, false)) {
        const std::uint32_t ssrc = rtp::parse(b)->header.ssrc;
        if ((ssrc == receiver.ssrc || ssrc == receiver.ssrc + 1) && random_() % 100 >= 5) {
          receiver.take(b);
        }
      }
    }
  }
  void ask_for_missing() {
    for (auto& [key, receiver] : receivers) {
      const auto missing = receiver.missing();
      if (!missing.empty()) {
        nack(s, key.first, receiver.ssrc, missing);
      }
    }
  }

  std::mt19937 random_;
  Sender layers_[2][3] = {
      {{100, "l", 65000, 1, 1000, 32000, 1}, {200, "m", 1, 1, 5, 3, 2}, {300, "h", 3, 1, 9, 7, 3}},
      {{400, "l", 5, 1, 1000, 5, 1},
       {500, "m", 65500, 1, 5, 3, 2},
       {600, "h", 3, 1, 4294900000, 7, 3}}};
  std::uint16_t transport_[2] = {65000, 3};
  std::vector<Flying> up_;
};

TEST(Room, ThreeMembersUnderLossAndReordering) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    LossyCall call(seed);
    call.run();
    EXPECT_GT(call.lost_up, 100u);
    for (auto& [key, receiver] : call.receivers) {
      EXPECT_GT(receiver.got.size(), 500u) << "seed " << seed;
      EXPECT_GT(receiver.repaired, 10u) << "seed " << seed;
      // All but the tail is repaired; what stays missing was given up for a keyframe.
      EXPECT_LT(receiver.missing().size(), receiver.got.size() / 50) << "seed " << seed;
    }
    EXPECT_GT(call.s.room.stats().feedback_out, 150u);
    EXPECT_EQ(call.s.room.stats().rtp_unknown, 0u);
    EXPECT_EQ(call.s.room.stats().rtp_malformed, 0u);
  }
}

}  // namespace
}  // namespace v100::rtc
