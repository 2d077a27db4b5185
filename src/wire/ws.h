// WebSocket frames (RFC 6455 §5) over one contiguous buffer: masking, fragments, control frames,
// UTF-8. Of extensions permessage-deflate (ws_deflate.h), where it was agreed on; any other
// reserved bit is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

namespace v100::wire {

class WsDeflate;

enum class WsKind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// RFC 6455 §7.4.1
namespace ws_close {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t no_status = 1005;  // never on the wire
inline constexpr std::uint16_t lost = 1006;       // never on the wire
inline constexpr std::uint16_t bad_text = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_large = 1009;
inline constexpr std::uint16_t internal = 1011;
inline constexpr std::uint16_t try_again = 1013;
}  // namespace ws_close

// A whole message or one control frame. `payload` is a view, valid until the reader's next call.
// For close, `close_code` is the peer's (no_status without one) and `payload` its reason.
struct WsMessage {
  WsKind kind = WsKind::text;
  std::uint16_t close_code = 0;
  Bytes payload;
};

// RFC 3629, byte by byte, across fragments.
class Utf8Check {
 public:
  bool add(Bytes bytes) noexcept;  // false: not UTF-8, and never will be
  bool complete() const noexcept { return left_ == 0; }

 private:
  std::uint8_t left_ = 0;                  // continuation bytes to come
  std::uint8_t low_ = 0x80, high_ = 0xbf;  // bounds of the next one
};

// One connection's incoming half. The owner alternates: next() until false, then bytes into
// space(). Holds at most one message and one read. After an error send close_code() and shut the
// connection.
class WsReader {
 public:
  enum class Role : unsigned char {
    server,
    client
  };  // whose reader: a server takes masked frames only
  explicit WsReader(Role role, std::size_t message_bytes_max = limits::ws_message_bytes);
  // Messages may come compressed from now on. Borrowed; shared by many readers of one thread.
  void allow_deflate(WsDeflate& deflate) noexcept { deflate_ = &deflate; }

  MutBytes space();
  void filled(std::size_t bytes);
  Result<bool> next();  // true: message() is there
  const WsMessage& message() const noexcept { return message_; }
  std::uint16_t close_code() const noexcept { return close_code_; }

 private:
  struct Frame {
    std::uint8_t opcode = 0;
    bool final = false, packed = false;
    std::size_t head_bytes = 0;
    std::size_t payload_bytes = 0;
    ByteArray<4> mask{};
  };

  Result<bool> read_head();
  Result<bool> finish_frame();
  Result<bool> finish_control(MutBytes payload);
  Result<bool> finish_data(MutBytes payload);
  Result<bool> expand(std::uint8_t kind, Bytes payload);
  std::unexpected<Error> refuse(std::uint16_t close_code, const char* what) noexcept;

  const Role role_;
  const std::size_t message_bytes_max_;
  Buffer buffer_;
  std::size_t at_ = 0, end_ = 0;
  bool in_frame_ = false, failed_ = false;
  Frame frame_;
  // The message whose fragments are being gathered; opcode 0 outside one.
  std::uint8_t fragments_of_ = 0;
  bool packed_ = false;  // the message came compressed
  WsDeflate* deflate_ = nullptr;
  bool fragments_taken_ = false;  // handed out: to be cleared by the next call
  Buffer fragments_;
  Utf8Check utf8_;
  WsMessage message_;
  std::uint16_t close_code_ = ws_close::protocol_error;
};

// Appends one unfragmented frame, as a server sends it.
void append_ws_frame(Buffer& out, WsKind kind, Bytes payload);
// The same, of a message that WsDeflate::compress() packed.
void append_ws_packed(Buffer& out, WsKind kind, Bytes packed);
// Its head alone, for a payload that is sent from elsewhere. At most 10 bytes.
void append_ws_head(Buffer& out, WsKind kind, std::size_t payload_bytes);
// As a client sends it.
void append_ws_masked(Buffer& out, WsKind kind, Bytes payload, ByteArray<4> mask);
// Code and reason (cut to fit 125 bytes, at a character's border).
void append_ws_close(Buffer& out, std::uint16_t code, std::string_view reason);

}  // namespace v100::wire
