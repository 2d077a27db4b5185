#include "wire/ws.h"

#include <algorithm>
#include <cstring>

#include "wire/ws_deflate.h"

namespace v100::wire {
namespace {

constexpr std::size_t read_bytes_min = 2048;
constexpr std::size_t kept_bytes_max = 16 * 1024;
constexpr std::size_t control_bytes_max = 125;  // RFC 6455 §5.5

// RFC 6455 §5.3. The same operation masks and unmasks. The payload starts at mask byte 0.
void mask_bytes(MutBytes bytes, ByteArray<4> mask) noexcept {
  std::uint64_t wide;
  std::uint8_t eight[8];
  for (std::size_t i = 0; i < 8; ++i) {
    eight[i] = mask[i % 4];
  }
  std::memcpy(&wide, eight, 8);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, 8);
  }
  for (; i < bytes.size(); ++i) {
    bytes[i] ^= mask[i % 4];
  }
}

// RFC 6455 §7.4: what a peer may send. 1004-1006 and 1015 are reserved, below 1000 unused.
bool valid_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

bool Utf8Check::add(Bytes bytes) noexcept {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (left_ == 0) {
      std::uint64_t word;
      while (i + 8 <= bytes.size()) {
        std::memcpy(&word, bytes.data() + i, 8);
        if ((word & 0x8080808080808080u) != 0) {
          break;
        }
        i += 8;
      }
      if (i == bytes.size()) {
        break;
      }
    }
    const std::uint8_t c = bytes[i++];
    if (left_ > 0) {
      if (c < low_ || c > high_) {
        return false;
      }
      --left_;
      low_ = 0x80;
      high_ = 0xbf;
    } else if (c >= 0x80) {
      if (c < 0xc2 || c > 0xf4) {
        return false;
      }
      left_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
      // No overlong forms, no surrogates, nothing above U+10FFFF.
      low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
      high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    }
  }
  return true;
}

WsReader::WsReader(Role role, std::size_t message_bytes_max)
    : role_(role), message_bytes_max_(message_bytes_max) {}

std::unexpected<Error> WsReader::refuse(std::uint16_t close_code, const char* what) noexcept {
  failed_ = true;
  close_code_ = close_code;
  return fail(close_code == ws_close::too_large ? Errc::too_large : Errc::malformed, what);
}

MutBytes WsReader::space() {
  if (at_ == end_) {
    at_ = end_ = 0;
    if (buffer_.size() > kept_bytes_max) {
      buffer_ = Buffer();
    }
  }
  if (at_ > 0 && buffer_.size() - end_ < read_bytes_min) {
    std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
    end_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - end_ < read_bytes_min) {
    buffer_.resize(std::max(buffer_.size() * 2, end_ + read_bytes_min));
  }
  return MutBytes(buffer_).subspan(end_);
}

void WsReader::filled(std::size_t bytes) {
  CHECK(bytes <= buffer_.size() - end_);
  end_ += bytes;
}

Result<bool> WsReader::next() {
  if (failed_) {
    return fail(Errc::malformed, "ws: the connection already failed");
  }
  if (fragments_taken_) {
    fragments_taken_ = false;
    fragments_ = Buffer();
  }
  for (;;) {
    if (!in_frame_ && !TRY(read_head())) {
      return false;
    }
    if (end_ - at_ < frame_.payload_bytes) {
      return false;
    }
    in_frame_ = false;
    if (TRY(finish_frame())) {
      return true;
    }
  }
}

//   0                   1                   2                   3
//   F R R R  opcode   M   length (7)   extended length (0, 16, 64)   mask (0, 32)
Result<bool> WsReader::read_head() {
  const std::uint8_t* p = buffer_.data() + at_;
  const std::size_t here = end_ - at_;
  if (here < 2) {
    return false;
  }
  const std::uint8_t opcode = p[0] & 15;
  const bool control = opcode >= 8;
  const bool masked = (p[1] & 0x80) != 0;
  const std::uint8_t short_size = p[1] & 0x7f;
  // RFC 7692 §6: RSV1 stands on a message's first frame.
  const bool packed = (p[0] & 0x40) != 0;
  if ((p[0] & 0x30) != 0 || (packed && (deflate_ == nullptr || control || opcode == 0))) {
    return refuse(ws_close::protocol_error, "ws: reserved bit without an extension");
  }
  if (opcode > 10 || (opcode > 2 && opcode < 8)) {
    return refuse(ws_close::protocol_error, "ws: unknown opcode");
  }
  if (masked != (role_ == Role::server)) {
    return refuse(ws_close::protocol_error, "ws: client frames are masked, server frames are not");
  }
  frame_.final = (p[0] & 0x80) != 0;
  frame_.opcode = opcode;
  frame_.packed = packed;
  if (control && (!frame_.final || short_size > control_bytes_max)) {
    return refuse(ws_close::protocol_error, "ws: control frame in fragments or over 125 bytes");
  }
  if (!control && (opcode == 0) != (fragments_of_ != 0)) {
    return refuse(ws_close::protocol_error, "ws: fragment out of order");
  }
  const std::size_t extended = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
  frame_.head_bytes = 2 + extended + (masked ? 4 : 0);
  if (here < frame_.head_bytes) {
    return false;
  }
  std::uint64_t size = short_size;
  if (extended > 0) {
    size = extended == 2 ? load_be<std::uint16_t>(p + 2) : load_be<std::uint64_t>(p + 2);
    if (size < (extended == 2 ? 126u : 65536u) || (size >> 63) != 0) {
      return refuse(ws_close::protocol_error, "ws: length not in its shortest form");
    }
  }
  if (!control && size > message_bytes_max_ - fragments_.size()) {
    return refuse(ws_close::too_large, "ws: message over the limit");
  }
  frame_.payload_bytes = static_cast<std::size_t>(size);
  if (masked) {
    std::copy_n(p + 2 + extended, 4, frame_.mask.begin());
  }
  at_ += frame_.head_bytes;
  in_frame_ = true;
  return true;
}

