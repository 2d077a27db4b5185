// Secret bytes of a size known at run time: wiped when they move or die.
#pragma once

#include <utility>

#include "base/bytes.h"
#include "base/secret.h"

namespace v100::hpke {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(Bytes from) : bytes_(from.begin(), from.end()) {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SecretBytes() { wipe(bytes_); }

  std::size_t size() const noexcept { return bytes_.size(); }
  Bytes expose() const noexcept { return bytes_; }
  MutBytes fill() noexcept { return bytes_; }

 private:
  Buffer bytes_;
};

}  // namespace v100::hpke
