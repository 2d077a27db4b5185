// Client messages from JSON: every field checked, every list bounded.
#include "svc/signaling/client_message.h"

#include <algorithm>

#include "base/limits.h"
#include "wire/json.h"

namespace v100::signaling {

namespace {

using wire::JsonKind;
using wire::JsonValue;

constexpr std::size_t mid_bytes_max = 64;

Result<Buffer> bytes_of(JsonValue value, std::size_t most) {
  // Four characters carry three bytes: too long ones are not even decoded.
  if (TRY(value.text()).size() / 4 * 3 > most) {
    return fail(Errc::too_large, "signal: a field is too long");
  }
  return value.base64url();
}

Result<e2ee::LeafId> leaf_id_of(JsonValue value) {
  return e2ee::LeafId(TRY(e2ee::hash_from_hex(TRY(value.text()))));
}

Result<std::string> mid_of(JsonValue value) {
  const std::string_view text = TRY(value.text());
  if (text.empty() || text.size() > mid_bytes_max) {
    return fail(Errc::malformed, "signal: mid is empty or too long");
  }
  return std::string(text);
}

Result<sfu::Track> track_of(JsonValue value) {
  const std::int64_t number = TRY(value.integer());
  if (number < 1 || number > 4) {
    return fail(Errc::malformed, "signal: no such track");
  }
  return static_cast<sfu::Track>(number);
}

Result<std::uint16_t> height_of(JsonValue value) {
  const std::int64_t number = TRY(value.integer());
  if (number < 0 || number > 0xFFFF) {
    return fail(Errc::malformed, "signal: height out of range");
  }
  return static_cast<std::uint16_t>(number);
}

Result<ClientMessage> hello(JsonValue root) {
  HelloMessage m;
  m.leaf = TRY(bytes_of(root["leaf"], 8192));
  const JsonValue classical = root["classical"];
  m.classical = classical.exists() ? TRY(classical.boolean()) : false;
  if (root["knock"].exists()) {
    m.knock = TRY(bytes_of(root["knock"], knock_bytes_max));
  }
  return m;
}

Result<ClientMessage> offer(JsonValue root) {
  OfferMessage m;
  m.n = TRY(root["n"].integer());
  m.sdp = std::string(TRY(root["sdp"].text()));
  const JsonValue send = root["send"];
  const JsonValue recv = root["recv"];
  if (send.kind() != JsonKind::array || recv.kind() != JsonKind::array) {
    return fail(Errc::malformed, "signal: an offer lists what it sends and receives");
  }
  if (m.sdp.size() > limits::sdp_bytes || send.size() > limits::sdp_media ||
      recv.size() > limits::sdp_media) {
    return fail(Errc::too_large, "signal: offer too large");
  }
  for (const JsonValue line : send) {
    m.sends.push_back({TRY(mid_of(line["mid"])), TRY(track_of(line["track"]))});
  }
  for (const JsonValue line : recv) {
    sfu::ReceiveLine& out = m.receives.emplace_back();
    out.mid = TRY(mid_of(line["mid"]));
    out.member = std::string(TRY(line["member"].text()));
    TRY(e2ee::hash_from_hex(out.member));
    out.track = TRY(track_of(line["track"]));
    out.height = line["height"].exists() ? TRY(height_of(line["height"])) : std::uint16_t{0};
  }
  return m;
}

Result<ClientMessage> keys(JsonValue root) {
  KeysMessage m;
  if (root["list"].kind() != JsonKind::array) {
    return fail(Errc::malformed, "signal: keys without a list");
  }
  if (root["list"].size() > keys_max) {
    return fail(Errc::too_large, "signal: too many keys in one frame");
  }
  for (const JsonValue entry : root["list"]) {
    m.list.push_back({TRY(leaf_id_of(entry["to"])), TRY(bytes_of(entry["msg"], key_bytes_max))});
  }
  return m;
}

Result<ClientMessage> data(JsonValue root) {
  DataMessage m;
  m.bytes = TRY(bytes_of(root["msg"], data_bytes_max));
  if (root["to"].exists()) {
    m.to = TRY(leaf_id_of(root["to"]));
  }
  return m;
}

Result<ClientMessage> view(JsonValue root) {
  return ViewMessage{TRY(mid_of(root["mid"])), TRY(height_of(root["height"]))};
}

}  // namespace

Result<ClientMessage> parse_message(Bytes payload) {
  const wire::JsonDocument document =
      TRY(wire::JsonDocument::parse(payload, limits::ws_message_bytes));
  const JsonValue root = document.root();
  const std::string_view type = TRY(root["t"].text());
  if (type == "hello") {
    return hello(root);
  }
  if (type == "offer") {
    return offer(root);
  }
  if (type == "keys") {
    return keys(root);
  }
  if (type == "data") {
    return data(root);
  }
  if (type == "statement") {
    return StatementMessage{TRY(bytes_of(root["msg"], 4096))};
  }
  if (type == "view") {
    return view(root);
  }
  if (type == "unmute") {
    return UnmuteMessage{TRY(track_of(root["track"]))};
  }
  if (type == "leave") {
    return LeaveMessage{};
  }
  if (type == "ping") {
    return PingMessage{TRY(root["at"].number())};
  }
  return fail(Errc::unsupported, "signal: unknown message type");
}

Result<e2ee::RoomId> room_of_query(std::string_view query) {
  constexpr std::string_view key = "room=";
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.starts_with(key)) {
      return e2ee::RoomId::parse(pair.substr(key.size()));
    }
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
  return fail(Errc::not_found, "signal: no room named");
}

Result<e2ee::DeviceKey> key_of_hello(Bytes payload) {
  const Result<ClientMessage> message = parse_message(payload);
  const HelloMessage* const hello = message ? std::get_if<HelloMessage>(&*message) : nullptr;
  if (hello == nullptr) {
    return fail(message ? Errc::forbidden : message.error().code,
                message ? "signal: say hello first" : message.error().what);
  }
  if (hello->leaf.size() != e2ee::Leaf::size) {
    return fail(Errc::malformed, "leaf: size or version");
  }
  return e2ee::DeviceKey::parse(Bytes(hello->leaf).subspan(33, e2ee::device_key_bytes));
}

}  // namespace v100::signaling