// The payload is here. True: a message or control frame is complete.
Result<bool> WsReader::finish_frame() {
  const MutBytes payload = MutBytes(buffer_).subspan(at_, frame_.payload_bytes);
  at_ += frame_.payload_bytes;
  if (role_ == Role::server) {
    mask_bytes(payload, frame_.mask);
  }
  return frame_.opcode >= 8 ? finish_control(payload) : finish_data(payload);
}

Result<bool> WsReader::finish_control(MutBytes payload) {
  message_ = {static_cast<WsKind>(frame_.opcode), 0, payload};
  if (message_.kind != WsKind::close) {
    return true;
  }
  message_.close_code = ws_close::no_status;
  if (payload.empty()) {
    return true;
  }
  if (payload.size() == 1 || !valid_close_code(load_be<std::uint16_t>(payload.data()))) {
    return refuse(ws_close::protocol_error, "ws: close code that may not be sent");
  }
  message_.close_code = load_be<std::uint16_t>(payload.data());
  message_.payload = payload.subspan(2);
  Utf8Check reason;
  if (!reason.add(message_.payload) || !reason.complete()) {
    return refuse(ws_close::bad_text, "ws: close reason is not UTF-8");
  }
  return true;
}

Result<bool> WsReader::finish_data(MutBytes payload) {
  const std::uint8_t kind = frame_.opcode == 0 ? fragments_of_ : frame_.opcode;
  if (frame_.opcode != 0) {
    utf8_ = Utf8Check();
    packed_ = frame_.packed;
  }
  if (packed_ && frame_.opcode != 0 && frame_.final) {
    return expand(kind, payload);
  }
  if (kind == 1 && !packed_ && (!utf8_.add(payload) || (frame_.final && !utf8_.complete()))) {
    return refuse(ws_close::bad_text, "ws: text is not UTF-8");
  }
  if (frame_.opcode != 0 && frame_.final) {
    message_ = {static_cast<WsKind>(kind), 0, payload};
    return true;
  }
  append(fragments_, payload);
  fragments_of_ = kind;
  if (!frame_.final) {
    return false;
  }
  fragments_of_ = 0;
  fragments_taken_ = true;
  if (packed_) {
    return expand(kind, fragments_);
  }
  message_ = {static_cast<WsKind>(kind), 0, fragments_};
  return true;
}

// A whole message that came compressed.
Result<bool> WsReader::expand(std::uint8_t kind, Bytes payload) {
  Result<Buffer> whole = deflate_->expand(payload, message_bytes_max_);
  if (!whole) {
    return refuse(
        whole.error().code == Errc::too_large ? ws_close::too_large : ws_close::protocol_error,
        whole.error().what);
  }
  fragments_ = std::move(*whole);
  fragments_taken_ = true;
  if (kind == 1 && (!utf8_.add(fragments_) || !utf8_.complete())) {
    return refuse(ws_close::bad_text, "ws: text is not UTF-8");
  }
  message_ = {static_cast<WsKind>(kind), 0, fragments_};
  return true;
}

namespace {

void append_head(Buffer& out, WsKind kind, std::size_t payload_bytes, std::uint8_t mask_bit) {
  out.push_back(static_cast<std::uint8_t>(0x80 | static_cast<std::uint8_t>(kind)));
  if (payload_bytes < 126) {
    out.push_back(static_cast<std::uint8_t>(mask_bit | payload_bytes));
    return;
  }
  const bool wide = payload_bytes > 0xffff;
  out.push_back(static_cast<std::uint8_t>(mask_bit | (wide ? 127 : 126)));
  ByteArray<8> size;
  store_be(size.data(), static_cast<std::uint64_t>(payload_bytes));
  append(out, Bytes(size).subspan(wide ? 0 : 6));
}

}  // namespace

void append_ws_head(Buffer& out, WsKind kind, std::size_t payload_bytes) {
  append_head(out, kind, payload_bytes, 0);
}

void append_ws_frame(Buffer& out, WsKind kind, Bytes payload) {
  append_head(out, kind, payload.size(), 0);
  append(out, payload);
}

void append_ws_packed(Buffer& out, WsKind kind, Bytes packed) {
  const std::size_t at = out.size();
  append_ws_frame(out, kind, packed);
  out[at] |= 0x40;
}

void append_ws_masked(Buffer& out, WsKind kind, Bytes payload, ByteArray<4> mask) {
  append_head(out, kind, payload.size(), 0x80);
  append(out, mask);
  append(out, payload);
  mask_bytes(MutBytes(out).last(payload.size()), mask);
}

void append_ws_close(Buffer& out, std::uint16_t code, std::string_view reason) {
  std::size_t size = std::min(reason.size(), control_bytes_max - 2);
  while (size < reason.size() && size > 0 &&
         (static_cast<std::uint8_t>(reason[size]) & 0xc0) == 0x80) {
    --size;
  }
  append_head(out, WsKind::close, size + 2, 0);
  out.push_back(static_cast<std::uint8_t>(code >> 8));
  out.push_back(static_cast<std::uint8_t>(code));
  append(out, as_bytes(reason.substr(0, size)));
}

}  // namespace v100::wire
