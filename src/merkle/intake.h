// Where a shard's leaves enter the log: the gateway's hot path hands leaves in and gets references
// at once; the attest service takes them out in batches and says when they are durable. Pure; one
// thread (the shard's loop) uses an object.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "base/world.h"
#include "merkle/leaf.h"

namespace v100::merkle {

class Intake {
 public:
  // Called once: with nothing when the leaf is durable, with an error when the log gave up on it.
  using Committed = std::move_only_function<void(Result<void>)>;

  // At most `capacity` leaves wait for the disk (260 bytes each).
  Intake(std::uint16_t shard, std::size_t capacity, Random& random);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // ---- The hot path ----

  // The leaf gets the log's next place. Costs one Keccak permutation (0.25 us).
  // unavailable: the log is not open (starting, drained, disk away); busy: full.
  Result<Reference> append(const Leaf& leaf);
  // The same for many: hashed side by side, a quarter of the cost each. All or none.
  // outs.size() == leaves.size().
  Result<void> append(std::span<const Leaf> leaves, std::span<Reference> outs);
  // Runs `done` when leaf `sequence` (of a reference from here) is durable: in a later call of
  // committed(), or now when it is already.
  void when_committed(std::uint64_t sequence, Committed done);

  bool is_open() const noexcept { return open_; }
  std::uint16_t shard() const noexcept { return shard_; }
  std::uint64_t next() const noexcept { return first_ + count_; }       // the next sequence
  std::uint64_t committed_size() const noexcept { return committed_; }  // leaves that are durable
  // Leaves taken by the log and not yet sealed in a batch: what end_of_turn() and tick() look at.
  std::size_t unsealed() const noexcept { return static_cast<std::size_t>(next() - sealed_); }

  // ---- The attest service's side ----

  // Starts, or starts again at the same place: `size` leaves are durable.
  void open(std::uint64_t size);
  // New leaves are refused from now on; those inside stay.
  void shut() noexcept { open_ = false; }
  // The next `count` leaves that no batch holds yet, oldest first; valid until the next call of
  // append() or committed(). count <= unsealed().
  std::span<const LeafContent> contents(std::size_t count) noexcept;
  std::span<const Hash> entries(std::size_t count) noexcept;
  void seal(std::size_t count) noexcept;  // these are in a batch now
  // A leaf that is not durable yet; committed_size() <= sequence < next().
  const LeafContent& pending(std::uint64_t sequence) const noexcept;
  // The log holds `size` leaves durably: forgets them and runs who waits. size <= sealed.
  void committed(std::uint64_t size);
  // Who still waits gets the error (at the end of the process).
  void give_up(Error error);

 private:
  void make_salts() noexcept;
  const Salt& next_salt() noexcept;
  void compact();

  static constexpr std::size_t salts_max = 160;
  const std::uint16_t shard_;
  const std::size_t capacity_;
  Random& random_;
  bool open_ = false;
  // contents_ and entries_ hold leaves first_ .. first_ + count_, from index head_ on.
  std::vector<LeafContent> contents_;
  std::vector<Hash> entries_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t sealed_ = 0;     // leaves below are in batches
  std::uint64_t committed_ = 0;  // leaves below are durable
  struct Waiter {
    std::uint64_t sequence;
    Committed done;
  };
  std::deque<Waiter> waiters_;  // by sequence
  std::vector<Salt> salts_;
  std::size_t salts_left_ = 0;
};

}  // namespace v100::merkle
