// If this fails, subscribers' streams have gaps or jumps at layer switches, lost packets are not
// found again, or requests for repair and keyframes run wild.
#include <gtest/gtest.h>
#include <random>

#include "rtc/room/arrival_log.h"
#include "rtc/room/meters.h"
#include "rtc/room/nack_list.h"
#include "rtc/room/packet_batch.h"
#include "rtc/room/packet_ring.h"
#include "rtc/room/rewriter.h"
#include "wire/rtp.h"

namespace v100::rtc {
namespace {

Instant at_ms(std::int64_t ms) { return Instant::from_ns(ms * 1000000); }

TEST(Rewriter, StaysDenseOverSwitchesAndWraps) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Rewriter rewriter(static_cast<std::uint16_t>(random()));
    std::uint64_t sequence[3];
    std::uint32_t timestamp[3];
    std::uint16_t picture[3];
    for (int i = 0; i < 3; ++i) {
      sequence[i] = 65536 + random() % 65536;
      timestamp[i] = static_cast<std::uint32_t>(random());
      picture[i] = static_cast<std::uint16_t>(random() & 0x7FFF);
    }
    std::uint8_t layer = 0;
    std::optional<Outgoing> last;
    for (int frame = 0; frame < 3000; ++frame) {
      for (int i = 0; i < 3; ++i) {
        timestamp[i] += 3000;
        picture[i] = static_cast<std::uint16_t>((picture[i] + 1) & 0x7FFF);
        sequence[i] += 1 + random() % 3;  // jumps: as if packets were dropped before us
      }
      const bool change = frame == 0 || random() % 50 == 0;
      if (change) {
        layer = static_cast<std::uint8_t>(random() % 3);
      }
      const Incoming in{layer, sequence[layer], timestamp[layer], {picture[layer], 0, 0}};
      if (change) {
        rewriter.begin(in, last ? rewriter.last_timestamp() + 3000 : in.timestamp);
      }
      const auto out = rewriter.map(in);
      ASSERT_TRUE(out);
      if (last) {
        const auto step = static_cast<std::uint16_t>(out->sequence - last->sequence);
        EXPECT_GE(step, 1) << "seed " << seed;
        EXPECT_LE(step, change ? 1 : 3) << "seed " << seed;
        EXPECT_EQ(out->timestamp - last->timestamp, 3000u);
        EXPECT_EQ((out->picture.picture_id - last->picture.picture_id) & 0x7FFF, 1);
      }
      const auto origin = rewriter.trace(out->sequence);
      ASSERT_TRUE(origin);
      EXPECT_EQ(origin->sequence, in.sequence);
      EXPECT_EQ(origin->segment.layer, layer);
      last = out;
    }
  }
}

TEST(Rewriter, LeavesOutWhatIsOlderThanTheSwitch) {
  Rewriter rewriter(100);
  EXPECT_FALSE(rewriter.map({0, 5, 0, {}}));
  EXPECT_FALSE(rewriter.trace(100));
  rewriter.begin({0, 70000, 1, {}}, 1);
  EXPECT_EQ(rewriter.map({0, 70000, 1, {}})->sequence, 100);
  EXPECT_EQ(rewriter.map({0, 70003, 2, {}})->sequence, 103);
  rewriter.begin({1, 90000, 7, {}}, 3);
  EXPECT_FALSE(rewriter.map({1, 89999, 7, {}}));
  EXPECT_FALSE(rewriter.map({0, 70002, 2, {}}));
  EXPECT_EQ(rewriter.map({1, 90000, 7, {}})->sequence, 104);
  // What the old layer lost can still be traced; what was never sent cannot.
  EXPECT_EQ(rewriter.trace(102)->sequence, 70002u);
  EXPECT_FALSE(rewriter.trace(105));
  EXPECT_FALSE(rewriter.trace(99));
}

TEST(PacketRing, KeepsASecondAndNoMore) {
  PacketRing ring;
  Buffer payload(1000, 7);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    payload[0] = static_cast<std::uint8_t>(i);
    ring.put(at_ms(static_cast<std::int64_t>(i)), {70000 + i, 5, true, payload});
  }
  const auto recent = ring.find(at_ms(3000), 72990);
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->payload[0], static_cast<std::uint8_t>(2990));
  EXPECT_TRUE(recent->marker);
  EXPECT_TRUE(ring.find(at_ms(3000), 72100));
  EXPECT_FALSE(ring.find(at_ms(3200), 72100));  // over a second old
  EXPECT_FALSE(ring.find(at_ms(3000), 71000));  // overwritten
  EXPECT_FALSE(ring.find(at_ms(3000), 80000));
  EXPECT_TRUE(ring.seen(72999));
  EXPECT_FALSE(ring.seen(73000));
}

TEST(PacketRing, NeverGivesBytesThatWereWrittenOver) {
  PacketRing ring;
  std::mt19937 random(3);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const Buffer payload(900 + random() % 500, static_cast<std::uint8_t>(i));
    ring.put(at_ms(1), {70000 + i, 0, false, payload});
    const std::uint64_t back = random() % 1200;
    if (const auto found = ring.find(at_ms(1), 70000 + i - std::min(i, back))) {
      for (const std::uint8_t byte : found->payload) {
        ASSERT_EQ(byte, static_cast<std::uint8_t>(found->sequence - 70000));
      }
    }
  }
}

