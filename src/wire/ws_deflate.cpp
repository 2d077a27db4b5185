#include "wire/ws_deflate.h"

#include <algorithm>
#include <zlib.h>

#include "wire/http1.h"

namespace v100::wire {
namespace {

// Below it the frame's own bytes are most of what is sent.
constexpr std::size_t compress_bytes_min = 128;
// §7.2.1: the empty block that ends every message and is left away.
constexpr std::uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t from = text.find_first_not_of(" \t");
  return from == text.npos ? std::string_view()
                           : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// §7.1: a parameter that we can keep to. A server's window below 9 bits zlib cannot make.
bool acceptable(std::string_view parameter) noexcept {
  const std::size_t equals = parameter.find('=');
  const std::string_view name = trimmed(parameter.substr(0, equals));
  std::string_view value =
      equals == parameter.npos ? std::string_view() : trimmed(parameter.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
    return equals == parameter.npos;
  }
  const bool bits = value == "9" || (value.size() == 2 && value >= "10" && value <= "15");
  if (name == "client_max_window_bits") {
    return equals == parameter.npos || bits || value == "8";
  }
  return name == "server_max_window_bits" && value == "15";
}

}  // namespace

bool offers_ws_deflate(std::string_view extensions) noexcept {
  while (!extensions.empty()) {
    const std::size_t comma = std::min(extensions.find(','), extensions.size());
    std::string_view offer = extensions.substr(0, comma);
    extensions.remove_prefix(std::min(comma + 1, extensions.size()));
    std::size_t semicolon = std::min(offer.find(';'), offer.size());
    bool good = same_token(trimmed(offer.substr(0, semicolon)), "permessage-deflate");
    while (good && semicolon < offer.size()) {
      offer.remove_prefix(semicolon + 1);
      semicolon = std::min(offer.find(';'), offer.size());
      good = acceptable(trimmed(offer.substr(0, semicolon)));
    }
    if (good) {
      return true;
    }
  }
  return false;
}

struct WsDeflate::State {
  z_stream out{}, in{};
};

WsDeflate::WsDeflate() : state_(std::make_unique<State>()) {
  // Raw DEFLATE; level 1, as the rest costs more time than it saves bytes on short messages.
  CHECK(deflateInit2(&state_->out, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  CHECK(inflateInit2(&state_->in, -15) == Z_OK);
}

WsDeflate::~WsDeflate() {
  deflateEnd(&state_->out);
  inflateEnd(&state_->in);
}

bool WsDeflate::compress(Bytes message, Buffer& out) {
  if (message.size() < compress_bytes_min) {
    return false;
  }
  z_stream& z = state_->out;
  CHECK(deflateReset(&z) == Z_OK);
  Buffer packed(message.size() + sizeof tail);
  z.next_in = const_cast<Bytef*>(message.data());  // zlib only reads it
  z.avail_in = static_cast<uInt>(message.size());
  z.next_out = packed.data();
  z.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in > 0 || z.avail_out == 0) {
    return false;
  }
  packed.resize(packed.size() - z.avail_out - sizeof tail);
  if (packed.size() >= message.size()) {
    return false;
  }
  append(out, packed);
  return true;
}

Result<Buffer> WsDeflate::expand(Bytes payload, std::size_t bytes_max) {
  z_stream& z = state_->in;
  CHECK(inflateReset(&z) == Z_OK);
  Buffer out;
  std::size_t filled = 0;
  bool ended = false;
  for (const Bytes part : {payload, Bytes(tail)}) {
    z.next_in = const_cast<Bytef*>(part.data());
    z.avail_in = static_cast<uInt>(part.size());
    while (z.avail_in > 0 && !ended) {
      if (out.size() - filled < 1024) {
        // One byte of room above the limit, to see that it is passed.
        out.resize(std::min(bytes_max + 1, std::max<std::size_t>(4096, 2 * out.size())));
      }
      if (filled == out.size()) {
        return fail(Errc::too_large, "ws: message over the limit when expanded");
      }
      z.next_out = out.data() + filled;
      z.avail_out = static_cast<uInt>(out.size() - filled);
      const int result = inflate(&z, Z_SYNC_FLUSH);
      filled = out.size() - z.avail_out;
      ended = result == Z_STREAM_END;  // §7.2.3.4: a final block; nothing may follow but the tail
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return fail(Errc::malformed, "ws: not DEFLATE");
      }
      if (result == Z_BUF_ERROR && z.avail_out > 0) {
        break;
      }
    }
  }
  if (filled > bytes_max) {
    return fail(Errc::too_large, "ws: message over the limit when expanded");
  }
  out.resize(filled);
  return out;
}

}  // namespace v100::wire
