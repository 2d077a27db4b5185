// SRTP's key derivation (RFC 3711 §4.3), apart so that its published vectors can be run.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "crypto/aead/aead.h"

namespace v100::rtc {

// RFC 3711 §4.3.2; SRTCP's are three higher.
enum class SrtpLabel : std::uint8_t {
  rtp_encryption = 0,
  rtp_authentication = 1,
  rtp_salt = 2,
  rtcp_encryption = 3,
  rtcp_authentication = 4,
  rtcp_salt = 5,
};

// `prf` is keyed with the master key. `salt` is 14 bytes (a 12-byte salt padded right with zeros:
// RFC 7714 §11). `r` is packet index DIV key_derivation_rate, 48 bits; DTLS-SRTP has rate 0: r = 0.
void srtp_derive(MutBytes out, crypto::AesCtr& prf, FixedBytes<14> salt, SrtpLabel label,
                 std::uint64_t r) noexcept;

}  // namespace v100::rtc
