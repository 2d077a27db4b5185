// If this fails, RTCP is read or written wrong: lost packets are not repaired, or browsers misjudge
// their bandwidth and stay at 100 kbit/s.
#include "wire/rtcp.h"

#include <gtest/gtest.h>
#include <random>

#include "base/text.h"

namespace v100::rtcp {
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

Block only(Bytes bytes) {
  CompoundReader reader(bytes);
  Block block;
  EXPECT_TRUE(reader.next(block));
  return block;
}

TEST(Rtcp, ReportsRoundTrip) {
  ByteArray<512> out{};
  Writer writer(out);
  const ReportBlock blocks[2] = {{1, 25, -3, 0x10002, 7, 8, 9}, {2, 0, 0x123456, 5, 0, 0, 0}};
  writer.sender_report({0xAABBCCDD, 0x1122334455667788, 90000, 12, 3456}, blocks);
  writer.receiver_report(77, std::span(blocks).first(1));
  writer.cname(77, "abc");
  writer.bye(77);
  ASSERT_TRUE(writer.fits());
  CompoundReader reader(writer.bytes());
  Block block;
  ASSERT_TRUE(reader.next(block));
  auto report = parse_report(block);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, 0xAABBCCDDu);
  EXPECT_EQ(report->ntp, 0x1122334455667788u);
  EXPECT_EQ(report->rtp_timestamp, 90000u);
  EXPECT_EQ(report->octets, 3456u);
  ASSERT_EQ(report->blocks, 2);
  EXPECT_EQ(report->block[0].cumulative_lost, -3);
  EXPECT_EQ(report->block[0].fraction_lost, 25);
  EXPECT_EQ(report->block[0].highest_sequence, 0x10002u);
  EXPECT_EQ(report->block[1].cumulative_lost, 0x123456);
  ASSERT_TRUE(reader.next(block));
  report = parse_report(block);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->has_sender_info);
  EXPECT_EQ(report->blocks, 1);
  ASSERT_TRUE(reader.next(block));
  const auto names = parse_sdes(block);
  ASSERT_TRUE(names);
  ASSERT_EQ(names->size(), 1u);
  EXPECT_EQ((*names)[0].ssrc, 77u);
  EXPECT_EQ((*names)[0].name, "abc");
  ASSERT_TRUE(reader.next(block));
  EXPECT_EQ(*bye_ssrc(block, 0), 77u);
  EXPECT_FALSE(bye_ssrc(block, 1));
  EXPECT_FALSE(reader.next(block));
  EXPECT_FALSE(reader.malformed());
}

TEST(Rtcp, NackGroupsNeighboursAndWraps) {
  ByteArray<64> out{};
  Writer writer(out);
  const std::uint16_t asked[] = {65530, 65535, 10, 11, 200};
  writer.nack(1, 2, asked);
  const auto feedback = parse_feedback(only(writer.bytes()));
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->media, 2u);
  EXPECT_EQ(feedback->control.size(), 12u);  // 65530 to 10 span 16: one pair; 11; 200
  std::vector<std::uint16_t> got;
  for_each_nack(feedback->control, [&](std::uint16_t s) { got.push_back(s); });
  EXPECT_EQ(got, (std::vector<std::uint16_t>{65530, 65535, 10, 11, 200}));
}

TEST(Rtcp, KeyframeRequestsAndRemb) {
  ByteArray<128> out{};
  Writer writer(out);
  writer.pli(1, 2);
  writer.fir(1, 3, 9);
  const std::uint32_t ssrcs[] = {5, 6};
  writer.remb(1, 1234567890, ssrcs);
  CompoundReader reader(writer.bytes());
  Block block;
  ASSERT_TRUE(reader.next(block));
  EXPECT_TRUE(block.is(Type::payload_feedback));
  EXPECT_EQ(block.count, fmt_pli);
  EXPECT_EQ(parse_feedback(block)->media, 2u);
  ASSERT_TRUE(reader.next(block));
  const auto fir = parse_feedback(block);
  ASSERT_EQ(fir->control.size(), 8u);
  EXPECT_EQ(fir_entry(fir->control, 0).ssrc, 3u);
  EXPECT_EQ(fir_entry(fir->control, 0).sequence, 9);
  ASSERT_TRUE(reader.next(block));
  const auto remb = parse_remb(parse_feedback(block)->control);
  ASSERT_TRUE(remb);
  EXPECT_EQ(remb->ssrcs, 2);
  EXPECT_NEAR(static_cast<double>(remb->bits_per_second), 1234567890.0, 1234567890.0 / 131072);
}

TEST(Rtcp, RefusesWhatRunsOverTheEnd) {
  Block block;
  for (const char* bad : {"80", "80c80001", "40c80000", "a0c80000", "a0c80001 00000005"}) {
    const Buffer bytes = hex(bad);
    CompoundReader reader(bytes);
    EXPECT_FALSE(reader.next(block)) << bad;
    EXPECT_TRUE(reader.malformed()) << bad;
  }
  EXPECT_FALSE(parse_report(only(hex("80c80001 00000001"))));
  EXPECT_FALSE(parse_report(only(hex("81c90001 00000001"))));
  EXPECT_FALSE(parse_feedback(only(hex("81ce0001 00000001"))));
  EXPECT_FALSE(parse_sdes(only(hex("81ca0002 00000001 01056162"))));
  EXPECT_FALSE(parse_sdes(only(hex("81ca0001 00000001"))));
  EXPECT_FALSE(parse_remb(hex("52454d42 02000000 00000001")));
  Writer none{MutBytes()};
  none.pli(1, 2);
  EXPECT_FALSE(none.fits());
  EXPECT_TRUE(none.empty());
}

