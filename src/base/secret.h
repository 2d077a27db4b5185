// Secret<N, Tag>: N bytes that cannot be copied, compared, printed or hashed, and are wiped when
// they move or die. expose() and fill() are the only ways in, and easy to grep for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace v100 {

// Overwrites with zeros in a way the optimiser may not drop.
void wipe(MutBytes bytes) noexcept;

template <class T>
void wipe_object(T& object) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(&object), sizeof object});
}

template <std::size_t N, class Tag>
class Secret {
 public:
  static constexpr std::size_t size = N;

  Secret() noexcept : bytes_{} {}
  explicit Secret(FixedBytes<N> from) noexcept { copy(bytes_, from); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  FixedBytes<N> expose() const noexcept { return bytes_; }
  FixedMutBytes<N> fill() noexcept { return bytes_; }

 private:
  ByteArray<N> bytes_;
};

}  // namespace v100
