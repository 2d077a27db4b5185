// Small meters of the room: bitrate over the last second, and what RFC 3550 wants in a report.
#pragma once

#include <array>
#include <cstdint>

#include "base/units.h"
#include "wire/rtcp.h"

namespace v100::rtc {

// Bytes over a sliding second, in ten slots of 100 ms.
class RateMeter {
 public:
  void add(Instant now, std::size_t bytes) noexcept {
    turn(now);
    slots_[static_cast<std::size_t>(slot_) % slots_.size()] += static_cast<std::uint32_t>(bytes);
  }
  std::uint32_t kbps(Instant now) noexcept {
    turn(now);
    std::uint64_t sum = 0;
    for (const std::uint32_t bytes : slots_) {
      sum += bytes;
    }
    return static_cast<std::uint32_t>(sum * 8 / 1000);
  }

 private:
  void turn(Instant now) noexcept {
    const std::int64_t slot = now.ns() / 100000000;
    for (std::int64_t i = 0; slot_ < slot && i < 10; ++i) {
      ++slot_;
      slots_[static_cast<std::size_t>(slot_) % slots_.size()] = 0;
    }
    slot_ = slot > slot_ ? slot : slot_;
  }
  std::array<std::uint32_t, 10> slots_{};
  std::int64_t slot_ = 0;
};

// Receiver statistics of one SSRC (RFC 3550 §6.4.1, A.3, A.8). Repaired packets count as lost.
class ReceiveStats {
 public:
  explicit ReceiveStats(std::uint32_t clock_rate) noexcept : clock_rate_(clock_rate) {}
  // `sequence` unwrapped.
  void on_packet(Instant now, std::uint64_t sequence, std::uint32_t timestamp) noexcept;
  // The next report block; the fraction counts from the one before. last_sr: see below.
  rtcp::ReportBlock report(Instant now, std::uint32_t ssrc) noexcept;
  void on_sender_report(Instant now, std::uint64_t ntp) noexcept {
    last_sr_ = static_cast<std::uint32_t>(ntp >> 16);
    last_sr_at_ = now;
  }
  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t expected() const noexcept { return started_ ? highest_ - base_ + 1 : 0; }
  std::uint64_t lost() const noexcept {
    return expected() > received_ ? expected() - received_ : 0;
  }

 private:
  std::uint32_t clock_rate_;
  bool started_ = false;
  std::uint64_t base_ = 0, highest_ = 0, received_ = 0;
  std::uint64_t expected_before_ = 0, received_before_ = 0;
  std::int64_t transit_ = 0;
  std::int64_t jitter16_ = 0;  // times 16
  std::uint32_t last_sr_ = 0;
  Instant last_sr_at_;
};

}  // namespace v100::rtc