TEST(NackList, AsksAfterPatienceThenByRttThenGivesUp) {
  NackList list;
  std::vector<std::uint16_t> due;
  EXPECT_FALSE(list.on_packet(at_ms(0), 70000));
  EXPECT_FALSE(list.on_packet(at_ms(0), 70003));
  EXPECT_FALSE(list.collect(at_ms(5), Duration::milliseconds(50), due));
  EXPECT_TRUE(due.empty());
  EXPECT_FALSE(list.collect(at_ms(10), Duration::milliseconds(50), due));
  EXPECT_EQ(due, (std::vector<std::uint16_t>{70001 & 0xFFFF, 70002 & 0xFFFF}));
  due.clear();
  list.on_packet(at_ms(20), 70001);
  list.collect(at_ms(30), Duration::milliseconds(50), due);
  EXPECT_TRUE(due.empty());
  list.collect(at_ms(60), Duration::milliseconds(50), due);
  EXPECT_EQ(due.size(), 1u);
  int asked = 0;
  bool gave_up = false;
  for (int ms = 70; ms < 700 && !gave_up; ms += 10) {
    due.clear();
    gave_up = list.collect(at_ms(ms), Duration::milliseconds(30), due);
    asked += static_cast<int>(due.size());
  }
  EXPECT_TRUE(gave_up);
  EXPECT_LE(asked, 8);
  EXPECT_EQ(list.missing(), 0u);
}

TEST(NackList, AnOutageIsNotRepairedPacketByPacket) {
  NackList list;
  list.on_packet(at_ms(0), 70000);
  EXPECT_TRUE(list.on_packet(at_ms(900), 71000));
  EXPECT_EQ(list.missing(), 0u);
  list.on_packet(at_ms(901), 71003);
  list.forget_before(71003);
  EXPECT_EQ(list.missing(), 0u);
}

TEST(ArrivalLog, ReportsEachArrivalOnceWithItsTime) {
  ArrivalLog log;
  EXPECT_FALSE(log.due(at_ms(0)));
  log.on_packet(at_ms(1000), 65534);
  log.on_packet(at_ms(1010), 0);  // 65535 is missing
  log.on_packet(at_ms(1020), 1);
  log.on_packet(at_ms(1025), 1);  // twice
  EXPECT_FALSE(log.due(at_ms(1050)));
  EXPECT_TRUE(log.due(at_ms(1100)));
  ByteArray<200> out{};
  rtcp::Writer writer(out);
  ASSERT_TRUE(log.write(at_ms(1100), writer, 1, 2));
  rtcp::CompoundReader reader(writer.bytes());
  rtcp::Block block;
  ASSERT_TRUE(reader.next(block));
  rtcp::TransportFeedback feedback;
  ASSERT_TRUE(rtcp::parse_transport_feedback(rtcp::parse_feedback(block)->control, feedback));
  ASSERT_EQ(feedback.arrivals.size(), 4u);
  EXPECT_EQ(feedback.arrivals[0].sequence, 65534);
  EXPECT_FALSE(feedback.arrivals[1].received);
  EXPECT_EQ(feedback.arrivals[2].time_us - feedback.arrivals[0].time_us, 10000);
  EXPECT_EQ(feedback.arrivals[3].time_us - feedback.arrivals[2].time_us, 10000);
  EXPECT_FALSE(log.write(at_ms(1100), writer, 1, 2));
  log.on_packet(at_ms(1130), 65535);  // reported lost: stays so
  EXPECT_FALSE(log.due(at_ms(1300)));
  for (std::uint16_t i = 2; i < 40; ++i) {
    log.on_packet(at_ms(1300), i);
  }
  EXPECT_TRUE(log.due(at_ms(1350)));
}

TEST(ReceiveStats, CountsLossAndJitterAsTheRfcDoes) {
  ReceiveStats stats(90000);
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i % 10 != 3) {
      stats.on_packet(at_ms(static_cast<std::int64_t>(i) * 10), 65536 + i,
                      static_cast<std::uint32_t>(i * 900));
    }
  }
  stats.on_sender_report(at_ms(1000), 0x0001000200030004);
  auto block = stats.report(at_ms(1500), 9);
  EXPECT_EQ(block.cumulative_lost, 10);
  EXPECT_EQ(block.fraction_lost, 25);
  EXPECT_EQ(block.highest_sequence, 99u);
  EXPECT_EQ(block.jitter, 0u);
  EXPECT_EQ(block.last_sr, 0x00020003u);
  EXPECT_EQ(block.delay_since_sr, 32768u);
  stats.on_packet(at_ms(1001), 65536 + 100, 90000);
  block = stats.report(at_ms(1600), 9);
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 10);
}

TEST(RateMeter, ForgetsAfterASecond) {
  RateMeter meter;
  meter.add(at_ms(5000), 12500);
  meter.add(at_ms(5500), 12500);
  EXPECT_EQ(meter.kbps(at_ms(5600)), 200u);
  EXPECT_EQ(meter.kbps(at_ms(6200)), 100u);
  EXPECT_EQ(meter.kbps(at_ms(9000)), 0u);
}

TEST(PacketBatch, FullMeansEmptySpans) {
  PacketBatch batch(2);
  for (int i = 0; i < 2; ++i) {
    const MutBytes room = batch.next();
    ASSERT_FALSE(room.empty());
    room[0] = static_cast<std::uint8_t>(i + 1);
    batch.push(7, false, 100);
  }
  EXPECT_TRUE(batch.next().empty());
  EXPECT_EQ(batch.dropped(), 1u);
  EXPECT_EQ(batch.buffer(batch.entries()[1])[0], 2);
  EXPECT_GE(batch.buffer(batch.entries()[0]).size(), 120u);
  batch.clear();
  EXPECT_EQ(batch.free(), 2u);
}

}  // namespace
}  // namespace v100::rtc
