// permessage-deflate (RFC 7692): what a server agrees to, and a message's way through zlib. Neither
// side keeps a context from one message to the next, so that a connection costs no memory while it
// is silent: one pair of these serves all connections of a thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

// What is answered where the client offers it in a form that we can keep to.
inline constexpr std::string_view ws_deflate_answer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
// The value of Sec-WebSocket-Extensions: whether one of its offers is taken.
bool offers_ws_deflate(std::string_view extensions) noexcept;

class WsDeflate {
 public:
  WsDeflate();
  ~WsDeflate();
  WsDeflate(const WsDeflate&) = delete;
  WsDeflate& operator=(const WsDeflate&) = delete;

  // §7.2.1. False: it would not be smaller; `out` is untouched then. Else it holds the payload of a
  // frame with RSV1.
  bool compress(Bytes message, Buffer& out);
  // §7.2.2. too_large: over `bytes_max`, however small it came; malformed: not DEFLATE.
  Result<Buffer> expand(Bytes payload, std::size_t bytes_max);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::wire
