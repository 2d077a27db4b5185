// Packet indices of one SSRC: the 48-bit index from a 16-bit sequence number (RFC 3711 §3.3.1) and
// the window that lets each index pass once (§3.3.2). Senders use it as well: AES-GCM must never
// see one index twice under a key.
#pragma once

#include <cstdint>
#include <optional>

namespace v100::rtc {

// 128 indices wide (the RFC asks for at least 64): browsers' bursts reorder by dozens.
class ReplayWindow {
 public:
  static constexpr std::uint64_t width = 128;

  bool empty() const noexcept { return !started_; }
  std::uint64_t highest() const noexcept { return highest_; }

  // Not yet seen, and not behind the window.
  bool fresh(std::uint64_t index) const noexcept {
    if (!started_ || index > highest_) {
      return true;
    }
    const std::uint64_t age = highest_ - index;
    return age < width && ((seen_[age / 64] >> (age % 64)) & 1) == 0;
  }

  // Marks as seen. Only after fresh() and, when receiving, after the tag was right.
  void accept(std::uint64_t index) noexcept {
    if (!started_ || index > highest_) {
      shift(started_ ? index - highest_ : width);
      highest_ = index;
      started_ = true;
    }
    const std::uint64_t age = highest_ - index;
    seen_[age / 64] |= std::uint64_t{1} << (age % 64);
  }

 private:
  void shift(std::uint64_t by) noexcept {
    if (by >= 64) {
      seen_[1] = by >= width ? 0 : seen_[0];
      seen_[0] = 0;
      by = by >= width ? 0 : by - 64;
    }
    if (by > 0) {
      seen_[1] = (seen_[1] << by) | (seen_[0] >> (64 - by));
      seen_[0] <<= by;
    }
  }

  std::uint64_t highest_ = 0;
  std::uint64_t seen_[2] = {0, 0};  // bit n: highest - n
  bool started_ = false;
};

// RFC 3711 §3.3.1: the index that lies nearest to the highest seen. Empty: it would lie before the
// first packet of all, or past the last one a key may carry (2^48).
inline std::optional<std::uint64_t> packet_index(const ReplayWindow& window,
                                                 std::uint16_t sequence) noexcept {
  if (window.empty()) {
    return sequence;
  }
  const std::uint64_t roc = window.highest() >> 16;
  const std::uint32_t last = window.highest() & 0xffff;
  if (last < 0x8000 && sequence > last + 0x8000) {
    return roc == 0 ? std::nullopt : std::optional(((roc - 1) << 16) | sequence);
  }
  if (last >= 0x8000 && sequence < last - 0x8000) {
    return roc == 0xffffffff ? std::nullopt : std::optional(((roc + 1) << 16) | sequence);
  }
  return (roc << 16) | sequence;
}

}  // namespace v100::rtc
