// A circuit breaker and a retry budget: what keeps a sick service from taking the gateway with it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/units.h"

namespace v100::gateway {

// Closed it lets everything through and watches the last `window` outcomes; when half of them (and
// at least `least`) failed it opens for a while, then lets one request through (half-open), whose
// outcome closes it or opens it for twice as long.
class Breaker {
 public:
  enum class State : unsigned char { closed, open, half_open };
  static constexpr unsigned window = 32, least = 16;
  static constexpr Duration open_first = Duration::seconds(1), open_most = Duration::seconds(30);

  // True: go on, and tell the outcome. False: answer 503 at once.
  bool allow(Instant now) noexcept {
    if (state_ == State::open && now >= until_) {
      state_ = State::half_open;
      return true;  // the probe
    }
    if (state_ == State::half_open && now >= until_ + open_most) {
      return true;  // the probe's outcome never came
    }
    return state_ == State::closed;
  }
  void succeeded() noexcept {
    if (state_ == State::half_open) {
      *this = Breaker();
    }
    note(false);
  }
  void failed(Instant now) noexcept {
    if (state_ == State::half_open) {
      open_for_ = std::min(open_for_ * 2, open_most);
      open(now);
      return;
    }
    note(true);
    if (state_ == State::closed && seen_ >= least && failures_ * 2 >= std::min(seen_, window)) {
      open(now);
    }
  }
  State state() const noexcept { return state_; }
  std::uint64_t times_opened() const noexcept { return times_opened_; }

 private:
  void open(Instant now) noexcept {
    state_ = State::open;
    until_ = now + open_for_;
    ++times_opened_;
    outcomes_ = 0;
    seen_ = failures_ = 0;
  }
  void note(bool failure) noexcept {
    const std::uint32_t bit = 1u << (at_ % window);
    failures_ -= seen_ >= window && (outcomes_ & bit) != 0 ? 1u : 0u;
    outcomes_ = failure ? outcomes_ | bit : outcomes_ & ~bit;
    failures_ += failure ? 1u : 0u;
    seen_ = std::min(seen_ + 1, window);
    ++at_;
  }

  State state_ = State::closed;
  Instant until_;
  Duration open_for_ = open_first;
  std::uint32_t outcomes_ = 0;  // a ring of bits, 1: failed
  unsigned at_ = 0, seen_ = 0, failures_ = 0;
  std::uint64_t times_opened_ = 0;
};

// Retries are a tenth of the requests and no more, so that they cannot multiply an outage; a few
// are always there for quiet times.
class RetryBudget {
 public:
  static constexpr std::int64_t share = 10, reserve = 3;  // one retry for ten requests
  void request() noexcept { left_ = std::min<std::int64_t>(left_ + 1, 100 * share); }
  bool take() noexcept {
    if (left_ < share) {
      return false;
    }
    left_ -= share;
    return true;
  }

 private:
  std::int64_t left_ = reserve * share;
};

}  // namespace v100::gateway
