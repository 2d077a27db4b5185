#include "rtc/srtp_crypt.h"

#include "base/check.h"
#include "base/ct.h"
#include "rtc/srtp_kdf.h"

namespace v100::rtc {
namespace {

constexpr std::size_t gcm_tag = crypto::aead_tag_bytes;  // RFC 7714 §14.2: always 16
constexpr std::size_t sha1_tag = 10;                     // RFC 3711 §5.2: 80 bits

std::uint32_t ssrc_of_rtp(Bytes packet) noexcept { return load_be<std::uint32_t>(&packet[8]); }
std::uint32_t ssrc_of_rtcp(Bytes packet) noexcept { return load_be<std::uint32_t>(&packet[4]); }

ByteArray<4> roc_bytes(std::uint64_t index) noexcept {
  ByteArray<4> out;
  store_be(out.data(), static_cast<std::uint32_t>(index >> 16));
  return out;
}

// RFC 7714 §9.2: the clear header and the ESRTCP word, which stands last in the packet.
ByteArray<12> srtcp_additional(Bytes packet, Bytes index_word) noexcept {
  ByteArray<12> out;
  copy(MutBytes(out).first(srtcp_clear_bytes), packet.first(srtcp_clear_bytes));
  copy(MutBytes(out).last(srtcp_index_bytes), index_word);
  return out;
}

}  // namespace

SrtpCrypt::SrtpCrypt(const SrtpMaster& master, Use use) {
  CHECK(master.key.size() == srtp_key_bytes(master.profile));
  CHECK(master.salt.size() == srtp_salt_bytes(master.profile));
  ByteArray<14> salt{};  // RFC 7714 §11: 12 bytes are padded on the right
  copy(MutBytes(salt).first(master.salt.size()), master.salt);
  crypto::AesCtr prf(master.key);
  const int shift = use == Use::rtcp ? 3 : 0;
  const auto derive = [&](MutBytes out, SrtpLabel label) {
    srtp_derive(out, prf, salt, static_cast<SrtpLabel>(static_cast<int>(label) + shift), 0);
  };
  Secret<32, struct SrtpKeyTag> encryption;
  Secret<20, struct SrtpAuthTag> authentication;
  const MutBytes encryption_key = MutBytes(encryption.fill()).first(master.key.size());
  derive(encryption_key, SrtpLabel::rtp_encryption);
  derive(authentication.fill(), SrtpLabel::rtp_authentication);
  derive(MutBytes(salt_.fill()).first(master.salt.size()), SrtpLabel::rtp_salt);
  key(master.profile, encryption_key, authentication.expose());
  wipe(salt);
}

SrtpCrypt::SrtpCrypt(SrtpProfile profile, Bytes encryption, Bytes salt, Bytes authentication) {
  CHECK(salt.size() == srtp_salt_bytes(profile));
  copy(MutBytes(salt_.fill()).first(salt.size()), salt);
  key(profile, encryption, authentication);
}

void SrtpCrypt::key(SrtpProfile profile, Bytes encryption, Bytes authentication) {
  switch (profile) {
    case SrtpProfile::aead_aes_128_gcm:
      aead_.emplace(crypto::AeadAlgorithm::aes_128_gcm, encryption);
      return;
    case SrtpProfile::aead_aes_256_gcm:
      aead_.emplace(crypto::AeadAlgorithm::aes_256_gcm, encryption);
      return;
    case SrtpProfile::aes128_cm_sha1_80:
      ctr_.emplace(encryption);
      hmac_.emplace(crypto::Digest::sha1, authentication);
      return;
  }
  CHECK(false);  // only the profiles above are ever negotiated
}

// RFC 7714 §8.1: 00 00 || SSRC || ROC || SEQ, XOR salt. §9.1: 00 00 || SSRC || 00 00 || index.
// A 48-bit packet index is ROC || SEQ and an SRTCP index has 31 bits, so one layout serves both.
ByteArray<12> SrtpCrypt::gcm_nonce(std::uint32_t ssrc, std::uint64_t index) const noexcept {
  ByteArray<12> nonce{};
  store_be(&nonce[2], ssrc);
  store_be(&nonce[6], static_cast<std::uint16_t>(index >> 32));
  store_be(&nonce[8], static_cast<std::uint32_t>(index));
  const Bytes salt = salt_.expose();
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = nonce[i] ^ salt[i];
  }
  return nonce;
}

