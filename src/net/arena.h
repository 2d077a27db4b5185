// Memory for what lives one turn of the loop: taken piece by piece, given back all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/bytes.h"

namespace v100::net {

// Not thread-safe. Blocks are kept for the next turn; what one turn needed beyond `kept_bytes` is
// freed.
class Arena {
 public:
  static constexpr std::size_t block_bytes = 64 * 1024;
  static constexpr std::size_t kept_bytes = 1024 * 1024;

  // A copy that lives until reset().
  template <class T>
  T* keep(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (take(sizeof(T), alignof(T))) T(value);
  }
  template <class T>
  std::span<T> keep(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (values.empty()) {
      return {};
    }
    void* to = take(values.size_bytes(), alignof(T));
    std::memcpy(to, values.data(), values.size_bytes());
    return {static_cast<T*>(to), values.size()};
  }
  bool used() const noexcept { return block_ > 0 || at_ > 0; }
  void reset() noexcept {
    large_.clear();
    if (blocks_.size() * block_bytes > kept_bytes) {
      blocks_.resize(kept_bytes / block_bytes);
    }
    block_ = 0;
    at_ = 0;
  }

 private:
  void* take(std::size_t bytes, std::size_t alignment) {
    if (bytes > block_bytes / 4) {
      large_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(bytes));
      at_ = at_ == 0 ? 1 : at_;  // used
      return large_.back().get();
    }
    at_ = (at_ + alignment - 1) / alignment * alignment;
    if (at_ + bytes > block_bytes) {
      ++block_;
      at_ = 0;
    }
    if (block_ == blocks_.size()) {
      blocks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(block_bytes));
    }
    void* out = blocks_[block_].get() + at_;
    at_ += bytes;
    return out;
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> blocks_, large_;
  std::size_t block_ = 0, at_ = 0;
};

}  // namespace v100::net
