#include "rtc/room/meters.h"

#include <algorithm>
#include <cstdlib>

namespace v100::rtc {

void ReceiveStats::on_packet(Instant now, std::uint64_t sequence,
                             std::uint32_t timestamp) noexcept {
  if (!started_) {
    started_ = true;
    base_ = highest_ = sequence;
  }
  highest_ = std::max(highest_, sequence);
  base_ = std::min(base_, sequence);
  ++received_;
  // A.8: differences of transit times in timestamp units, cut to 32 bits as both clocks wrap.
  const std::int64_t arrival = now.ns() / 1000 * clock_rate_ / 1000000;
  const auto transit = static_cast<std::int32_t>(static_cast<std::uint32_t>(arrival) - timestamp);
  const std::int64_t step = std::llabs(static_cast<std::int32_t>(
      static_cast<std::uint32_t>(transit) - static_cast<std::uint32_t>(transit_)));
  if (received_ > 1 && step < std::int64_t{clock_rate_} * 4) {
    jitter16_ += step - ((jitter16_ + 8) >> 4);
  }
  transit_ = transit;
}

rtcp::ReportBlock ReceiveStats::report(Instant now, std::uint32_t ssrc) noexcept {
  rtcp::ReportBlock block;
  block.ssrc = ssrc;
  const std::uint64_t expected_step = expected() - expected_before_;
  const std::uint64_t received_step = received_ - received_before_;
  expected_before_ = expected();
  received_before_ = received_;
  if (expected_step > received_step) {
    block.fraction_lost = static_cast<std::uint8_t>(
        std::min<std::uint64_t>(255, (expected_step - received_step) * 256 / expected_step));
  }
  block.cumulative_lost = static_cast<std::int32_t>(std::min<std::uint64_t>(lost(), 0x7FFFFF));
  block.highest_sequence = static_cast<std::uint32_t>(highest_ - 0x10000);
  block.jitter = static_cast<std::uint32_t>(jitter16_ >> 4);
  if (last_sr_ != 0) {
    block.last_sr = last_sr_;
    const std::int64_t delay_us = (now - last_sr_at_).us();
    block.delay_since_sr = static_cast<std::uint32_t>(delay_us * 65536 / 1000000);
  }
  return block;
}

}  // namespace v100::rtc
