#include "main/vectors/sha3.h"

#include <algorithm>

#include "crypto/keccak/keccak.h"

namespace v100::vectors {
namespace {

struct Shape {
  std::size_t rate;
  keccak::Sponge::Domain domain;
  std::size_t digest_bytes;  // 0: any
};

Shape shape_of(Sha3Function function) {
  using Domain = keccak::Sponge::Domain;
  switch (function) {
    case Sha3Function::sha3_256:
      return {keccak::rate_256, Domain::sha3, 32};
    case Sha3Function::sha3_512:
      return {keccak::rate_512, Domain::sha3, 64};
    case Sha3Function::shake128:
      return {keccak::rate_128, Domain::shake, 0};
    case Sha3Function::shake256:
      return {keccak::rate_256, Domain::shake, 0};
  }
  return {keccak::rate_256, Domain::sha3, 32};
}

}  // namespace

std::optional<Sha3Function> sha3_function(std::string_view name) {
  if (name == "SHA3-256") {
    return Sha3Function::sha3_256;
  }
  if (name == "SHA3-512") {
    return Sha3Function::sha3_512;
  }
  if (name == "SHAKE-128" || name == "SHAKE128") {
    return Sha3Function::shake128;
  }
  if (name == "SHAKE-256" || name == "SHAKE256") {
    return Sha3Function::shake256;
  }
  return std::nullopt;
}

bool is_xof(Sha3Function function) { return shape_of(function).digest_bytes == 0; }

Buffer sha3_hash(Sha3Function function, Bytes message, std::uint64_t bits, std::uint64_t out_bits) {
  const Shape shape = shape_of(function);
  keccak::Sponge sponge(shape.rate, shape.domain);
  sponge.absorb(message.first(bits / 8));
  if (bits % 8 != 0) {
    sponge.absorb_last_bits(message[bits / 8], static_cast<unsigned>(bits % 8));
  }
  Buffer out(shape.digest_bytes != 0 ? shape.digest_bytes : (out_bits + 7) / 8);
  sponge.squeeze(out);
  if (shape.digest_bytes == 0 && out_bits % 8 != 0) {
    out.back() = static_cast<std::uint8_t>(out.back() & ((1u << (out_bits % 8)) - 1));
  }
  return out;
}

Sha3Monte::Sha3Monte(Sha3Function function, Bytes seed, const Range& range)
    : function_(function), last_(to_buffer(seed)), range_(range), out_bytes_(range.max_bytes) {
  CHECK(!is_xof(function) || range.valid());
}

// SHA3VS §6.2.3 and §6.3.3, as ACVP has them too.
Buffer Sha3Monte::next() {
  const bool xof = is_xof(function_);
  for (int i = 0; i < 1000; ++i) {
    if (!xof) {
      last_ = sha3_hash(function_, last_, last_.size() * 8, 0);
      continue;
    }
    Buffer message = last_;
    message.resize(16);  // its first 128 bits, zeros after a short output
    last_ = sha3_hash(function_, message, 128, out_bytes_ * 8);
    const std::size_t tail = load_be<std::uint16_t>(last_.data() + last_.size() - 2);
    out_bytes_ = range_.min_bytes + tail % (range_.max_bytes - range_.min_bytes + 1);
  }
  return last_;
}

}  // namespace v100::vectors
