// A proof's randomness out of one seed: eight SHAKE256 streams side by side.
#pragma once

#include <array>

#include "base/secret.h"
#include "crypto/keccak/keccak.h"
#include "proof/field.h"

namespace v100::proof {

class Expander {
 public:
  explicit Expander(FixedBytes<64> seed) noexcept : shake_(keccak::rate_256, lanes) {
    std::array<ByteArray<65>, lanes> inputs;
    std::array<Bytes, lanes> in;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      copy(std::span(inputs[lane]).first<64>(), seed);
      inputs[lane][64] = static_cast<std::uint8_t>(lane);
      in[lane] = inputs[lane];
    }
    shake_.absorb(in);
    wipe_object(inputs);
  }
  ~Expander() { wipe_object(words_); }

  std::uint32_t word() noexcept {
    if (at_ == words_.size()) {
      refill();
    }
    return words_[at_++];
  }
  // Uniform below p. How often a word is refused says nothing about the ones that are taken.
  std::uint32_t element() noexcept {
    for (;;) {
      const std::uint32_t candidate = word() & 0x7fffffff;
      if (candidate < modulus) {
        return candidate;
      }
    }
  }

 private:
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t lane_words = 4 * keccak::rate_256 / 4;

  void refill() noexcept {
    std::array<MutBytes, lanes> outs;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      outs[lane] = {reinterpret_cast<std::uint8_t*>(words_.data() + lane * lane_words),
                    4 * lane_words};
    }
    shake_.squeeze(outs);
    at_ = 0;
  }

  keccak::ShakeBatch shake_;
  std::array<std::uint32_t, lanes * lane_words> words_;
  std::size_t at_ = lanes * lane_words;
};

}  // namespace v100::proof