// RFC 3711 §4.1.1: IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16
void SrtpCrypt::ctr_apply(MutBytes text, std::uint32_t ssrc, std::uint64_t index) noexcept {
  ByteArray<16> iv{};
  store_be(&iv[4], ssrc);
  store_be(&iv[8], static_cast<std::uint16_t>(index >> 32));
  store_be(&iv[10], static_cast<std::uint32_t>(index));
  const Bytes salt = salt_.expose();
  for (std::size_t i = 0; i < salt.size(); ++i) {
    iv[i] = iv[i] ^ salt[i];
  }
  ctr_->apply(text, iv);
}

bool SrtpCrypt::tag_is(Bytes tag, Bytes covered, Bytes more) noexcept {
  ByteArray<sha1_tag> right;
  hmac_->compute(right, covered, more);
  return ct::declassify(ct::equal(right, tag), "whether a packet is authentic is visible");
}

void SrtpCrypt::seal_rtp(MutBytes buffer, std::size_t bytes, std::size_t header,
                         std::uint64_t index) noexcept {
  const MutBytes payload = buffer.subspan(header, bytes - header);
  const std::uint32_t ssrc = ssrc_of_rtp(buffer);
  if (gcm()) {
    aead_->seal(buffer.subspan(bytes).first<gcm_tag>(), payload, gcm_nonce(ssrc, index),
                buffer.first(header));
  } else {
    ctr_apply(payload, ssrc, index);
    hmac_->compute(buffer.subspan(bytes, sha1_tag), buffer.first(bytes), roc_bytes(index));
  }
}

Result<void> SrtpCrypt::open_rtp(MutBytes packet, std::size_t header,
                                 std::uint64_t index) noexcept {
  const MutBytes text = packet.first(packet.size() - tag_bytes());
  const MutBytes payload = text.subspan(header);
  const std::uint32_t ssrc = ssrc_of_rtp(packet);
  if (gcm()) {
    return aead_->open(payload, packet.last<gcm_tag>(), gcm_nonce(ssrc, index),
                       packet.first(header));
  }
  if (!tag_is(packet.last(sha1_tag), text, roc_bytes(index))) {
    wipe(payload);
    return fail(Errc::unauthenticated, "srtp: wrong tag");
  }
  ctr_apply(payload, ssrc, index);
  return {};
}

void SrtpCrypt::seal_rtcp(MutBytes buffer, std::size_t bytes, std::uint32_t index) noexcept {
  const MutBytes payload = buffer.subspan(srtcp_clear_bytes, bytes - srtcp_clear_bytes);
  const std::uint32_t ssrc = ssrc_of_rtcp(buffer);
  ByteArray<srtcp_index_bytes> word;
  store_be(word.data(), index | srtcp_encrypted_bit);
  if (gcm()) {
    aead_->seal(buffer.subspan(bytes).first<gcm_tag>(), payload, gcm_nonce(ssrc, index),
                srtcp_additional(buffer, word));
    copy(buffer.subspan(bytes + gcm_tag, srtcp_index_bytes), word);
  } else {
    ctr_apply(payload, ssrc, index);
    copy(buffer.subspan(bytes, srtcp_index_bytes), word);
    hmac_->compute(buffer.subspan(bytes + srtcp_index_bytes, sha1_tag),
                   buffer.first(bytes + srtcp_index_bytes), {});
  }
}

// RFC 7714 §9: the word is last. RFC 3711 §3.4: the word is before the tag.
std::uint32_t SrtpCrypt::rtcp_index_word(Bytes packet) const noexcept {
  const std::size_t behind = srtcp_index_bytes + (gcm() ? 0 : sha1_tag);
  return load_be<std::uint32_t>(&packet[packet.size() - behind]);
}

Result<void> SrtpCrypt::open_rtcp(MutBytes packet) noexcept {
  const std::uint32_t index = rtcp_index_word(packet) & ~srtcp_encrypted_bit;
  const std::uint32_t ssrc = ssrc_of_rtcp(packet);
  const std::size_t text = packet.size() - tag_bytes() - srtcp_index_bytes;
  const MutBytes payload = packet.subspan(srtcp_clear_bytes, text - srtcp_clear_bytes);
  if (gcm()) {
    return aead_->open(payload, packet.subspan(text).first<gcm_tag>(), gcm_nonce(ssrc, index),
                       srtcp_additional(packet, packet.last(srtcp_index_bytes)));
  }
  if (!tag_is(packet.last(sha1_tag), packet.first(text + srtcp_index_bytes), {})) {
    wipe(payload);
    return fail(Errc::unauthenticated, "srtcp: wrong tag");
  }
  ctr_apply(payload, ssrc, index);
  return {};
}

}  // namespace v100::rtc
