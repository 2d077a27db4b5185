// SRTP and SRTCP (RFC 3711) with AES-GCM (RFC 7714) and AES-CM + HMAC-SHA1-80: key derivation,
// roll-over counting, replay windows, and encryption in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

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

constexpr std::size_t srtp_key_bytes(SrtpProfile profile) noexcept {
  return profile == SrtpProfile::aead_aes_256_gcm ? 32 : 16;
}
constexpr std::size_t srtp_salt_bytes(SrtpProfile profile) noexcept {
  return profile == SrtpProfile::aes128_cm_sha1_80 ? 14 : 12;
}

// Bytes that protection may add behind a packet, whatever the profile.
inline constexpr std::size_t srtp_rtp_overhead = 16;       // GCM tag
inline constexpr std::size_t srtp_rtcp_overhead = 16 + 4;  // tag, E bit and index

// One direction's master key and salt, as DTLS exports them; sizes as above (CHECK).
struct SrtpMaster {
  SrtpProfile profile;
  Bytes key;
  Bytes salt;
};

// What we send under one master key. Session keys are derived once and wiped at the end.
// One thread at a time. At most limits::srtp_ssrcs_out SSRCs.
class SrtpSender {
 public:
  explicit SrtpSender(const SrtpMaster& master);
  ~SrtpSender();
  SrtpSender(SrtpSender&&) noexcept;
  SrtpSender& operator=(SrtpSender&&) noexcept;

  // Encrypts the packet in the first `bytes` of `buffer` in place and appends the tag; returns the
  // size on the wire. Packets of one SSRC may come up to 127 out of order, never twice.
  // Errors: malformed (no RTP/RTCP header), too_large (buffer or number of SSRCs), conflict (this
  // SSRC and sequence number were sent before, or lie behind the window or the key's 2^48 packets),
  // unavailable (the key's 2^31 RTCP packets are used up).
  Result<std::size_t> protect_rtp(MutBytes buffer, std::size_t bytes) noexcept;
  Result<std::size_t> protect_rtcp(MutBytes buffer, std::size_t bytes) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What we receive under one master key. At most limits::srtp_ssrcs_in SSRCs; state for one is made
// only after its first packet proved authentic.
class SrtpReceiver {
 public:
  explicit SrtpReceiver(const SrtpMaster& master);
  ~SrtpReceiver();
  SrtpReceiver(SrtpReceiver&&) noexcept;
  SrtpReceiver& operator=(SrtpReceiver&&) noexcept;

  // Decrypts in place; the result is the plaintext packet at the start of `packet`.
  // Errors: malformed (cut off, or SRTCP without encryption), conflict (replayed or behind the
  // window of 128), unauthenticated (wrong tag; the payload is zeroed), too_large (SSRCs).
  Result<MutBytes> unprotect_rtp(MutBytes packet) noexcept;
  Result<MutBytes> unprotect_rtcp(MutBytes packet) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::rtc
