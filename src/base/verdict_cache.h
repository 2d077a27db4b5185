// A cache of verdicts: "this was verified, by us, in this epoch, and holds until then". A hit is
// not a verification; it stands for one that was done. 64 bytes an entry, open addressing in
// windows of eight, a sequence lock an entry; any number of threads look up and insert at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace v100 {

// A collision-resistant hash (SHA3-256) over everything that the verdict depends on: the proof's or
// receipt's hash, the verifying key, the public inputs and the policy.
using VerdictKey = ByteArray<32>;

struct CachedVerdict {
  std::int64_t expires_ms = 0;  // wall time; from then on a miss
  std::uint64_t detail = 0;     // the caller's: accepted or not, level, index
  friend bool operator==(const CachedVerdict&, const CachedVerdict&) = default;
};

class VerdictCache {
 public:
  static constexpr std::size_t entry_bytes = 64;
  static constexpr std::size_t window = 16;
  static constexpr std::size_t batch_max = 32;

  // `memory` is zeroed, on a 64-byte border, whole entries, at least `window` of them (CHECK), and
  // outlives the cache; the caller may back it with huge pages. Half full it keeps all but one
  // entry in 5,000, two thirds full all but one in 300: 1 M entries want 128 MiB. `secret` keys the
  // table's hash, so that nobody can aim at a window.
  VerdictCache(MutBytes memory, FixedBytes<32> secret);
  VerdictCache(const VerdictCache&) = delete;
  VerdictCache& operator=(const VerdictCache&) = delete;

  // Nothing when it is not there, expired, of an earlier epoch, or just being written.
  std::optional<CachedVerdict> find(const VerdictKey& key, std::int64_t now_ms) const noexcept;
  // Up to batch_max at once, their memory fetched side by side. out.size() == keys.size().
  void find_batch(std::span<std::optional<CachedVerdict>> out, std::span<const VerdictKey> keys,
                  std::int64_t now_ms) const noexcept;
  // Replaces the key's entry, else takes a free, an outdated, or the window's soonest to expire.
  void insert(const VerdictKey& key, const CachedVerdict& verdict, std::int64_t now_ms) noexcept;
  // Forgets everything so far: revocation, a new verifying key, a changed policy. Keys carry no
  // epoch; a verdict computed before the bump and inserted after it must be computed anew by the
  // caller, who passes the epoch it began in: insert_from.
  void bump_epoch() noexcept { epoch_.fetch_add(1, std::memory_order_release); }
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  // As insert, but nothing if the epoch is no longer `began`.
  void insert_from(std::uint32_t began, const VerdictKey& key, const CachedVerdict& verdict,
                   std::int64_t now_ms) noexcept;
  std::size_t capacity() const noexcept { return slots_ + window; }

 private:
  // Words are atomics read and written relaxed between two readings of `sequence`.
  struct Entry {
    std::atomic<std::uint32_t> sequence;  // odd while written; 0: never used
    std::atomic<std::uint32_t> epoch;
    std::atomic<std::int64_t> expires_ms;
    std::atomic<std::uint64_t> detail;
    std::atomic<std::uint64_t> key[4];
    std::atomic<std::uint64_t> unused;
  };
  static_assert(sizeof(Entry) == entry_bytes);

  std::size_t place(const VerdictKey& key) const noexcept;
  std::optional<CachedVerdict> find_at(std::size_t at, const VerdictKey& key,
                                       std::int64_t now_ms) const noexcept;
  Entry* entries_;
  std::size_t slots_;  // first slots of windows
  std::uint64_t secret_[4];
  std::atomic<std::uint32_t> epoch_{1};
};

}  // namespace v100
