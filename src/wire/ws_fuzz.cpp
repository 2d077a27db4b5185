// Any byte stream, read whole and in pieces, gives the same messages and the same close code; what
// a reader takes, a writer can say again. With and without permessage-deflate.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "wire/ws.h"
#include "wire/ws_deflate.h"

namespace v100::wire {
namespace {

constexpr std::size_t message_bytes_max = 300;

std::string read(Bytes stream, std::size_t piece, WsReader::Role role, WsDeflate* deflate,
                 Buffer* again) {
  WsReader reader(role, message_bytes_max);
  if (deflate != nullptr) {
    reader.allow_deflate(*deflate);
  }
  std::string seen;
  for (;;) {
    const Result<bool> got = reader.next();
    if (!got) {
      return seen.append("refused ").append(std::to_string(reader.close_code()));
    }
    if (*got) {
      const WsMessage& message = reader.message();
      seen.append(std::to_string(static_cast<int>(message.kind))).append(":");
      seen.append(std::to_string(message.close_code)).append(as_text(message.payload)).append("\n");
      if (message.payload.size() > message_bytes_max) {
        std::abort();
      }
      if (again != nullptr && message.close_code == 0 && message.kind != WsKind::close) {
        append_ws_frame(*again, message.kind, message.payload);
      }
      continue;
    }
    if (stream.empty()) {
      return seen.append("\n");
    }
    const MutBytes room = reader.space();
    const std::size_t take = std::min({piece, stream.size(), room.size()});
    copy(room.first(take), stream.first(take));
    reader.filled(take);
    stream = stream.subspan(take);
  }
}

}  // namespace
}  // namespace v100::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using v100::wire::WsReader;
  if (size < 1) {
    return 0;
  }
  const Bytes stream(data + 1, size - 1);
  const auto role = (data[0] & 0x80) != 0 ? WsReader::Role::client : WsReader::Role::server;
  static wire::WsDeflate shared;
  wire::WsDeflate* const deflate = (data[0] & 0x40) != 0 ? &shared : nullptr;
  Buffer again;
  const std::string whole = wire::read(stream, stream.size(), role, deflate, &again);
  if (wire::read(stream, 1u + data[0] % 64u, role, deflate, nullptr) != whole ||
      !wire::read(again, again.size(), WsReader::Role::client, nullptr, nullptr).ends_with("\n")) {
    std::abort();
  }
  return 0;
}
