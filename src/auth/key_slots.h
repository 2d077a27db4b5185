// What a Gate keeps of each key that signs just now: replay window, failure budget, its place among
// the prepared keys. Bounded; a key's slot may go only when nothing it let in is within the time
// window any more.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "auth/budget.h"
#include "auth/directory.h"
#include "auth/prepared_cache.h"
#include "auth/sequence_window.h"

namespace v100::auth {

struct KeySlot {
  KeyId id{};
  const KeyRecord* record = nullptr;
  std::uint64_t generation = 0;  // of the directory when `record` was looked up
  SequenceWindow window;         // of the fast lane
  FailureBudget failures;
  std::uint64_t good_addresses[4] = {};  // where good signatures came from last: no budget there
  std::int64_t accepted_at = INT64_MIN / 2;  // seconds
  unsigned pins = 0;                         // requests in hand
  unsigned good = 0;                         // signatures so far, up to 2
  PreparedCache::Entry* prepared = nullptr;

  bool knows(std::uint64_t address) const noexcept {
    for (const std::uint64_t good_one : good_addresses) {
      if (good_one == address) {
        return true;
      }
    }
    return false;
  }
  void note_good(std::uint64_t address) noexcept {
    good = good < 2 ? good + 1 : good;
    if (!knows(address)) {
      for (std::size_t i = 3; i > 0; --i) {
        good_addresses[i] = good_addresses[i - 1];
      }
      good_addresses[0] = address;
    }
  }
};

class KeySlots {
 public:
  KeySlots(std::size_t most, std::int64_t retain_seconds, PreparedCache& cache);
  // The slot of a key with its record up to date; record null: the directory does not know it (then
  // no slot is made). Null: no room.
  KeySlot* get(const KeyId& id, const KeyRecord* record, std::uint64_t generation,
               std::int64_t now);
  KeySlot* find(const KeyId& id) noexcept;
  void used(KeySlot& slot, std::int64_t now) noexcept;  // something was let in
  std::size_t size() const noexcept { return by_id_.size(); }
  static std::size_t memory_bytes(std::size_t most) noexcept;

 private:
  using Order = std::list<KeySlot>;
  bool make_room(std::int64_t now);
  std::size_t most_;
  std::int64_t retain_;
  PreparedCache& cache_;
  Order order_;  // the latest used first
  std::unordered_map<KeyId, Order::iterator, KeyIdHash> by_id_;
};

}  // namespace v100::auth
