#include "crypto/keccak/keccak.h"

#include "base/secret.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

void xor_byte(std::uint64_t* words, std::size_t at, std::uint8_t value) noexcept {
  words[at / 8] ^= static_cast<std::uint64_t>(value) << (8 * (at % 8));
}

void hash_parts(Sponge& sponge, MutBytes out, std::initializer_list<Bytes> parts) noexcept {
  for (const Bytes part : parts) {
    sponge.absorb(part);
  }
  sponge.squeeze(out);
}

}  // namespace

Sponge::Sponge(std::size_t rate, Domain domain) noexcept : rate_(rate), domain_(domain) {}

Sponge::~Sponge() { wipe_object(words_); }

// FIPS 202, Algorithm 8 (SPONGE), steps 1-6, block by block as the input comes.
void Sponge::absorb(Bytes in) noexcept {
  CHECK(!squeezing_);
  while (!in.empty()) {
    if (position_ % 8 == 0 && in.size() >= 8) {
      std::size_t count =
          in.size() / 8 < (rate_ - position_) / 8 ? in.size() / 8 : (rate_ - position_) / 8;
      for (std::size_t i = 0; i < count; ++i) {
        words_[position_ / 8 + i] ^= load_le<std::uint64_t>(in.data() + 8 * i);
      }
      position_ += 8 * count;
      in = in.subspan(8 * count);
    } else {
      xor_byte(words_, position_, in[0]);
      ++position_;
      in = in.subspan(1);
    }
    if (position_ == rate_) {
      kernel().permute_x1(words_);
      position_ = 0;
    }
  }
}

void Sponge::absorb_last_bits(std::uint8_t bits, unsigned count) noexcept {
  CHECK(!squeezing_ && count < 8);
  // The message bits, then the domain bits, then the first padding bit: up to 12 bits, which may
  // reach into the next byte, and that into the next block.
  const unsigned kept = bits & ((1u << count) - 1);
  const unsigned tail = kept | (static_cast<unsigned>(domain_) << count);
  xor_byte(words_, position_, static_cast<std::uint8_t>(tail));
  if (tail >> 8 != 0) {
    if (++position_ == rate_) {
      kernel().permute_x1(words_);
      position_ = 0;
    }
    xor_byte(words_, position_, static_cast<std::uint8_t>(tail >> 8));
  } else if (tail >= 0x80 && position_ + 1 == rate_) {
    // pad10*1 needs two bits; the first has just filled the block.
    kernel().permute_x1(words_);
  }
  xor_byte(words_, rate_ - 1, 0x80);
  kernel().permute_x1(words_);
  position_ = 0;
  squeezing_ = true;
}

// FIPS 202, Algorithm 8 (SPONGE), steps 7-10.
void Sponge::squeeze(MutBytes out) noexcept {
  if (!squeezing_) {
    absorb_last_bits(0, 0);
  }
  while (!out.empty()) {
    if (position_ == rate_) {
      kernel().permute_x1(words_);
      position_ = 0;
    }
    if (position_ % 8 == 0 && out.size() >= 8) {
      std::size_t count =
          out.size() / 8 < (rate_ - position_) / 8 ? out.size() / 8 : (rate_ - position_) / 8;
      for (std::size_t i = 0; i < count; ++i) {
        store_le(out.data() + 8 * i, words_[position_ / 8 + i]);
      }
      position_ += 8 * count;
      out = out.subspan(8 * count);
    } else {
      out[0] = static_cast<std::uint8_t>(words_[position_ / 8] >> (8 * (position_ % 8)));
      ++position_;
      out = out.subspan(1);
    }
  }
}

void sha3_256(FixedMutBytes<32> out, std::initializer_list<Bytes> parts) noexcept {
  Sponge sponge(rate_256, Sponge::Domain::sha3);
  hash_parts(sponge, out, parts);
}

void sha3_512(FixedMutBytes<64> out, std::initializer_list<Bytes> parts) noexcept {
  Sponge sponge(rate_512, Sponge::Domain::sha3);
  hash_parts(sponge, out, parts);
}

void shake128(MutBytes out, std::initializer_list<Bytes> parts) noexcept {
  Shake128 sponge;
  hash_parts(sponge, out, parts);
}

void shake256(MutBytes out, std::initializer_list<Bytes> parts) noexcept {
  Shake256 sponge;
  hash_parts(sponge, out, parts);
}

}  // namespace v100::keccak
