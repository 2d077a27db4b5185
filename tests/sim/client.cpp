// The client's side of docs/spec/signaling.md.
#include "client.h"

#include <variant>

#include "base/limits.h"
#include "base/text.h"
#include "svc/signaling/client_frame.h"

namespace v100::sim {

namespace {

e2ee::LeafId id_from(const wire::JsonValue& value) {
  return e2ee::LeafId(*e2ee::hash_from_hex(*value.text()));
}

Buffer bytes_from(const wire::JsonValue& value) {
  return value.exists() ? *value.base64url() : Buffer();
}

std::vector<e2ee::ShownMember> shown_from(const wire::JsonValue& list) {
  std::vector<e2ee::ShownMember> out;
  for (const wire::JsonValue entry : list) {
    e2ee::ShownMember& shown = out.emplace_back();
    shown.id = id_from(entry["id"]);
    shown.leaf = bytes_from(entry["leaf"]);
    shown.connected = !entry["connected"].exists() || *entry["connected"].boolean();
    for (const wire::JsonValue track : entry["tracks"]) {
      shown.tracks.push_back(static_cast<e2ee::Track>(*track.integer()));
    }
  }
  return out;
}

}  // namespace

SimDevice::SimDevice(std::uint8_t number) {
  ByteArray<32> seed{};
  seed[0] = number;
  key = std::make_unique<e2ee::DevicePrivateKey>(
      e2ee::DevicePrivateKey::from_seed(mldsa::Seed(seed)));
  signer = std::make_unique<mldsa::PreparedSigner<mldsa::Mldsa65>>(*key);
  fingerprint = e2ee::fingerprint(key->public_key().bytes());
}

Client::Client(const SimDevice& device, const e2ee::RoomId& room, e2ee::Link link, std::string name,
               std::uint64_t seed, testing_world::World& world, Network& network)
    : device_(device),
      room_(room),
      name_(std::move(name)),
      random_(seed),
      world_(world),
      network_(network) {
  host_ = std::make_unique<e2ee::NativeHost>(*device_.key, room_, std::move(link), name_, random_,
                                             now());
  pump();
}

void Client::join() {
  state_ = State::connecting;
  connect_at_ = world_.clock.now();
}

void Client::leave() {
  if (socket_) {
    say(R"({"t":"leave"})");
    network_.hang_up(*socket_);
    socket_.reset();
  }
  state_ = State::over;
}

void Client::cut() {
  if (socket_) {
    network_.cut(*socket_);
    lost();
  }
}

void Client::lost() {
  socket_.reset();
  offers_.clear();
  repeated_.clear();
  if (state_ == State::over) {
    return;
  }
  host_->session().on_disconnected(now());
  state_ = State::connecting;
  connect_at_ = world_.clock.now() +
                Duration::milliseconds(static_cast<std::int64_t>(100 + random_.below(1500)));
}

void Client::connect() {
  socket_ = network_.connect("room=" + std::string(room_.text()));
  seq_ = 0;
}

void Client::say(std::string_view json) {
  ++seq_;
  const Buffer covered = signaling::signed_bytes(nonce_, seq_, as_bytes(json));
  const auto signature =
      device_.signer->sign(covered, as_bytes(e2ee::context_signal), mldsa::Hedge::deterministic());
  network_.send(*socket_, signaling::make_frame(seq_, signature->bytes(), as_bytes(json)));
}

void Client::step() {
  if (state_ == State::away || state_ == State::over) {
    return;
  }
  if (!socket_ && world_.clock.now() >= connect_at_) {
    connect();
  }
  if (socket_) {
    for (const std::string& text : network_.take(*socket_)) {
      on_text(text);
    }
    if (socket_ && network_.closed(*socket_)) {
      lost();
    }
  }
  host_->session().tick(now());
  pump();
}

void Client::pump() {
  host_->pump(now());
  send_outputs();
}

void Client::send_outputs() {
  wire::JsonWriter keys;
  std::size_t key_count = 0;
  const auto flush = [&] {
    if (key_count > 0) {
      say(keys.end_array().end_object().view());
      keys = wire::JsonWriter();
      key_count = 0;
    }
  };
  for (e2ee::Output& output : host_->take()) {
    const bool online = state_ == State::member && socket_.has_value();
    if (const auto* const key = std::get_if<e2ee::SendKey>(&output); key != nullptr && online) {
      if (key_count == 0) {
        keys.object().key("t").text("keys").key("list").array();
      }
      keys.object().key("to").hex(key->to.value()).key("msg").base64url(key->message).end_object();
      if (++key_count == 40) {
        flush();
      }
      continue;
    }
    flush();
    if (const auto* const data = std::get_if<e2ee::SendData>(&output); data != nullptr && online) {
      wire::JsonWriter out;
      out.object().key("t").text("data").key("msg").base64url(data->frame).end_object();
      say(out.view());
    } else if (const auto* const said = std::get_if<e2ee::SendStatement>(&output)) {
      statements_.push_back(said->statement);
      if (online) {
        wire::JsonWriter out;
        out.object().key("t").text("statement").key("msg").base64url(said->statement).end_object();
        say(out.view());
      }
    }
  }
  flush();
}

void Client::on_text(const std::string& text) {
  const Result<wire::JsonDocument> document =
      wire::JsonDocument::parse(as_bytes(text), limits::send_queue_bytes);
  CHECK(document.has_value());
  const wire::JsonValue m = document->root();
  const std::string_view type = *m["t"].text();
  e2ee::Session& session = host_->session();
  if (type == "challenge") {
    copy(nonce_, *m["nonce"].base64url());
    wire::JsonWriter out;
    out.object().key("t").text("hello").key("leaf").base64url(session.leaf()->bytes());
    say(out.key("classical").boolean(false).end_object().view());
  } else if (type == "waiting") {
    state_ = State::waiting;
    session.on_waiting(now());
    offers_.clear();  // refused, or answered by an error: who waits has no media
  } else if (type == "welcome") {
    state_ = State::member;
    session.on_welcome(now());
    pump();
    for (const Buffer& statement : statements_) {
      wire::JsonWriter out;
      out.object().key("t").text("statement").key("msg").base64url(statement).end_object();
      say(out.view());
      repeated_.insert(seq_);
    }
    offer();
  } else if (type == "roster") {
    on_roster(m);
  } else if (type == "key") {
    session.on_key(id_from(m["from"]), bytes_from(m["msg"]), now());
  } else if (type == "data") {
    session.on_data(id_from(m["from"]), bytes_from(m["msg"]), now());
  } else if (type == "statement") {
    session.on_statement(bytes_from(m["msg"]), now());
  } else if (type == "answer") {
    if (offers_.erase(*m["n"].integer()) != 1) {
      faults_.push_back("an answer to no offer, or a second one");
    }
  } else if (type == "error") {
    on_error(m);
  } else if (type == "bye") {
    bye_ = *m["reason"].text();
    // A server that goes comes back; all other words are final.
    state_ = bye_ == "draining" ? State::connecting : State::over;
  }
  pump();
}

void Client::on_roster(const wire::JsonValue& message) {
  e2ee::ServerRoster roster;
  roster.members = shown_from(message["members"]);
  roster.lobby = shown_from(message["lobby"]);
  for (const wire::JsonValue statement : message["statements"]) {
    roster.statements.push_back(bytes_from(statement));
  }
  for (const wire::JsonValue issuer : message["issuers"]) {
    roster.issuers.push_back(bytes_from(issuer));
  }
  host_->session().on_roster(roster, now());
}

// Statements said again are often known already, or not allowed any more.
void Client::on_error(const wire::JsonValue& message) {
  const std::string code(*message["code"].text());
  const auto re = static_cast<std::uint64_t>(*message["re"].integer());
  if (repeated_.contains(re) && (code == "conflict" || code == "forbidden")) {
    return;
  }
  if (code == "unavailable" || code == "not_found" || code == "forbidden") {
    return;  // the server starts again, or an order was overtaken by another
  }
  faults_.push_back("error " + code + ": " + std::string(*message["what"].text()));
}

void Client::offer() {
  offers_.insert(++last_offer_);
  wire::JsonWriter out;
  out.object().key("t").text("offer").key("n").integer(last_offer_).key("sdp").text("v=0");
  out.key("send").array().object().key("mid").text("0").key("track").integer(1).end_object();
  out.end_array().key("recv").array().end_array().end_object();
  say(out.view());
}

std::vector<e2ee::LeafId> Client::lobby() const {
  std::vector<e2ee::LeafId> out;
  const auto& roster = host_->session().roster();
  if (roster) {
    for (const auto& [id, guest] : roster->lobby()) {
      out.push_back(id);
    }
  }
  return out;
}

}  // namespace v100::sim
