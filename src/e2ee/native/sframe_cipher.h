// SFrame's AEADs on libcrypto: every suite of RFC 9605's registry. Native builds only; browsers use
// WebCrypto with the same header, labels and nonce (e2ee/sframe.h).
#pragma once

#include "e2ee/sframe.h"

namespace v100::e2ee {

// The key and salt that one KID's frames are sealed with. The caller never repeats a counter.
class FrameKey {
 public:
  // `base_key` of any length; suite 5 has 32 bytes.
  FrameKey(SframeSuite suite, Bytes base_key, Kid kid);

  // header || ciphertext || tag (RFC 9605 §4.4.3); the AAD is header || metadata.
  Buffer seal(Counter counter, Bytes metadata, Bytes text) const;
  // `frame` starts with its header, already parsed. unauthenticated; malformed: too short.
  Result<Buffer> open(const ParsedHeader& header, Bytes metadata, Bytes frame) const;

  // One AEAD step, for the vectors.
  Buffer seal_raw(FixedBytes<12> nonce, Bytes additional, Bytes text) const;
  Result<Buffer> open_raw(FixedBytes<12> nonce, Bytes additional, Bytes sealed) const;
  static FrameKey from_parts(SframeSuite suite, Bytes key, FixedBytes<12> salt);
  Bytes expose_key() const noexcept { return Bytes(key_.expose()).first(key_size_); }
  FixedBytes<12> expose_salt() const noexcept { return salt_.expose(); }

 private:
  FrameKey() = default;
  Buffer ctr_tag(FixedBytes<12> nonce, Bytes additional, Bytes ciphertext) const;
  void ctr_apply(FixedBytes<12> nonce, MutBytes text) const;

  SframeSuite suite_ = SframeSuite::aes_256_gcm_sha512_128;
  SframeSuiteInfo info_{};
  Kid kid_;
  std::size_t key_size_ = 0;
  Secret<96, struct FrameKeyTag> key_;  // encryption then authentication key
  Secret<12, struct FrameSaltTag> salt_;
};

}  // namespace v100::e2ee
