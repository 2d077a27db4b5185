// Vectors of 32-bit words that are wiped when they die, aligned to a cache line.
#pragma once

#include <cstdint>
#include <new>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

namespace v100::proof {

class Words {
 public:
  explicit Words(std::size_t size)
      : size_(size),
        words_(static_cast<std::uint32_t*>(
            ::operator new(size * sizeof(std::uint32_t), std::align_val_t{64}))) {
    clear();
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  Words(Words&& other) noexcept : size_(other.size_), words_(other.words_) {
    other.size_ = 0;
    other.words_ = nullptr;
  }
  ~Words() {
    if (words_ != nullptr) {
      clear();
    }
    ::operator delete(words_, std::align_val_t{64});
  }

  void clear() noexcept { wipe({reinterpret_cast<std::uint8_t*>(words_), size_ * 4}); }
  std::size_t size() const noexcept { return size_; }
  std::uint32_t* data() noexcept { return words_; }
  const std::uint32_t* data() const noexcept { return words_; }
  std::uint32_t& operator[](std::size_t i) noexcept { return words_[i]; }
  std::uint32_t operator[](std::size_t i) const noexcept { return words_[i]; }
  Bytes bytes(std::size_t from, std::size_t count) const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(words_ + from), 4 * count};
  }

 private:
  std::size_t size_;
  std::uint32_t* words_;
};

// Words are written to the wire as they lie in memory.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

}  // namespace v100::proof
