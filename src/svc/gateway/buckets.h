// Token buckets for very many: keys, tenants, addresses. Constant memory, no allocation after
// construction, one cache line a look-up. When a set is full the fullest bucket is forgotten, which
// is the one whose owner loses least by it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"
#include "base/world.h"
#include "svc/rate.h"

namespace v100::gateway {

class Buckets {
 public:
  // `rate` as svc/rate.h: thousandths of a token a second, and how many at once. No rate
  // (burst 0): everything goes.
  Buckets(Rate rate, std::size_t most, Random& random) : rate_(rate) {
    std::size_t sets = 1;
    while (sets * ways < most) {
      sets *= 2;
    }
    sets_.resize(rate.burst > 0 ? sets : 0);
    ByteArray<8> seed;
    random.fill(seed);
    seed_ = load_le<std::uint64_t>(seed.data());
  }

  struct Taken {
    bool ok = true;
    std::int64_t left = 0;     // whole tokens
    std::int64_t reset_s = 0;  // until there is one more, rounded up
  };
  Taken take(Bytes who, Instant now) noexcept {
    if (sets_.empty()) {
      return {};
    }
    Bucket& bucket = find(hash(who), now);
    Taken out;
    out.ok = bucket.left >= unit;
    if (out.ok) {
      bucket.left -= unit;
    }
    out.left = bucket.left / unit;
    const std::int64_t missing = unit - bucket.left % unit;
    out.reset_s = (missing / std::max<std::int64_t>(rate_.per_second_thousandths, 1) + 999) / 1000;
    return out;
  }
  Rate rate() const noexcept { return rate_; }
  std::size_t memory_bytes() const noexcept { return sets_.size() * sizeof(Set); }

 private:
  static constexpr std::int64_t unit = 1'000'000;  // of a token
  static constexpr std::size_t ways = 4;
  struct Bucket {
    std::uint32_t tag = 0;  // 0: free
    std::uint32_t filled_ms = 0;
    std::int64_t left = 0;
  };
  struct alignas(64) Set {
    std::array<Bucket, ways> buckets;
  };

  std::uint64_t hash(Bytes who) const noexcept {
    std::uint64_t h = seed_;
    for (std::size_t at = 0; at < who.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, who.data() + at, std::min<std::size_t>(8, who.size() - at));
      h = (h ^ word) * 0x9E3779B97F4A7C15u;
      h ^= h >> 32;
    }
    return h;
  }
  Bucket& find(std::uint64_t h, Instant now) noexcept {
    Set& set = sets_[h & (sets_.size() - 1)];
    const std::uint32_t tag = static_cast<std::uint32_t>(h >> 32) | 1u;
    const std::uint32_t now_ms = static_cast<std::uint32_t>(now.ns() / 1'000'000);
    Bucket* fullest = &set.buckets[0];
    for (Bucket& bucket : set.buckets) {
      if (bucket.tag == tag) {
        refill(bucket, now_ms);
        return bucket;
      }
      if (bucket.tag == 0 || (fullest->tag != 0 && bucket.left > fullest->left)) {
        fullest = &bucket;
      }
    }
    *fullest = {tag, now_ms, rate_.burst * unit};
    return *fullest;
  }
  void refill(Bucket& bucket, std::uint32_t now_ms) const noexcept {
    const std::int64_t ms = std::min<std::int64_t>(now_ms - bucket.filled_ms, 3'600'000);
    bucket.left = std::min(rate_.burst * unit, bucket.left + ms * rate_.per_second_thousandths);
    bucket.filled_ms = now_ms;
  }

  Rate rate_;
  std::uint64_t seed_ = 0;
  std::vector<Set> sets_;
};

}  // namespace v100::gateway
