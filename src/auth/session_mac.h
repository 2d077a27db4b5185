// What a session's KMAC256 is taken over, and how token and frame carry it. Both sides use this.
//
// Token (64 bytes), base64 in "Authorization: V100-Session …", and at the front of a frame:
//   0 session id (16) | 16 sequence (8, big-endian) | 24 created (8, big-endian, seconds) | 32 MAC
// Frame: 'S' 01 | token (64) | text method | text target | text each of meaning_names | content,
// where text is its length in two bytes, big-endian, and its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/request.h"
#include "auth/session.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keccak/keccak.h"

namespace v100::auth {

inline constexpr std::size_t mac_bytes = 32;
inline constexpr std::size_t session_token_bytes = 64;
inline constexpr std::string_view session_scheme = "V100-Session ";
inline constexpr std::uint8_t frame_begin[2] = {'S', 1};

struct SessionToken {
  SessionId id{};
  std::uint64_t sequence = 0;
  std::int64_t created = 0;
  ByteArray<mac_bytes> mac{};
};
SessionToken unpack_token(FixedBytes<session_token_bytes> bytes) noexcept;
ByteArray<session_token_bytes> pack_token(const SessionToken& token) noexcept;

// The value of an Authorization field that starts with session_scheme.
Result<SessionToken> read_session_token(std::string_view authorization) noexcept;
std::string write_session_token(const SessionToken& token);

struct SessionFrame {
  SessionToken token;
  std::string_view method, target;
  std::string_view meaning[meanings];
  Bytes content;
};
Result<SessionFrame> read_session_frame(Bytes frame) noexcept;
Result<Buffer> write_session_frame(
    const SessionFrame& frame);  // too_large: a text over 65,535 bytes

// The claims; `token` without its MAC.
struct MacClaims {
  const SessionToken& token;
  std::string_view method, scheme, authority, target;
  std::string_view meaning[meanings];
  Bytes digest;  // SHA-256 of the content
};

using SessionKey = Secret<32, struct SessionKeyTag>;
// KMAC256(X-Wing secret, id || key id || exporter, 256, "v100 session key").
SessionKey derive_session_key(const xwing::SharedSecret& secret, const SessionId& id,
                              const KeyId& key, Bytes exporter) noexcept;
// KMAC256 with the key already absorbed: copied for each request.
keccak::Kmac256 start_session_mac(const SessionKey& key) noexcept;
ByteArray<mac_bytes> session_mac(const keccak::Kmac256& started, const MacClaims& claims) noexcept;

}  // namespace v100::auth
