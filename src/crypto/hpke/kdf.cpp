#include "crypto/hpke/kdf.h"

#include "crypto/keccak/keccak.h"

namespace v100::hpke {
namespace {

const Bytes version = as_bytes("HPKE-v1");

}  // namespace

SecretBytes join(std::initializer_list<Bytes> parts) {
  std::size_t size = 0;
  for (const Bytes part : parts) {
    size += part.size();
  }
  SecretBytes out(size);
  MutBytes rest = out.fill();
  for (const Bytes part : parts) {
    copy(rest.first(part.size()), part);
    rest = rest.subspan(part.size());
  }
  return out;
}

ByteArray<2> two_bytes(std::size_t value) noexcept {
  CHECK(value < 65536);
  ByteArray<2> out;
  store_be(out.data(), static_cast<std::uint16_t>(value));
  return out;
}

SecretBytes LabeledHkdf::extract(Bytes salt, std::string_view label, Bytes ikm) const {
  const SecretBytes labeled = join({version, suite_id_, as_bytes(label), ikm});
  SecretBytes prk(crypto::digest_bytes(digest_));
  crypto::hkdf_extract(prk.fill(), digest_, salt, labeled.expose());
  return prk;
}

SecretBytes LabeledHkdf::expand(Bytes prk, std::string_view label, Bytes info,
                                std::size_t size) const {
  const SecretBytes labeled = join({two_bytes(size), version, suite_id_, as_bytes(label), info});
  SecretBytes out(size);
  crypto::hkdf_expand(out.fill(), digest_, prk, labeled.expose());
  return out;
}

SecretBytes labeled_derive(Shake shake, Bytes suite_id, Bytes ikm, std::string_view label,
                           Bytes context, std::size_t size) {
  SecretBytes out(size);
  (shake == Shake::shake128 ? keccak::shake128 : keccak::shake256)(
      out.fill(),
      {ikm, version, suite_id, two_bytes(label.size()), as_bytes(label), two_bytes(size), context});
  return out;
}

}  // namespace v100::hpke
