#include "auth/key_slots.h"

namespace v100::auth {

std::size_t KeySlots::memory_bytes(std::size_t most) noexcept {
  return most * (sizeof(KeySlot) + 2 * sizeof(void*) + sizeof(KeyId) + 5 * sizeof(void*));
}

KeySlots::KeySlots(std::size_t most, std::int64_t retain_seconds, PreparedCache& cache)
    : most_(most), retain_(retain_seconds), cache_(cache) {
  by_id_.reserve(most);
}

KeySlot* KeySlots::find(const KeyId& id) noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &*found->second;
}

KeySlot* KeySlots::get(const KeyId& id, const KeyRecord* record, std::uint64_t generation,
                       std::int64_t now) {
  KeySlot* slot = find(id);
  if (slot == nullptr) {
    if (by_id_.size() >= most_ && !make_room(now)) {
      return nullptr;
    }
    order_.push_back({});  // at the far end, until it lets something in
    slot = &order_.back();
    slot->id = id;
    by_id_.emplace(id, std::prev(order_.end()));
  }
  slot->record = record;
  slot->generation = generation;
  return slot;
}

void KeySlots::used(KeySlot& slot, std::int64_t now) noexcept {
  slot.accepted_at = now;
  order_.splice(order_.begin(), order_, by_id_.find(slot.id)->second);
}

// The unused ones and the longest silent stand at the end; a few in hand may stand among them.
bool KeySlots::make_room(std::int64_t now) {
  int tries = 64;
  for (auto at = order_.end(); at != order_.begin() && tries-- > 0;) {
    --at;
    if (at->pins == 0 && at->accepted_at + retain_ < now) {
      if (at->prepared != nullptr) {
        cache_.forget(*at->prepared);
      }
      by_id_.erase(at->id);
      order_.erase(at);
      return true;
    }
  }
  return false;
}

}  // namespace v100::auth
