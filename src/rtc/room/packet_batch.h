// PacketBatch: plaintext RTP and RTCP that a room wants sent, end to end in one arena, each with
// room behind it for the SRTP tag, so that encryption and the send call work in place.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "rtc/room/tap.h"

namespace v100::rtc {

class PacketBatch {
 public:
  struct Entry {
    MemberId to = 0;
    bool control = false;  // RTCP
    std::uint32_t at = 0;  // in the arena
    std::uint16_t size = 0;
  };
  explicit PacketBatch(std::size_t packets_max);

  // Room for one packet, or empty when the batch is full (the packet is then lost and counted).
  MutBytes next() noexcept;
  void push(MemberId to, bool control, std::size_t bytes) noexcept;

  std::span<const Entry> entries() const noexcept { return {entries_.data(), entries_.size()}; }
  // The packet and the spare bytes behind it.
  MutBytes buffer(const Entry& entry) noexcept;
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t free() const noexcept { return entries_max_ - entries_.size(); }
  std::uint64_t dropped() const noexcept { return dropped_; }
  void clear() noexcept;

 private:
  Buffer arena_;
  std::vector<Entry> entries_;
  std::size_t entries_max_;
  std::size_t used_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace v100::rtc
