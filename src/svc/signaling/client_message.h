// What a client can say, parsed once at the border (docs/spec/signaling.md §2, §3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "e2ee/leaf.h"
#include "svc/sfu/api.h"

namespace v100::signaling {

struct HelloMessage {
  Buffer leaf;  // not looked into yet
  bool classical = false;
  Buffer knock;  // at most knock_bytes_max
};
struct OfferMessage {
  std::int64_t n = 0;
  std::string sdp;
  std::vector<sfu::SendLine> sends;
  std::vector<sfu::ReceiveLine> receives;
};
struct KeysMessage {
  struct Entry {
    e2ee::LeafId to;
    Buffer bytes;
  };
  std::vector<Entry> list;  // at most keys_max
};
struct DataMessage {
  Buffer bytes;
  std::optional<e2ee::LeafId> to;
};
struct StatementMessage {
  Buffer bytes;
};
struct ViewMessage {
  std::string mid;
  std::uint16_t height = 0;
};
struct UnmuteMessage {
  sfu::Track track{};
};
struct LeaveMessage {};
struct PingMessage {
  double at = 0;
};
using ClientMessage =
    std::variant<HelloMessage, OfferMessage, KeysMessage, DataMessage, StatementMessage,
                 ViewMessage, UnmuteMessage, LeaveMessage, PingMessage>;

inline constexpr std::size_t knock_bytes_max = 256;
inline constexpr std::size_t keys_max = 40;           // key messages a frame
inline constexpr std::size_t key_bytes_max = 8192;    // one is 4,650
inline constexpr std::size_t data_bytes_max = 17408;  // 16 KiB of text as an SFrame frame

// malformed, too_large; unsupported: a type we do not know.
Result<ClientMessage> parse_message(Bytes payload);

// The room in the query of the upgrade, `room=ROOM`: not_found, malformed.
Result<e2ee::RoomId> room_of_query(std::string_view query);

// The device key in a hello's leaf, before anything else of it is looked at. forbidden: no hello.
Result<e2ee::DeviceKey> key_of_hello(Bytes payload);

}  // namespace v100::signaling
