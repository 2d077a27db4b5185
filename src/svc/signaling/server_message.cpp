// Server messages as JSON.
#include "svc/signaling/server_message.h"

#include "wire/json.h"

namespace v100::signaling {

namespace {

wire::JsonWriter message(std::string_view type) {
  wire::JsonWriter out;
  out.object().key("t").text(type);
  return out;
}

void put_list(wire::JsonWriter& out, std::string_view key, const std::vector<Buffer>& list) {
  out.key(key).array();
  for (const Buffer& bytes : list) {
    out.base64url(bytes);
  }
  out.end_array();
}

// Loss comes in thousandths and goes out as a fraction.
void put_flow(wire::JsonWriter& out, std::string_view key, std::uint16_t loss, std::uint16_t rtt_ms,
              std::uint32_t kbps) {
  out.key(key).object().key("loss").number(loss / 1000.0);
  out.key("rtt_ms").integer(rtt_ms).key("kbps").integer(kbps).end_object();
}

}  // namespace

std::string challenge_text(const Nonce& nonce, const PeerInfo& peer, std::string_view version) {
  wire::JsonWriter out = message("challenge");
  out.key("nonce").base64url(nonce).key("kex").text(peer.kex);
  return out.key("pq").boolean(peer.post_quantum).key("version").text(version).end_object().take();
}

std::string waiting_text() { return message("waiting").end_object().take(); }

std::string welcome_text(const Welcome& m) {
  wire::JsonWriter out = message("welcome");
  out.key("you").hex(m.you.value()).key("role").text(m.role).key("resumed").boolean(m.resumed);
  out.key("media").object().key("udp").integer(m.media_port).end_object();
  return out.end_object().take();
}

std::string roster_text(const RosterMessage& m) {
  wire::JsonWriter out = message("roster");
  out.key("version").integer(static_cast<std::int64_t>(m.version)).key("members").array();
  for (const RosterMember& member : m.members) {
    out.object().key("id").hex(member.id.value()).key("role").text(member.role);
    if (!member.leaf.empty()) {
      out.key("leaf").base64url(member.leaf);
    }
    out.key("tracks").array();
    for (const std::uint8_t track : member.tracks) {
      out.integer(track);
    }
    out.end_array().key("connected").boolean(member.connected).end_object();
  }
  out.end_array().key("lobby").array();
  for (const RosterGuest& guest : m.lobby) {
    out.object().key("id").hex(guest.id.value());
    if (!guest.leaf.empty()) {
      out.key("leaf").base64url(guest.leaf);
    }
    if (!guest.knock.empty()) {
      out.key("knock").base64url(guest.knock);
    }
    out.end_object();
  }
  out.end_array();
  put_list(out, "statements", m.statements);
  if (!m.issuers.empty()) {
    put_list(out, "issuers", m.issuers);
  }
  return out.end_object().take();
}

std::string answer_text(std::int64_t n, std::string_view sdp) {
  return message("answer").key("n").integer(n).key("sdp").text(sdp).end_object().take();
}

std::string relay_text(const Relay& m) {
  constexpr std::string_view types[] = {"key", "data", "statement"};
  wire::JsonWriter out = message(types[static_cast<std::size_t>(m.kind)]);
  if (m.kind != RelayKind::statement) {
    out.key("from").hex(m.from.value());
  }
  return out.key("msg").base64url(m.bytes).end_object().take();
}

std::string pong_text(double at) {
  return message("pong").key("at").number(at).end_object().take();
}

std::string quality_text(const sfu::Event& event) {
  wire::JsonWriter out = message("quality");
  put_flow(out, "up", event.loss_up, event.rtt_ms, event.up_kbps);
  put_flow(out, "down", event.loss_down, event.rtt_ms, event.down_kbps);
  return out.end_object().take();
}

std::string media_text(std::string_view state, std::string_view reason) {
  wire::JsonWriter out = message("media");
  out.key("state").text(state);
  if (!reason.empty()) {
    out.key("reason").text(reason);
  }
  return out.end_object().take();
}

std::string error_text(std::uint64_t re, Error error) {
  wire::JsonWriter out = message("error");
  out.key("re").integer(static_cast<std::int64_t>(re)).key("code").text(name(error.code));
  return out.key("what").text(error.what).end_object().take();
}

std::string bye_text(std::string_view reason) {
  return message("bye").key("reason").text(reason).end_object().take();
}

}  // namespace v100::signaling
