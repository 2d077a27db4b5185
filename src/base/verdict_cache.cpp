#include "base/verdict_cache.h"

namespace v100 {
namespace {

__extension__ typedef unsigned __int128 Wide;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word(const VerdictKey& key, std::size_t i) noexcept {
  return load_le<std::uint64_t>(key.data() + 8 * i);
}

}  // namespace

VerdictCache::VerdictCache(MutBytes memory, FixedBytes<32> secret)
    : entries_(reinterpret_cast<Entry*>(memory.data())),
      slots_(memory.size() / entry_bytes - window) {
  CHECK(memory.size() >= 2 * window * entry_bytes && memory.size() % entry_bytes == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % entry_bytes == 0);
  for (std::size_t i = 0; i < 4; ++i) {
    secret_[i] = load_le<std::uint64_t>(secret.data() + 8 * i);
  }
}

// The key is a hash already; the secret multiplies make its place unpredictable. A window
// starts at any slot.
std::size_t VerdictCache::place(const VerdictKey& key) const noexcept {
  const std::uint64_t mixed = fold(word(key, 0) ^ secret_[0], word(key, 1) ^ secret_[1]) ^
                              fold(word(key, 2) ^ secret_[2], word(key, 3) ^ secret_[3]);
  return static_cast<std::size_t>((static_cast<Wide>(mixed) * slots_) >> 64);
}

std::optional<CachedVerdict> VerdictCache::find_at(std::size_t at, const VerdictKey& key,
                                                   std::int64_t now_ms) const noexcept {
  const std::uint32_t epoch_now = epoch();
  for (std::size_t i = 0; i < window; ++i) {
    const Entry& entry = entries_[at + i];
    const std::uint32_t before = entry.sequence.load(std::memory_order_acquire);
    if (before == 0) {
      return std::nullopt;  // windows fill from the front: nothing lies behind a free slot
    }
    std::uint64_t difference = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      difference |= entry.key[k].load(std::memory_order_relaxed) ^ word(key, k);
    }
    if (difference != 0) {
      continue;
    }
    const CachedVerdict verdict{entry.expires_ms.load(std::memory_order_relaxed),
                                entry.detail.load(std::memory_order_relaxed)};
    const std::uint32_t entry_epoch = entry.epoch.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    const bool torn = (before & 1) != 0 || entry.sequence.load(std::memory_order_relaxed) != before;
    if (!torn && entry_epoch == epoch_now && verdict.expires_ms > now_ms) {
      return verdict;
    }
  }
  return std::nullopt;
}

std::optional<CachedVerdict> VerdictCache::find(const VerdictKey& key,
                                                std::int64_t now_ms) const noexcept {
  return find_at(place(key), key, now_ms);
}

void VerdictCache::find_batch(std::span<std::optional<CachedVerdict>> out,
                              std::span<const VerdictKey> keys,
                              std::int64_t now_ms) const noexcept {
  CHECK(out.size() == keys.size() && keys.size() <= batch_max);
  std::size_t places[batch_max];
  for (std::size_t i = 0; i < keys.size(); ++i) {
    places[i] = place(keys[i]);
    __builtin_prefetch(entries_ + places[i]);
    __builtin_prefetch(entries_ + places[i] + 1);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    out[i] = find_at(places[i], keys[i], now_ms);
  }
}

void VerdictCache::insert(const VerdictKey& key, const CachedVerdict& verdict,
                          std::int64_t now_ms) noexcept {
  insert_from(epoch(), key, verdict, now_ms);
}

void VerdictCache::insert_from(std::uint32_t began, const VerdictKey& key,
                               const CachedVerdict& verdict, std::int64_t now_ms) noexcept {
  const std::size_t at = place(key);
  std::size_t chosen = 0;
  std::int64_t best = INT64_MAX;  // of the victim: when it expires, or less where it is worth less
  for (std::size_t i = 0; i < window; ++i) {
    const Entry& entry = entries_[at + i];
    std::int64_t worth = entry.expires_ms.load(std::memory_order_relaxed);
    if (entry.epoch.load(std::memory_order_relaxed) != began || worth <= now_ms) {
      worth = INT64_MIN + 2;
    }
    const bool unused = entry.sequence.load(std::memory_order_acquire) == 0;
    std::uint64_t difference = unused ? 1 : 0;
    for (std::size_t k = 0; k < 4; ++k) {
      difference |= entry.key[k].load(std::memory_order_relaxed) ^ word(key, k);
    }
    worth = difference == 0 ? INT64_MIN : unused ? INT64_MIN + 1 : worth;
    if (worth < best) {
      best = worth;
      chosen = i;
    }
    if (unused) {
      break;
    }
  }
  Entry& entry = entries_[at + chosen];
  std::uint32_t before = entry.sequence.load(std::memory_order_relaxed);
  if ((before & 1) != 0 || epoch() != began ||
      !entry.sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) {
    return;  // somebody else writes here: a cache may forget
  }
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t k = 0; k < 4; ++k) {
    entry.key[k].store(word(key, k), std::memory_order_relaxed);
  }
  entry.expires_ms.store(verdict.expires_ms, std::memory_order_relaxed);
  entry.detail.store(verdict.detail, std::memory_order_relaxed);
  entry.epoch.store(began, std::memory_order_relaxed);
  // 0 means never used: skip it when the counter wraps.
  entry.sequence.store(before + 2 == 0 ? 2 : before + 2, std::memory_order_release);
}

}  // namespace v100
