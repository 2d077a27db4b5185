// The nonces of one window, in memory of a fixed size: a table of 64-byte buckets with eight 8-byte
// entries each, and two buckets that a nonce may be in. An entry is 48 bits of a keyed hash and the
// low 16 bits of the second it was created in, so what has left the window is free by itself. A few
// buckets are swept with each record(), long before those 16 bits come round (18 h).
//
// A new nonce is taken for a seen one with a chance below 2^-43; a seen one is never taken for new.
#pragma once

#include <cstdint>
#include <memory>

#include "auth/keyed_hash.h"
#include "base/bytes.h"

namespace v100::auth {

class NonceStore {
 public:
  // Room for `most` nonces within `window_seconds`; fuller than that, it begins to answer `full`.
  NonceStore(std::size_t most, std::uint32_t window_seconds);

  enum class Answer : std::uint8_t { fresh, seen, full };
  // `hash` is a keyed hash over key and nonce; times are seconds since 1970.
  Answer peek(std::uint64_t hash, std::int64_t now) const noexcept;  // and fetches the memory
  // Seen or full, or records it, in one step.
  Answer record(std::uint64_t hash, std::int64_t created, std::int64_t now) noexcept;
  void prefetch(std::uint64_t hash) const noexcept;

  std::size_t live(std::int64_t now) const noexcept;  // counts them: slow, for tests and metrics
  std::size_t memory_bytes() const noexcept { return buckets_ * bucket_bytes; }
  static std::size_t memory_bytes(std::size_t most) noexcept;

 private:
  static constexpr std::size_t entries = 8, bucket_bytes = 64;
  struct Free {
    void operator()(std::uint64_t* table) const noexcept;
  };
  std::uint64_t* first(std::uint64_t hash) const noexcept;
  std::uint64_t* second(std::uint64_t hash) const noexcept;
  bool is_live(std::uint64_t entry, std::int64_t now) const noexcept;
  void sweep(std::int64_t now) noexcept;

  std::size_t buckets_;
  std::uint32_t window_;
  std::size_t cursor_ = 0;     // of the sweep, a bucket
  std::int64_t swept_at_ = 0;  // seconds
  std::unique_ptr<std::uint64_t[], Free> table_;
};

}  // namespace v100::auth
