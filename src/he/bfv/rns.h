// A polynomial as its residues modulo several primes, one after another on 64-byte borders.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/secret.h"
#include "he/ring64/ring64.h"

namespace v100::he::bfv {

class RnsPoly {
 public:
  RnsPoly() = default;
  RnsPoly(std::size_t n, std::size_t limbs) : n_(n), limbs_(limbs), words_(n * limbs) {}
  RnsPoly(RnsPoly&& other) noexcept  // what is left has no limbs
      : n_(other.n_), limbs_(std::exchange(other.limbs_, 0)), words_(std::move(other.words_)) {}
  RnsPoly& operator=(RnsPoly&& other) noexcept {
    n_ = other.n_;
    limbs_ = std::exchange(other.limbs_, 0);
    words_ = std::move(other.words_);
    return *this;
  }
  std::size_t n() const noexcept { return n_; }
  std::size_t limbs() const noexcept { return limbs_; }
  std::uint64_t* limb(std::size_t i) noexcept { return words_.data() + i * n_; }
  const std::uint64_t* limb(std::size_t i) const noexcept { return words_.data() + i * n_; }
  // Forgets the limbs from `count` on; the memory stays, and up to the number it was made with they
  // can be had again.
  void drop_to(std::size_t count) noexcept { limbs_ = count; }
  MutBytes as_bytes() noexcept {
    return {reinterpret_cast<std::uint8_t*>(words_.data()), 8 * n_ * limbs_};
  }
  Bytes as_bytes() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(words_.data()), 8 * n_ * limbs_};
  }
  RnsPoly copy() const {
    RnsPoly out(n_, limbs_);
    v100::copy(out.as_bytes(), as_bytes());
    return out;
  }

 private:
  std::size_t n_ = 0;
  std::size_t limbs_ = 0;
  Poly words_{0};
};

}  // namespace v100::he::bfv
