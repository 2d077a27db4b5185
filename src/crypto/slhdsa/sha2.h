// SHA-256 and SHA-512 of one message, and HMAC and MGF1 over them, as FIPS 205 §11.2 needs them.
// Not a front door.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace v100::slhdsa {

// W, the word, is 32 bits for SHA-256 and 64 for SHA-512.
template <class W>
class Sha2 {
 public:
  using Word = W;
  static constexpr std::size_t block_bytes = 16 * sizeof(Word);
  static constexpr std::size_t digest_bytes = 8 * sizeof(Word);

  Sha2() noexcept;
  // Goes on from a state after whole blocks.
  Sha2(const Word (&state)[8], std::size_t bytes_done) noexcept;
  Sha2(const Sha2&) = delete;
  Sha2& operator=(const Sha2&) = delete;
  ~Sha2();

  void update(Bytes in) noexcept;
  void finish(MutBytes out) noexcept;  // digest_bytes at most, once
  // The state, at a block's end.
  void state(Word (&out)[8]) const noexcept;

 private:
  void block(const std::uint8_t* in) noexcept;

  Word state_[8];
  std::uint64_t bytes_ = 0;
  ByteArray<block_bytes> rest_{};
};
using Sha256 = Sha2<std::uint32_t>;
using Sha512 = Sha2<std::uint64_t>;

}  // namespace v100::slhdsa
