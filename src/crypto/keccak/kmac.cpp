// SP 800-185: cSHAKE and KMAC256 on top of the sponge.
#include "crypto/keccak/keccak.h"

namespace v100::keccak {
namespace {

// SP 800-185 §2.3.1: an integer as its shortest big-endian bytes, with their count before
// (left_encode) or after (right_encode) them.
struct EncodedLength {
  explicit EncodedLength(std::uint64_t value) noexcept {
    std::uint8_t big_endian[8];
    store_be(big_endian, value);
    std::size_t skip = 0;
    while (skip < 7 && big_endian[skip] == 0) {
      ++skip;
    }
    count = static_cast<std::uint8_t>(8 - skip);
    std::memcpy(digits, big_endian + skip, count);
  }
  void left(Sponge& sponge) const noexcept {
    sponge.absorb({&count, 1});
    sponge.absorb({digits, count});
  }
  void right(Sponge& sponge) const noexcept {
    sponge.absorb({digits, count});
    sponge.absorb({&count, 1});
  }
  std::size_t size() const noexcept { return std::size_t{1} + count; }
  std::uint8_t count;
  std::uint8_t digits[8];
};

std::uint64_t bit_count(Bytes bytes) noexcept {
  return static_cast<std::uint64_t>(bytes.size()) * 8;
}

// SP 800-185 §2.3.2; returns how many bytes it absorbed.
std::size_t encode_string(Sponge& sponge, Bytes text) noexcept {
  const EncodedLength length(bit_count(text));
  length.left(sponge);
  sponge.absorb(text);
  return length.size() + text.size();
}

// SP 800-185 §2.3.3: bytepad fills the block begun by left_encode(rate) and `used` more bytes.
void pad_to_rate(Sponge& sponge, std::size_t rate, std::size_t used) noexcept {
  static constexpr std::uint8_t zeros[rate_128] = {};
  sponge.absorb(Bytes(zeros).first((rate - used % rate) % rate));
}

std::size_t begin_pad(Sponge& sponge, std::size_t rate) noexcept {
  const EncodedLength encoded(rate);
  encoded.left(sponge);
  return encoded.size();
}

// SP 800-185 §3.3: bytepad(encode_string(N) || encode_string(S), rate)
void begin(Sponge& sponge, std::size_t rate, Bytes function_name, Bytes customization) noexcept {
  std::size_t used = begin_pad(sponge, rate);
  used += encode_string(sponge, function_name);
  used += encode_string(sponge, customization);
  pad_to_rate(sponge, rate, used);
}

Sponge::Domain domain_of(Bytes function_name, Bytes customization) noexcept {
  return function_name.empty() && customization.empty() ? Sponge::Domain::shake
                                                        : Sponge::Domain::cshake;
}

}  // namespace

CShake128::CShake128(Bytes function_name, Bytes customization) noexcept
    : Sponge(rate_128, domain_of(function_name, customization)) {
  if (!function_name.empty() || !customization.empty()) {
    begin(*this, rate_128, function_name, customization);
  }
}

CShake256::CShake256(Bytes function_name, Bytes customization) noexcept
    : Sponge(rate_256, domain_of(function_name, customization)) {
  if (!function_name.empty() || !customization.empty()) {
    begin(*this, rate_256, function_name, customization);
  }
}

// SP 800-185 §4.3 (KMAC256), step 1.
Kmac256::Kmac256(Bytes key, Bytes customization) noexcept
    : sponge_(as_bytes("KMAC"), customization) {
  std::size_t used = begin_pad(sponge_, rate_256);
  used += encode_string(sponge_, key);
  pad_to_rate(sponge_, rate_256, used);
}

void Kmac256::finish(MutBytes out) noexcept {
  EncodedLength(bit_count(out)).right(sponge_);
  sponge_.squeeze(out);
}

void Kmac256::finish_xof(MutBytes out) noexcept {
  EncodedLength(0).right(sponge_);
  sponge_.squeeze(out);
}

void kmac256(MutBytes out, Bytes key, Bytes customization,
             std::initializer_list<Bytes> parts) noexcept {
  Kmac256 mac(key, customization);
  for (const Bytes part : parts) {
    mac.update(part);
  }
  mac.finish(out);
}

}  // namespace v100::keccak
