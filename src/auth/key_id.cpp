#include "auth/key_id.h"

#include "base/text.h"
#include "keys/codec.h"
#include "wire/base64.h"

namespace v100::auth {

Result<KeyId> parse_key_id(std::string_view text) noexcept {
  if (text.size() != key_id_chars) {
    return fail(Errc::malformed, "key id: not a SHA-256 thumbprint");
  }
  char padded[key_id_chars + 1];
  for (std::size_t i = 0; i < key_id_chars; ++i) {
    const char c = text[i];
    if (c == '+' || c == '/') {
      return fail(Errc::malformed, "key id: not base64url");
    }
    padded[i] = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  padded[key_id_chars] = '=';
  std::uint8_t room[wire::base64_room(key_id_chars + 1)];
  if (TRY(wire::decode_base64({padded, sizeof padded}, room)) != 32) {
    return fail(Errc::malformed, "key id: not a SHA-256 thumbprint");
  }
  KeyId id;
  copy(id, Bytes(room).first(32));
  return id;
}

std::string to_text(const KeyId& id) { return to_base64url(id); }

KeyId key_id_of(const keys::PublicKey& key) {
  const Result<KeyId> id = parse_key_id(keys::thumbprint(key));
  CHECK(id.has_value());
  return *id;
}

std::string_view signature_name(keys::Algorithm algorithm) noexcept {
  switch (algorithm) {
    case keys::Algorithm::mldsa44:
      return "ml-dsa-44";
    case keys::Algorithm::mldsa65:
      return "ml-dsa-65";
    case keys::Algorithm::mldsa87:
      return "ml-dsa-87";
    default:
      return {};
  }
}

}  // namespace v100::auth
