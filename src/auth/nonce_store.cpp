#include "auth/nonce_store.h"

#include <cstdlib>

namespace v100::auth {
namespace {

// Two choices and eight places a bucket: below 5/8 of all places no bucket overflows in practice
// (nonce_store_test fills one to show it).
std::size_t buckets_for(std::size_t most) noexcept { return most / 5 + 64; }

constexpr std::uint64_t fingerprint_mask = ~std::uint64_t{0xffff};

// The upper half of a product spreads a hash over any number of buckets.
std::size_t reduce(std::uint32_t hash, std::size_t buckets) noexcept {
  return static_cast<std::size_t>((std::uint64_t{hash} * buckets) >> 32);
}

// The low 16 bits of the creation second, never 0 together with a fingerprint of 0: 0 is "empty".
std::uint64_t make(std::uint64_t hash, std::int64_t created) noexcept {
  const std::uint64_t entry =
      (hash & fingerprint_mask) | (static_cast<std::uint64_t>(created) & 0xffff);
  return (entry & fingerprint_mask) == 0 ? entry | 0x10000 : entry;
}

}  // namespace

void NonceStore::Free::operator()(std::uint64_t* table) const noexcept { std::free(table); }

std::size_t NonceStore::memory_bytes(std::size_t most) noexcept {
  return buckets_for(most) * bucket_bytes;
}

NonceStore::NonceStore(std::size_t most, std::uint32_t window_seconds)
    : buckets_(buckets_for(most)), window_(window_seconds) {
  CHECK(buckets_ < (std::size_t{1} << 32) && window_seconds < 30000);
  // Zeroed pages that the kernel hands out when they are first touched.
  void* const memory = std::calloc(buckets_ * entries + entries, sizeof(std::uint64_t));
  CHECK(memory != nullptr);
  table_.reset(static_cast<std::uint64_t*>(memory));
}

// Places come from both halves of the hash, the fingerprint from its upper 48 bits: what they share
// tells apart less, but 16 places with 48 bits each are compared.
std::uint64_t* NonceStore::first(std::uint64_t hash) const noexcept {
  return table_.get() + entries * reduce(static_cast<std::uint32_t>(hash), buckets_);
}
std::uint64_t* NonceStore::second(std::uint64_t hash) const noexcept {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;  // golden ratio
  return table_.get() + entries * reduce(static_cast<std::uint32_t>((hash * odd) >> 32), buckets_);
}

// Created within the window, or up to an hour ahead of now: when the clock goes back, what was
// recorded before it did still counts.
bool NonceStore::is_live(std::uint64_t entry, std::int64_t now) const noexcept {
  if (entry == 0) {
    return false;
  }
  const auto age = static_cast<std::int16_t>(static_cast<std::uint16_t>(now) -
                                             static_cast<std::uint16_t>(entry));
  return age <= static_cast<std::int64_t>(window_) && age >= -3600;
}

// The whole table in two hours and a quarter, or 64 buckets a call where calls are rare.
void NonceStore::sweep(std::int64_t now) noexcept {
  if (now == swept_at_) {
    return;
  }
  const std::int64_t seconds = now > swept_at_ ? now - swept_at_ : 1;
  const std::size_t due =
      static_cast<std::size_t>(seconds < 64 ? seconds : 64) * (buckets_ / 8192 + 1);
  swept_at_ = now;
  for (std::size_t i = 0; i < (due < 4096 ? due : 4096); ++i) {
    std::uint64_t* bucket = table_.get() + entries * cursor_;
    for (std::size_t j = 0; j < entries; ++j) {
      bucket[j] = is_live(bucket[j], now) ? bucket[j] : 0;
    }
    cursor_ = cursor_ + 1 == buckets_ ? 0 : cursor_ + 1;
  }
}

void NonceStore::prefetch(std::uint64_t hash) const noexcept {
  __builtin_prefetch(first(hash), 1);
  __builtin_prefetch(second(hash), 1);
}

NonceStore::Answer NonceStore::peek(std::uint64_t hash, std::int64_t now) const noexcept {
  const std::uint64_t wanted = make(hash, 0) & fingerprint_mask;
  for (const std::uint64_t* bucket : {first(hash), second(hash)}) {
    for (std::size_t i = 0; i < entries; ++i) {
      if ((bucket[i] & fingerprint_mask) == wanted && is_live(bucket[i], now)) {
        return Answer::seen;
      }
    }
  }
  return Answer::fresh;
}

NonceStore::Answer NonceStore::record(std::uint64_t hash, std::int64_t created,
                                      std::int64_t now) noexcept {
  if (peek(hash, now) == Answer::seen) {
    return Answer::seen;
  }
  sweep(now);
  std::uint64_t* place = nullptr;
  std::size_t most_room = 0;
  for (std::uint64_t* bucket : {first(hash), second(hash)}) {
    std::size_t room = 0;
    std::uint64_t* free = nullptr;
    for (std::size_t i = 0; i < entries; ++i) {
      if (!is_live(bucket[i], now)) {
        free = bucket + i;
        ++room;
      }
    }
    if (room > most_room) {
      place = free;
      most_room = room;
    }
  }
  if (place == nullptr) {
    return Answer::full;
  }
  *place = make(hash, created);
  return Answer::fresh;
}

std::size_t NonceStore::live(std::int64_t now) const noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < buckets_ * entries; ++i) {
    count += is_live(table_[i], now) ? 1 : 0;
  }
  return count;
}

}  // namespace v100::auth
