// How keys and signatures travel. Falcon §3.11.
#include "crypto/falcon/internal.h"

namespace v100::falcon {

bool unpack_public(const std::uint8_t* in, std::uint16_t* h, int logn) {
  std::uint32_t held = 0;
  int bits = 0;
  std::uint32_t good = 1;
  for (int i = 0; i < 1 << logn; ++i) {
    while (bits < 14) {
      held = (held << 8) | *in++;
      bits += 8;
    }
    bits -= 14;
    h[i] = static_cast<std::uint16_t>((held >> bits) & 0x3fff);
    good &= h[i] < q ? 1u : 0u;
  }
  return good != 0;
}

void pack_public(const std::uint16_t* h, std::uint8_t* out, int logn) {
  std::uint32_t held = 0;
  int bits = 0;
  for (int i = 0; i < 1 << logn; ++i) {
    held = (held << 14) | h[i];
    for (bits += 14; bits >= 8; bits -= 8) {
      *out++ = static_cast<std::uint8_t>(held >> (bits - 8));
    }
  }
}

ct::Mask unpack_signed(const std::uint8_t* in, int bits, std::int8_t* out, int logn) {
  const std::uint32_t sign = 1u << (bits - 1);
  ct::Mask good = ct::Mask::from_bit(1);
  std::uint32_t held = 0;
  int have = 0;
  for (int i = 0; i < 1 << logn; ++i) {
    while (have < bits) {
      held = (held << 8) | *in++;
      have += 8;
    }
    have -= bits;
    const std::uint32_t value = (held >> have) & (2 * sign - 1);
    good = good & ~ct::is_zero(value ^ sign);
    out[i] = static_cast<std::int8_t>((value ^ sign) - sign);
  }
  return good;
}

void pack_signed(const std::int8_t* in, int bits, std::uint8_t* out, int logn) {
  const std::uint32_t mask = (1u << bits) - 1;
  std::uint32_t held = 0;
  int have = 0;
  for (int i = 0; i < 1 << logn; ++i) {
    held = (held << bits) | (static_cast<std::uint32_t>(in[i]) & mask);
    for (have += bits; have >= 8; have -= 8) {
      *out++ = static_cast<std::uint8_t>(held >> (have - 8));
    }
  }
}

std::size_t compress(std::span<const std::int16_t> s2, MutBytes out) {
  std::uint64_t held = 0;
  unsigned bits = 0;
  std::size_t used = 0;
  for (const std::int16_t s : s2) {
    if (s < -2047 || s > 2047) {
      return 0;
    }
    const unsigned magnitude = static_cast<unsigned>(s < 0 ? -s : s);
    const unsigned zeros = magnitude >> 7;
    held = (held << 8) | (s < 0 ? 128u : 0u) | (magnitude & 127);
    held = (held << (zeros + 1)) | 1;
    for (bits += 9 + zeros; bits >= 8; bits -= 8) {
      if (used == out.size()) {
        return 0;
      }
      out[used++] = static_cast<std::uint8_t>(held >> (bits - 8));
    }
  }
  if (bits > 0) {
    if (used == out.size()) {
      return 0;
    }
    out[used++] = static_cast<std::uint8_t>(held << (8 - bits));
  }
  return used;
}

template <class P>
Result<Signature<P>> Signature<P>::parse(Bytes bytes) {
  if (bytes.size() <= Shape<P>::s2_at || bytes.size() > size_max) {
    return fail(Errc::malformed, "falcon: signature of a wrong length");
  }
  if (bytes[0] != Shape<P>::signature_header) {
    return fail(Errc::malformed, "falcon: not the header of this parameter set's signatures");
  }
  Signature signature;
  copy(MutBytes(signature.bytes_).first(bytes.size()), bytes);
  signature.size_ = bytes.size();
  return signature;
}

template <class P>
Result<PublicKey<P>> PublicKey<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "falcon: public key of a wrong length");
  }
  Values<std::uint16_t, Shape<P>::n> h;
  if (bytes[0] != Shape<P>::public_header || !unpack_public(bytes.data() + 1, h.v, P::logn)) {
    return fail(Errc::malformed, "falcon: public key with a wrong header or coefficient");
  }
  PublicKey key;
  copy(key.bytes_, bytes);
  return key;
}

template class Signature<Falcon512>;
template class Signature<Falcon1024>;
template Result<PublicKey<Falcon512>> PublicKey<Falcon512>::parse(Bytes);
template Result<PublicKey<Falcon1024>> PublicKey<Falcon1024>::parse(Bytes);

}  // namespace v100::falcon
