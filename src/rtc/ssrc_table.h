// SsrcTable: per-SSRC state found in one or two cache lines. Linear probing in a power of two that
// is at most half full; entries are never removed, and their number has a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace v100::rtc {

template <class T>
class SsrcTable {
 public:
  explicit SsrcTable(std::size_t entries_max) : entries_max_(entries_max), slots_(8) {}

  // Null when absent. Pointers are valid until the next add().
  T* find(std::uint32_t ssrc) noexcept {
    Slot& slot = at(ssrc);
    return slot.used ? &slot.value : nullptr;
  }
  // The entry, made when absent; null when the limit is reached.
  T* add(std::uint32_t ssrc) noexcept {
    if (T* const found = find(ssrc)) {
      return found;
    }
    if (entries_ == entries_max_) {
      return nullptr;
    }
    if (2 * (entries_ + 1) > slots_.size()) {
      grow();
    }
    Slot& slot = at(ssrc);
    slot.used = true;
    slot.ssrc = ssrc;
    ++entries_;
    return &slot.value;
  }
  bool full() const noexcept { return entries_ == entries_max_; }

 private:
  struct Slot {
    std::uint32_t ssrc = 0;
    bool used = false;
    T value{};
  };

  // The slot that holds `ssrc`, or the free one where it belongs.
  Slot& at(std::uint32_t ssrc) noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = static_cast<std::size_t>((ssrc * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (slots_[i].used && slots_[i].ssrc != ssrc) {
      i = (i + 1) & mask;
    }
    return slots_[i];
  }
  void grow() noexcept {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.used) {
        at(slot.ssrc) = slot;
      }
    }
  }

  std::size_t entries_max_;
  std::size_t entries_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace v100::rtc
