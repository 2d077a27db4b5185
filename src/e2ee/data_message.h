// What members tell each other under encryption: each one's view of the group, and chat, as small
// JSON objects (docs/spec/e2ee.md §7). The reader is bounded and takes any well-formed JSON.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "e2ee/sframe.h"

namespace v100::e2ee {

inline constexpr std::size_t data_bytes_max = 16 * 1024;
inline constexpr std::size_t name_bytes_max = 128;
inline constexpr std::size_t chat_bytes_max = 8000;
inline constexpr std::size_t chat_id_bytes = 16;

struct StateMessage {
  RosterHash roster;
  struct Held {
    SenderId sender;
    Epoch epoch;
    friend bool operator==(const Held&, const Held&) = default;
  };
  std::vector<Held> epochs;  // the newest I hold of each member, and my own
  std::string name;
  bool hand = false;
  std::uint8_t muted = 0;  // bit t: track t is muted
  friend bool operator==(const StateMessage&, const StateMessage&) = default;
};

struct ChatText {
  ByteArray<chat_id_bytes> id{};
  std::string text;
  friend bool operator==(const ChatText&, const ChatText&) = default;
};

struct UnknownData {};  // of a later version: ignored
using DataMessage = std::variant<StateMessage, ChatText, UnknownData>;

// malformed: not JSON, a field missing, of a wrong type or out of its bounds. too_large.
Result<DataMessage> parse_data(Bytes bytes);
Buffer write_data(const StateMessage& state);
Buffer write_data(const ChatText& chat);

}  // namespace v100::e2ee
