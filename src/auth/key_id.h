// Key ids as text, and of keys.
#pragma once

#include <string>
#include <string_view>

#include "auth/directory.h"
#include "base/result.h"

namespace v100::auth {

inline constexpr std::size_t key_id_chars = 43;
Result<KeyId> parse_key_id(std::string_view text) noexcept;  // malformed: not 43 of base64url
std::string to_text(const KeyId& id);
KeyId key_id_of(const keys::PublicKey& key);  // RFC 7638

// "ml-dsa-65", as RFC 9421 signatures name it; empty for algorithms that do not sign requests.
std::string_view signature_name(keys::Algorithm algorithm) noexcept;

}  // namespace v100::auth
