// The plain encoding of bus messages: fields in order, integers big-endian, bytes and texts with a
// 32-bit length. Readers are bounded and never fail midway: the first thing missing makes the rest
// empty, and done() tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace v100 {

class Encoder {
 public:
  template <class U>
  Encoder& put(U value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(U));
    store_be(bytes_.data() + at, value);
    return *this;
  }
  Encoder& flag(bool value) { return put(static_cast<std::uint8_t>(value ? 1 : 0)); }
  Encoder& count(std::size_t value) { return put(static_cast<std::uint32_t>(value)); }
  Encoder& raw(Bytes value) {
    append(bytes_, value);
    return *this;
  }
  Encoder& bytes(Bytes value) { return count(value.size()).raw(value); }
  Encoder& text(std::string_view value) { return bytes(as_bytes(value)); }
  Buffer take() { return std::move(bytes_); }

 private:
  Buffer bytes_;
};

class Decoder {
 public:
  explicit Decoder(Bytes bytes) noexcept : rest_(bytes) {}
  template <class U>
  U get() noexcept {
    const Bytes from = raw(sizeof(U));
    return from.empty() ? U{} : load_be<U>(from.data());
  }
  bool flag() noexcept {
    const auto value = get<std::uint8_t>();
    ok_ = ok_ && value <= 1;
    return value == 1;
  }
  // A list's length; each element takes at least one byte, so a lie ends the loop soon.
  std::size_t count(std::size_t most) noexcept {
    const auto value = get<std::uint32_t>();
    ok_ = ok_ && value <= most;
    return ok_ ? value : 0;
  }
  Bytes raw(std::size_t size) noexcept {  // empty when less is left
    if (!ok_ || rest_.size() < size) {
      ok_ = false;
      return {};
    }
    const Bytes out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  Bytes bytes(std::size_t most) noexcept {
    const std::size_t size = count(most);
    return raw(size);
  }
  std::string text(std::size_t most) { return std::string(as_text(bytes(most))); }
  template <std::size_t N>
  ByteArray<N> fixed() noexcept {
    ByteArray<N> out{};
    const Bytes from = raw(N);
    if (!from.empty()) {
      copy(out, from);
    }
    return out;
  }
  bool ok() const noexcept { return ok_; }
  bool done() const noexcept { return ok_ && rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

}  // namespace v100