// A feedback packet captured from a real receiver (public corpus of another SFU).
TEST(TransportFeedback, ReadsACapturedPacket) {
  const Buffer bytes =
      hex("8fcd0007 16ca50ce ae657257 0a74000a 053f58bb 200ae000 04000000 00001400");
  const auto feedback = parse_feedback(only(bytes));
  ASSERT_TRUE(feedback);
  TransportFeedback out;
  ASSERT_TRUE(parse_transport_feedback(feedback->control, out));
  EXPECT_EQ(out.count, 0xBB);
  ASSERT_EQ(out.arrivals.size(), 10u);
  EXPECT_EQ(out.arrivals[0].sequence, 0x0A74);
  for (const Arrival& a : out.arrivals) {
    EXPECT_TRUE(a.received);
  }
  EXPECT_EQ(out.arrivals[0].time_us, 0x053F58LL * 64000 + 0xE0 * 250);
}

TEST(TransportFeedback, WritesTheHandMadeCase) {
  // 100 at 64.000 ms, 101 lost, 102 1 ms later, 103 70 ms later (large), 104 1 ms earlier (large).
  const Received received[] = {{100, 64000}, {102, 65000}, {103, 135000}, {104, 134000}};
  ByteArray<64> out{};
  const FeedbackExtent extent = build_transport_feedback(out, 100, 7, received);
  EXPECT_EQ(extent.packets, 4u);
  // base 100, 5 statuses, reference 1, count 7; two-bit vector 1 0 1 2 2; deltas 0, 4, 280, -4.
  EXPECT_TRUE(
      same(Bytes(out).first(extent.bytes), hex("0064 0005 000001 07 d1a0 00 04 0118 fffc")));
}

TEST(TransportFeedback, RoundTripsUnderLossReorderingAndSilence) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<Received> received;
    std::int64_t time = static_cast<std::int64_t>(random() % 100000000);
    std::uint64_t sequence = 65536 + random() % 65536;
    const std::uint64_t base = sequence;
    const std::size_t loss = random() % 60;
    for (int i = 0; i < 200; ++i, ++sequence) {
      if (random() % 100 < loss) {
        continue;
      }
      time += random() % 10 == 0 ? static_cast<std::int64_t>(random() % 90000) - 20000
                                 : static_cast<std::int64_t>(random() % 3000);
      received.push_back({sequence, time});
    }
    if (received.empty()) {
      continue;
    }
    ByteArray<1200> out{};
    Writer writer(out);
    const std::size_t covered = writer.transport_feedback(1, 2, base, 3, received);
    ASSERT_EQ(covered, received.size()) << "seed " << seed;
    const auto feedback = parse_feedback(only(writer.bytes()));
    TransportFeedback back;
    ASSERT_TRUE(parse_transport_feedback(feedback->control, back)) << "seed " << seed;
    std::size_t next = 0;
    for (const Arrival& a : back.arrivals) {
      if (a.received) {
        ASSERT_LT(next, received.size());
        EXPECT_EQ(a.sequence, static_cast<std::uint16_t>(received[next].sequence));
        EXPECT_LE(std::abs(a.time_us - received[next].time_us), 250);
        ++next;
      }
    }
    EXPECT_EQ(next, received.size()) << "seed " << seed;
  }
}

TEST(TransportFeedback, TakesNoMoreThanFits) {
  std::vector<Received> received;
  for (std::uint64_t i = 0; i < 900; ++i) {
    received.push_back({70000 + i, static_cast<std::int64_t>(i) * 200});
  }
  ByteArray<100> out{};
  const FeedbackExtent extent = build_transport_feedback(out, 70000, 0, received);
  EXPECT_GT(extent.packets, 20u);
  EXPECT_LT(extent.packets, 92u);
  EXPECT_LE(extent.bytes, out.size());
  TransportFeedback back;
  EXPECT_TRUE(parse_transport_feedback(Bytes(out).first(extent.bytes), back));
}

TEST(TransportFeedback, RefusesBrokenOnes) {
  TransportFeedback out;
  EXPECT_FALSE(parse_transport_feedback(hex("0064 0005 000001"), out));
  EXPECT_FALSE(parse_transport_feedback(hex("0064 0005 000001 07"), out));
  EXPECT_FALSE(parse_transport_feedback(hex("0064 0005 000001 07 0000"), out));
  EXPECT_FALSE(parse_transport_feedback(hex("0064 0005 000001 07 2005 00"), out));
  EXPECT_FALSE(parse_transport_feedback(hex("0064 0001 000001 07 6001 00"), out));
  EXPECT_TRUE(out.arrivals.empty());
}

}  // namespace
}  // namespace v100::rtcp
