// SFrame's AEADs (RFC 9605 §4.4, §4.5) on libcrypto.
#include "e2ee/native/sframe_cipher.h"

#include "base/ct.h"
#include "crypto/aead/aead.h"

namespace v100::e2ee {

namespace {

crypto::Digest digest_of(const SframeSuiteInfo& info) noexcept {
  return info.hash_bytes == 64 ? crypto::Digest::sha512 : crypto::Digest::sha256;
}

crypto::AeadAlgorithm gcm_of(const SframeSuiteInfo& info) noexcept {
  return info.encryption_key_bytes == 32 ? crypto::AeadAlgorithm::aes_256_gcm
                                         : crypto::AeadAlgorithm::aes_128_gcm;
}

}  // namespace

// RFC 9605 §4.4.2: sframe_secret = HKDF-Extract("", base_key), then key and salt by label.
FrameKey::FrameKey(SframeSuite suite, Bytes base_key, Kid kid)
    : suite_(suite), info_(*suite_info(suite)), kid_(kid) {
  key_size_ = info_.encryption_key_bytes + info_.authentication_key_bytes;
  Secret<64, struct SframeSecretTag> secret;
  const MutBytes prk = MutBytes(secret.fill()).first(info_.hash_bytes);
  crypto::hkdf_extract(prk, digest_of(info_), {}, base_key);
  crypto::hkdf_expand(MutBytes(key_.fill()).first(key_size_), digest_of(info_), prk,
                      key_label(kid, suite));
  crypto::hkdf_expand(salt_.fill(), digest_of(info_), prk, salt_label(kid, suite));
}

FrameKey FrameKey::from_parts(SframeSuite suite, Bytes key, FixedBytes<12> salt) {
  FrameKey out;
  out.suite_ = suite;
  out.info_ = *suite_info(suite);
  out.key_size_ = key.size();
  CHECK(key.size() == out.info_.encryption_key_bytes + out.info_.authentication_key_bytes);
  copy(MutBytes(out.key_.fill()).first(key.size()), key);
  copy(out.salt_.fill(), salt);
  return out;
}

void FrameKey::ctr_apply(FixedBytes<12> nonce, MutBytes text) const {
  crypto::AesCtr cipher(expose_key().first(info_.encryption_key_bytes));
  ByteArray<16> counter{};
  copy(MutBytes(counter).first(12), nonce);
  cipher.apply(text, counter);
}

// RFC 9605 §4.5.1: HMAC over the three lengths, nonce, aad and ciphertext, cut to the tag's size.
Buffer FrameKey::ctr_tag(FixedBytes<12> nonce, Bytes additional, Bytes ciphertext) const {
  crypto::Hmac hmac(digest_of(info_), expose_key().subspan(info_.encryption_key_bytes));
  Buffer head(36);
  store_be(head.data(), static_cast<std::uint64_t>(additional.size()));
  store_be(head.data() + 8, static_cast<std::uint64_t>(ciphertext.size()));
  store_be(head.data() + 16, static_cast<std::uint64_t>(info_.tag_bytes));
  copy(MutBytes(head).subspan(24), nonce);
  append(head, additional);
  Buffer tag(info_.tag_bytes);
  hmac.compute(tag, head, ciphertext);
  return tag;
}

Buffer FrameKey::seal_raw(FixedBytes<12> nonce, Bytes additional, Bytes text) const {
  Buffer out = to_buffer(text);
  if (info_.authentication_key_bytes == 0) {
    crypto::Aead aead(gcm_of(info_), expose_key());
    ByteArray<16> tag;
    aead.seal(tag, out, nonce, additional);
    append(out, tag);
    return out;
  }
  ctr_apply(nonce, out);
  append(out, ctr_tag(nonce, additional, out));
  return out;
}

Result<Buffer> FrameKey::open_raw(FixedBytes<12> nonce, Bytes additional, Bytes sealed) const {
  if (sealed.size() < info_.tag_bytes) {
    return fail(Errc::malformed, "sframe: shorter than a tag");
  }
  const Bytes tag = sealed.last(info_.tag_bytes);
  Buffer out = to_buffer(sealed.first(sealed.size() - info_.tag_bytes));
  if (info_.authentication_key_bytes == 0) {
    crypto::Aead aead(gcm_of(info_), expose_key());
    TRY(aead.open(out, tag.first<16>(), nonce, additional));
    return out;
  }
  const Buffer expected = ctr_tag(nonce, additional, out);
  if (!ct::declassify(ct::equal(expected, tag), "whether a frame is genuine is acted on")) {
    return fail(Errc::unauthenticated, "sframe: wrong tag");
  }
  ctr_apply(nonce, out);
  return out;
}

Buffer FrameKey::seal(Counter counter, Bytes metadata, Bytes text) const {
  const HeaderBytes header = write_header({kid_, counter});
  Buffer additional = to_buffer(header.view());
  append(additional, metadata);
  Buffer frame = to_buffer(header.view());
  append(frame, seal_raw(frame_nonce(salt_.expose(), counter), additional, text));
  return frame;
}

Result<Buffer> FrameKey::open(const ParsedHeader& header, Bytes metadata, Bytes frame) const {
  if (frame.size() < header.size) {
    return fail(Errc::malformed, "sframe: cut");
  }
  Buffer additional = to_buffer(frame.first(header.size));
  append(additional, metadata);
  return open_raw(frame_nonce(salt_.expose(), header.header.counter), additional,
                  frame.subspan(header.size));
}

}  // namespace v100::e2ee
