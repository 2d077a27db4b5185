// A request as the gateway's reader has it, borrowed: what a signature is checked against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "wire/http1.h"

namespace v100::auth {

// The connection a request came by.
struct Peer {
  ByteArray<16> ip{};  // as in base/address.h; failed verifications count against it
  // TLS exporter (RFC 9266 or label "EXPORTER-v100-session"), 32 bytes; empty without TLS.
  Bytes exporter = {};
};

// Zero copy: everything points into the reader's buffer and must stay where it is from
// Gate::submit() until that request's answer came out of Gate::flush().
struct RequestView {
  std::string_view method;     // as sent; HTTP/2: :method
  std::string_view scheme;     // "https" or "http", as the client addressed us
  std::string_view authority;  // Host or :authority, as sent; compared without case
  std::string_view target;     // origin form as sent: path, and '?' with the query if there is one
  std::span<const wire::HttpHeader> headers;  // in order; names in any case, values trimmed
  Bytes body;                                 // whole, chunk framing taken off

  std::string_view path() const noexcept;   // the target up to '?'; "/" for an empty one
  std::string_view query() const noexcept;  // from '?' on; "?" alone where there is none
  // The first field of that name (lower case), or an empty view.
  std::string_view header(std::string_view name) const noexcept;
};

// Headers that change what a request means. In every lane such a header counts only where the
// signature covers it; else it is as if it had not been sent. The gateway and the services read
// these three through Answer::meaning() and never from the request.
enum class Meaning : std::uint8_t { idempotency_key, tenant, method_override };
inline constexpr std::size_t meanings = 3;
inline constexpr std::string_view meaning_names[meanings] = {"idempotency-key", "x-tenant",
                                                             "x-http-method-override"};

}  // namespace v100::auth
