// ArrivalLog: when the packets of one member arrived, by transport-wide sequence number, until the
// next feedback tells the browser. Without this feedback browsers stay near 100 kbit/s.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

namespace v100::rtc {

class ArrivalLog {
 public:
  static constexpr Duration interval_max = Duration::milliseconds(100);
  static constexpr Duration interval_min = Duration::milliseconds(50);
  static constexpr std::size_t busy_packets = 20;  // from this many on the short interval holds
  static constexpr std::size_t packets_max = 2000;

  void on_packet(Instant now, std::uint16_t sequence);
  bool due(Instant now) const noexcept;
  // Writes one feedback packet for the oldest arrivals; false when there are none left.
  bool write(Instant now, rtcp::Writer& writer, std::uint32_t sender, std::uint32_t media);

 private:
  rtp::Unwrapper unwrapper_;
  std::vector<rtcp::Received> arrivals_;  // ascending
  std::uint64_t base_ = 0;                // first number not yet reported on
  std::uint8_t count_ = 0;
  Instant sent_;
};

}  // namespace v100::rtc
