// SRTP and SRTCP (RFC 3711) with AES-GCM (RFC 7714) and AES-CM + HMAC-SHA1-80: key derivation,
// roll-over counting, replay windows, and encryption in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::rtc {

// RFC 5764 §4.1.2, RFC 7714 §14.2: the code points of use_srtp.
enum class SrtpProfile : std::uint16_t {
  aes128_cm_sha1_80 = 0x0001,
  aead_aes_128_gcm = 0x0007,
  aead_aes_256_gcm = 0x0008,
};

const char* name(SrtpProfile profile) noexcept;  // "AEAD_AES_128_GCM", ...

// Bytes that protection may add behind a packet, whatever the profile.
inline constexpr std::size_t srtp_rtp_overhead = 16;       // GCM tag
inline constexpr std::size_t srtp_rtcp_overhead = 16 + 4;  // tag, E bit and index

}  // namespace v100::rtc
