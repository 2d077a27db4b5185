// Token buckets: how often somebody may do something. Time comes in; nothing is allocated but one
// entry per address, bounded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/address.h"
#include "base/units.h"

namespace v100 {

struct Rate {
  std::int64_t per_second_thousandths = 1000;  // 1000: one a second
  std::int64_t burst = 1;
};

class TokenBucket {
 public:
  TokenBucket(Rate rate, Instant now) noexcept
      : rate_(rate), filled_(now), left_(rate.burst * unit) {}
  bool take(Instant now, std::int64_t tokens = 1) noexcept {
    refill(now);
    if (left_ < tokens * unit) {
      return false;
    }
    left_ -= tokens * unit;
    return true;
  }
  bool has(Instant now, std::int64_t tokens = 1) noexcept {
    refill(now);
    return left_ >= tokens * unit;
  }
  bool full(Instant now) const noexcept {
    TokenBucket then = *this;
    then.refill(now);
    return then.left_ == rate_.burst * unit;
  }

 private:
  static constexpr std::int64_t unit = 1'000'000;  // of a token
  void refill(Instant now) noexcept {
    const std::int64_t full = rate_.burst * unit;
    // Thousandths a second are millionths a millisecond; an hour's worth fills any bucket.
    const std::int64_t ms = std::min<std::int64_t>((now - filled_).ms(), 3'600'000);
    if (ms > 0) {
      left_ = std::min(full, left_ + ms * rate_.per_second_thousandths);
      filled_ = now;
    }
  }
  Rate rate_;
  Instant filled_;
  std::int64_t left_;
};

// A bucket per client: per IPv4 address or IPv6 /64, which is what one subscriber has. Above
// `clients_max` the full buckets are forgotten, and if none is, everybody shares one.
class AddressBuckets {
 public:
  AddressBuckets(Rate rate, std::size_t clients_max) : rate_(rate), clients_max_(clients_max) {}
  TokenBucket& of(const ByteArray<16>& ip, Instant now) {
    ByteArray<16> client = ip;
    if (!Address{ip, 0}.is_ipv4()) {
      for (std::size_t i = 8; i < 16; ++i) {
        client[i] = 0;
      }
    }
    const auto found = buckets_.find(client);
    if (found != buckets_.end()) {
      return found->second;
    }
    if (buckets_.size() >= clients_max_) {
      std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full(now); });
    }
    if (buckets_.size() >= clients_max_) {
      client = {};
    }
    return buckets_.try_emplace(client, rate_, now).first->second;
  }
  std::size_t size() const noexcept { return buckets_.size(); }

 private:
  Rate rate_;
  std::size_t clients_max_;
  std::map<ByteArray<16>, TokenBucket> buckets_;
};

}  // namespace v100
