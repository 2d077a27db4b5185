// PacketRing: the last second of one incoming stream, from which lost packets are sent again.
// Payloads lie end to end in one arena that is written round; nothing is allocated after the first
// packet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"

namespace v100::rtc {

struct StoredPacket {
  std::uint64_t sequence = 0;  // unwrapped, the producer's
  std::uint32_t timestamp = 0;
  bool marker = false;
  Bytes payload;
};

class PacketRing {
 public:
  static constexpr std::size_t packets = 1024;  // 1 s of 8 Mbit/s
  static constexpr std::size_t arena_bytes = 1024 * 1024;
  static constexpr Duration age_max = Duration::seconds(1);

  void put(Instant now, const StoredPacket& packet);
  // Not older than age_max and not overwritten.
  std::optional<StoredPacket> find(Instant now, std::uint64_t sequence) const noexcept;
  // Whether this number has been put, at whatever age (for spotting duplicates).
  bool seen(std::uint64_t sequence) const noexcept {
    return !slots_.empty() && slots_[sequence % packets].sequence == sequence;
  }

 private:
  struct Slot {
    std::uint64_t sequence = 0;
    std::uint64_t at = 0;  // position in the endless arena
    std::int64_t arrived_ns = 0;
    std::uint32_t timestamp = 0;
    std::uint16_t size = 0;
    bool marker = false;
  };
  std::vector<Slot> slots_;
  Buffer arena_;
  std::uint64_t head_ = 0;  // bytes ever written
};

}  // namespace v100::rtc
