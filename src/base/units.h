// Time and amounts as types. Instant is monotonic and has no epoch; WallTime counts from 1970.
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong.h"

namespace v100 {

// A span of time, in nanoseconds. Own type instead of std::chrono, whose header costs 296 ms a
// file.
class Duration {
 public:
  constexpr Duration() noexcept = default;
  static constexpr Duration nanoseconds(std::int64_t n) noexcept { return Duration(n); }
  static constexpr Duration microseconds(std::int64_t n) noexcept { return Duration(n * 1000); }
  static constexpr Duration milliseconds(std::int64_t n) noexcept { return Duration(n * 1000000); }
  static constexpr Duration seconds(std::int64_t n) noexcept { return Duration(n * 1000000000); }
  constexpr std::int64_t ns() const noexcept { return ns_; }
  constexpr std::int64_t us() const noexcept { return ns_ / 1000; }
  constexpr std::int64_t ms() const noexcept { return ns_ / 1000000; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) noexcept {
    return Duration(a.ns_ + b.ns_);
  }
  friend constexpr Duration operator-(Duration a, Duration b) noexcept {
    return Duration(a.ns_ - b.ns_);
  }
  friend constexpr Duration operator*(Duration a, std::int64_t n) noexcept {
    return Duration(a.ns_ * n);
  }
  friend constexpr Duration operator/(Duration a, std::int64_t n) noexcept {
    return Duration(a.ns_ / n);
  }

 private:
  explicit constexpr Duration(std::int64_t n) noexcept : ns_(n) {}
  std::int64_t ns_ = 0;
};

// A point on the monotonic clock (CLOCK_MONOTONIC in production, virtual in simulation).
class Instant {
 public:
  constexpr Instant() noexcept = default;
  static constexpr Instant from_ns(std::int64_t n) noexcept { return Instant(n); }
  constexpr std::int64_t ns() const noexcept { return ns_; }
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration d) noexcept {
    return Instant(a.ns_ + d.ns());
  }
  friend constexpr Instant operator-(Instant a, Duration d) noexcept {
    return Instant(a.ns_ - d.ns());
  }
  friend constexpr Duration operator-(Instant a, Instant b) noexcept {
    return Duration::nanoseconds(a.ns_ - b.ns_);
  }

 private:
  explicit constexpr Instant(std::int64_t n) noexcept : ns_(n) {}
  std::int64_t ns_ = 0;
};

// Milliseconds since 1970-01-01T00:00:00Z.
using WallTime = Strong<std::int64_t, struct WallTimeTag>;
using ByteCount = Strong<std::uint64_t, struct ByteCountTag>;
using Bitrate = Strong<std::uint64_t, struct BitrateTag>;  // bits per second

}  // namespace v100
