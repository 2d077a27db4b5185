// SrtpCrypt: the session keys of one direction for RTP or for RTCP, and how they are applied to one
// packet whose index is known. No replay state here; srtp.h keeps that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead/aead.h"
#include "rtc/srtp.h"

namespace v100::rtc {

inline constexpr std::size_t srtcp_clear_bytes = 8;  // header and SSRC (RFC 3711 §3.4)
inline constexpr std::size_t srtcp_index_bytes = 4;  // E bit and 31-bit index
inline constexpr std::uint32_t srtcp_encrypted_bit = 0x80000000;

class SrtpCrypt {
 public:
  enum class Use : std::uint8_t { rtp, rtcp };

  // Derives the session keys from a master key (rate 0, so once).
  SrtpCrypt(const SrtpMaster& master, Use use);
  // From session keys: encryption key, salt (12 or 14 bytes), and for AES-CM 20 bytes for
  // HMAC-SHA1.
  SrtpCrypt(SrtpProfile profile, Bytes key, Bytes salt, Bytes authentication);

  std::size_t tag_bytes() const noexcept { return gcm() ? 16 : 10; }

  // `buffer` = packet of `bytes`, then room for the tag; payload begins at `header`.
  void seal_rtp(MutBytes buffer, std::size_t bytes, std::size_t header,
                std::uint64_t index) noexcept;
  // `packet` = header, encrypted payload, tag. Error: unauthenticated, payload zeroed.
  Result<void> open_rtp(MutBytes packet, std::size_t header, std::uint64_t index) noexcept;

  // The same for RTCP: room for tag_bytes() + srtcp_index_bytes; index in 1..2^31-1.
  void seal_rtcp(MutBytes buffer, std::size_t bytes, std::uint32_t index) noexcept;
  Result<void> open_rtcp(MutBytes packet) noexcept;
  // The index word of a packet at least clear + tag + index bytes long, E bit included.
  std::uint32_t rtcp_index_word(Bytes packet) const noexcept;

 private:
  bool gcm() const noexcept { return aead_.has_value(); }
  void key(SrtpProfile profile, Bytes encryption, Bytes authentication);
  ByteArray<12> gcm_nonce(std::uint32_t ssrc, std::uint64_t index) const noexcept;
  void ctr_apply(MutBytes text, std::uint32_t ssrc, std::uint64_t index) noexcept;
  bool tag_is(Bytes tag, Bytes covered, Bytes more) noexcept;

  std::optional<crypto::Aead> aead_;   // AES-GCM
  std::optional<crypto::AesCtr> ctr_;  // AES-CM
  std::optional<crypto::Hmac> hmac_;
  Secret<14, struct SrtpSaltTag> salt_;
};

}  // namespace v100::rtc
