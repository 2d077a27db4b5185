// The labelled key derivation of HPKE, in two stages (HKDF, RFC 9180 §4) or in one (SHAKE,
// draft-ietf-hpke-hpke). Internal to hpke.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "crypto/aead/aead.h"
#include "crypto/hpke/hpke.h"

namespace v100::hpke {

// Parts as one buffer, wiped: they hold secrets.
SecretBytes join(std::initializer_list<Bytes> parts);
ByteArray<2> two_bytes(std::size_t value) noexcept;  // big-endian, value < 65536

// RFC 9180 §4 (LabeledExtract, LabeledExpand) for one suite_id.
class LabeledHkdf {
 public:
  LabeledHkdf(crypto::Digest digest, Bytes suite_id) : digest_(digest), suite_id_(suite_id) {}
  SecretBytes extract(Bytes salt, std::string_view label, Bytes ikm) const;
  SecretBytes expand(Bytes prk, std::string_view label, Bytes info, std::size_t size) const;

 private:
  crypto::Digest digest_;
  Bytes suite_id_;
};

// Derive of the one-stage KDFs and of the post-quantum KEMs: SHAKE(ikm || "HPKE-v1" || suite_id ||
// len(label) || label || size || context).
enum class Shake : bool { shake128, shake256 };
SecretBytes labeled_derive(Shake shake, Bytes suite_id, Bytes ikm, std::string_view label,
                           Bytes context, std::size_t size);

}  // namespace v100::hpke
