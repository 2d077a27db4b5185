#include "crypto/slhdsa/sha2.h"

#include <type_traits>

#include "base/secret.h"
#include "crypto/slhdsa/sha2.inl.h"

namespace v100::slhdsa {
namespace {

template <class W>
using Shape = std::conditional_t<sizeof(W) == 4, Sha256Shape, Sha512Shape>;

}  // namespace

template <class W>
Sha2<W>::Sha2() noexcept {
  for (int i = 0; i < 8; ++i) {
    if constexpr (sizeof(Word) == 4) {
      state_[i] = sha256_start[i];
    } else {
      state_[i] = sha512_start[i];
    }
  }
}

template <class W>
Sha2<W>::Sha2(const Word (&state)[8], std::size_t bytes_done) noexcept : bytes_(bytes_done) {
  CHECK(bytes_done % block_bytes == 0);
  std::memcpy(state_, state, sizeof state_);
}

template <class W>
Sha2<W>::~Sha2() {
  wipe_object(state_);
  wipe(rest_);
}

template <class W>
void Sha2<W>::block(const std::uint8_t* in) noexcept {
  Word w[16];
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = load_be<Word>(in + i * sizeof(Word));
  }
  sha2_compress<Shape<W>>(state_, w);
  wipe_object(w);
}

template <class W>
void Sha2<W>::update(Bytes in) noexcept {
  while (!in.empty()) {
    const std::size_t at = static_cast<std::size_t>(bytes_ % block_bytes);
    if (at == 0 && in.size() >= block_bytes) {
      block(in.data());
      bytes_ += block_bytes;
      in = in.subspan(block_bytes);
      continue;
    }
    const std::size_t now = in.size() < block_bytes - at ? in.size() : block_bytes - at;
    copy(MutBytes(rest_).subspan(at, now), in.first(now));
    bytes_ += now;
    in = in.subspan(now);
    if (at + now == block_bytes) {
      block(rest_.data());
    }
  }
}

// FIPS 180-4, section 5.1: a one bit, zeros, the length in bits.
template <class W>
void Sha2<W>::finish(MutBytes out) noexcept {
  CHECK(out.size() <= digest_bytes);
  const std::uint64_t bits = bytes_ * 8;
  constexpr std::size_t length_at = block_bytes - 2 * sizeof(Word);
  const std::uint8_t one = 0x80, zero = 0;
  update({&one, 1});
  while (bytes_ % block_bytes != length_at) {
    update({&zero, 1});
  }
  ByteArray<2 * sizeof(Word)> length{};
  store_be(length.data() + length.size() - 8, bits);
  update(length);
  ByteArray<digest_bytes> digest;
  for (std::size_t i = 0; i < 8; ++i) {
    store_be(digest.data() + i * sizeof(Word), state_[i]);
  }
  copy(out, Bytes(digest).first(out.size()));
  wipe(digest);
}

template <class W>
void Sha2<W>::state(Word (&out)[8]) const noexcept {
  CHECK(bytes_ % block_bytes == 0);
  std::memcpy(out, state_, sizeof state_);
}

template class Sha2<std::uint32_t>;
template class Sha2<std::uint64_t>;

}  // namespace v100::slhdsa
