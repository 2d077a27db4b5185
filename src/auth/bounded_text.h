// Appends to memory of a fixed size and remembers when it did not fit: how signature bases are
// rebuilt without allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace v100::auth {

class BoundedText {
 public:
  explicit BoundedText(MutBytes room) noexcept : room_(room) {}
  BoundedText& add(std::string_view text) noexcept {
    if (text.size() > room_.size() - size_) {
      overflowed_ = true;
    } else if (!text.empty()) {
      std::memcpy(room_.data() + size_, text.data(), text.size());
      size_ += text.size();
    }
    return *this;
  }
  BoundedText& add(Bytes bytes) noexcept { return add(as_text(bytes)); }
  BoundedText& add(char c) noexcept { return add(std::string_view(&c, 1)); }
  bool overflowed() const noexcept { return overflowed_; }
  std::size_t size() const noexcept { return size_; }
  Bytes written() const noexcept { return room_.first(size_); }
  MutBytes written() noexcept { return room_.first(size_); }

 private:
  MutBytes room_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace v100::auth
