// How accounts lie in the store: a table each, keys of it in order. Records carry a version byte.
#pragma once

#include <string>
#include <string_view>

#include "svc/identity/accounts.h"

namespace v100::identity::records {

inline constexpr std::string_view tenants = "tenants";
inline constexpr std::string_view principals = "principals";
inline constexpr std::string_view keys = "account_keys";
inline constexpr std::string_view tokens = "enrol_tokens";
inline constexpr std::string_view key_log = "key_log";  // flag: in the attestation log; the line
inline constexpr std::size_t key_log_line_max = 1024;

std::string number_key(std::uint64_t id);  // 16 hex digits: order of text is order of numbers

Buffer encode(const Tenant& m);
Buffer encode(const Principal& m);
Buffer encode(const auth::KeyRecord& m);  // all but its scopes, which follow from its owner
Buffer encode(const Token& m);
Result<Tenant> decode_tenant(Bytes bytes);
Result<Principal> decode_principal(Bytes bytes);
Result<auth::KeyRecord> decode_key(Bytes bytes);
Result<Token> decode_token(Bytes bytes);

}  // namespace v100::identity::records
