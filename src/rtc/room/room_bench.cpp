// The forwarding core alone: one 1200-byte VP8 packet to 50 subscribers, without SRTP and socket.
// items_per_second counts forwarded packets.
#include <benchmark/benchmark.h>
#include <random>

#include "rtc/room/room.h"
#include "wire/rtp.h"

namespace v100::rtc {
namespace {

class SeededRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    for (auto& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937 engine_{1};
};

void forward_packet(benchmark::State& state) {
  SeededRandom random;
  Room room({"v100-"}, random, nullptr);
  PacketBatch out(4096);
  Instant now = Instant::from_ns(1000000000);
  SendLine line;
  line.mid = "1";
  line.track = 2;
  line.video = true;
  line.codecs[static_cast<std::size_t>(Codec::vp8)] = {96, 97};
  line.extensions = {4, 10, 11, 3, 2};
  line.ssrc = 77;
  room.set_lines(now, 1, std::span(&line, 1), {});
  const auto subscribers = static_cast<MemberId>(state.range(0));
  for (MemberId m = 2; m < 2 + subscribers; ++m) {
    Subscription s;
    s.line.mid = "1";
    s.line.video = true;
    s.line.codecs[static_cast<std::size_t>(Codec::vp8)] = {120, 124};
    s.line.extensions = {3, 0, 0, 0, 4};
    s.line.ssrc = m * 10;
    s.line.repair_ssrc = m * 10 + 1;
    s.source = {1, 2};
    room.set_lines(now, m, {}, std::span(&s, 1));
    room.set_connected(now, m, true);
  }
  Buffer packet(1200, 0x11);
  ByteArray<2> number{};
  const rtp::Extension extension{3, number};
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    store_be(number.data(), sequence);
    const std::size_t head = rtp::write_header(packet, {true, 96, sequence, 3000u * sequence, 77},
                                               std::span(&extension, 1));
    // X and S, then I L T K, 15-bit picture id, TL0PICIDX, TID and KEYIDX; the first is a keyframe.
    const std::uint8_t descriptor[] = {0x90,
                                       0xF0,
                                       static_cast<std::uint8_t>(0x80 | sequence >> 8),
                                       static_cast<std::uint8_t>(sequence),
                                       1,
                                       0x20,
                                       static_cast<std::uint8_t>(sequence == 0 ? 0x10 : 0x11)};
    copy(MutBytes(packet).subspan(head, sizeof descriptor), descriptor);
    ++sequence;
    now = now + Duration::microseconds(500);
    room.on_rtp(now, now, 1, packet, out);
    benchmark::DoNotOptimize(out.entries().data());
    out.clear();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(room.stats().rtp_out));
}
BENCHMARK(forward_packet)->Arg(1)->Arg(50)->Arg(199);

}  // namespace
}  // namespace v100::rtc

BENCHMARK_MAIN();
