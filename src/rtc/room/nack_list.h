// NackList: what is missing in one incoming stream, and when to ask for it again. Gives up after
// ten tries or half a second; then only a keyframe helps.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"

namespace v100::rtc {

class NackList {
 public:
  static constexpr std::size_t missing_max = 256;
  static constexpr std::uint8_t tries_max = 10;
  static constexpr Duration age_max = Duration::milliseconds(500);
  // Packets that are merely reordered arrive within this time.
  static constexpr Duration patience = Duration::milliseconds(10);

  // `sequence` unwrapped. True where a gap was too long to be repaired.
  bool on_packet(Instant now, std::uint64_t sequence);
  // A keyframe begins here: what is missing before it is no longer wanted.
  void forget_before(std::uint64_t sequence);
  // Appends what is due, ascending. True where something was given up.
  bool collect(Instant now, Duration rtt, std::vector<std::uint16_t>& out);
  std::size_t missing() const noexcept { return missing_.size(); }

 private:
  struct Missing {
    std::uint64_t sequence = 0;
    Instant since;
    Instant asked;
    std::uint8_t tries = 0;
  };
  std::vector<Missing> missing_;  // ascending
  std::uint64_t newest_ = 0;
};

}  // namespace v100::rtc
