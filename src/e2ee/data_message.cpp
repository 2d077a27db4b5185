// State and chat messages (docs/spec/e2ee.md §7).
#include "e2ee/data_message.h"

#include "base/limits.h"
#include "base/text.h"
#include "e2ee/json.h"

namespace v100::e2ee {

namespace {

void append_number(std::string& out, std::uint32_t value) {
  char digits[10];
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) {
    out += digits[--count];
  }
}

Result<SenderId> sender_from_hex(std::string_view text) {
  const Buffer bytes = TRY(from_hex(text));
  if (bytes.size() != 3) {
    return fail(Errc::malformed, "state: sender id is not three bytes");
  }
  return SenderId(static_cast<std::uint32_t>((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]));
}

Result<void> take_epoch(StateMessage& state, std::string_view key, JsonCursor& json) {
  const SenderId sender = TRY(sender_from_hex(key));
  if (state.epochs.size() == limits::room_members) {
    return fail(Errc::too_large, "state: more epochs than members");
  }
  state.epochs.push_back({sender, Epoch(TRY(json.number()))});
  return {};
}

Result<void> take_muted(StateMessage& state, JsonCursor& json) {
  const std::uint32_t track = TRY(json.number());
  if (track < 1 || track >= tracks) {
    return fail(Errc::malformed, "state: no such track");
  }
  state.muted = static_cast<std::uint8_t>(state.muted | (1u << track));
  return {};
}

Result<DataMessage> parse_state(Bytes bytes) {
  StateMessage state;
  bool has_roster = false;
  JsonCursor json(bytes);
  TRY(json.object([&](std::string_view key) -> Result<void> {
    if (key == "roster") {
      const std::string hex = TRY(json.string(64));
      state.roster = RosterHash(TRY(hash_from_hex(hex)));
      has_roster = true;
    } else if (key == "epochs") {
      TRY(json.object([&](std::string_view sender) { return take_epoch(state, sender, json); }));
    } else if (key == "name") {
      state.name = TRY(json.string(name_bytes_max));
    } else if (key == "hand") {
      state.hand = TRY(json.boolean());
    } else if (key == "muted") {
      TRY(json.array([&] { return take_muted(state, json); }));
    } else {
      TRY(json.skip());
    }
    return {};
  }));
  TRY(json.end());
  if (!has_roster) {
    return fail(Errc::malformed, "state: no roster");
  }
  return state;
}

Result<DataMessage> parse_chat(Bytes bytes) {
  ChatText chat;
  bool has_id = false;
  bool has_text = false;
  JsonCursor json(bytes);
  TRY(json.object([&](std::string_view key) -> Result<void> {
    if (key == "id") {
      const std::string hex = TRY(json.string(2 * chat_id_bytes));
      const Buffer id = TRY(from_hex(hex));
      if (id.size() != chat_id_bytes) {
        return fail(Errc::malformed, "chat: id is not 16 bytes");
      }
      copy(chat.id, id);
      has_id = true;
    } else if (key == "text") {
      chat.text = TRY(json.string(chat_bytes_max));
      has_text = true;
    } else {
      TRY(json.skip());
    }
    return {};
  }));
  TRY(json.end());
  if (!has_id || !has_text) {
    return fail(Errc::malformed, "chat: no id or text");
  }
  return chat;
}

}  // namespace

Result<DataMessage> parse_data(Bytes bytes) {
  if (bytes.size() > data_bytes_max) {
    return fail(Errc::too_large, "data message over 16 KiB");
  }
  std::string type;
  JsonCursor json(bytes);
  TRY(json.object([&](std::string_view key) -> Result<void> {
    if (key == "t") {
      type = TRY(json.string(32));
      return {};
    }
    return json.skip();
  }));
  TRY(json.end());
  if (type == "state") {
    return parse_state(bytes);
  }
  if (type == "chat") {
    return parse_chat(bytes);
  }
  return UnknownData{};
}

Buffer write_data(const StateMessage& state) {
  std::string out =
      "{\"t\":\"state\",\"roster\":\"" + to_hex(state.roster.value()) + "\",\"epochs\":{";
  bool first = true;
  for (const StateMessage::Held& held : state.epochs) {
    const std::uint32_t id = held.sender.value();
    const ByteArray<3> bytes{static_cast<std::uint8_t>(id >> 16),
                             static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    out += first ? "\"" : ",\"";
    out += to_hex(bytes) + "\":";
    append_number(out, held.epoch.value());
    first = false;
  }
  out += "},\"name\":";
  append_json_string(out, state.name);
  out += state.hand ? ",\"hand\":true,\"muted\":[" : ",\"hand\":false,\"muted\":[";
  first = true;
  for (std::uint32_t track = 1; track < tracks; ++track) {
    if ((state.muted >> track) & 1) {
      out += first ? "" : ",";
      append_number(out, track);
      first = false;
    }
  }
  out += "]}";
  return to_buffer(as_bytes(out));
}

Buffer write_data(const ChatText& chat) {
  std::string out = "{\"t\":\"chat\",\"id\":\"" + to_hex(chat.id) + "\",\"text\":";
  append_json_string(out, chat.text);
  out += '}';
  return to_buffer(as_bytes(out));
}

}  // namespace v100::e2ee
