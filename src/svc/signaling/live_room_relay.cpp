// What members are told: rosters, and each other's messages.
#include <algorithm>

#include "base/text.h"
#include "svc/signaling/live_room.h"
#include "svc/signaling/server_message.h"

namespace v100::signaling {

void Backlog::add(const Relay& relay) {
  if (relay.kind == RelayKind::key) {
    keys_.insert_or_assign(relay.from, relay);
    return;
  }
  bytes_ += relay.bytes.size();
  rest_.push_back(relay);
  while (bytes_ > bytes_max) {
    bytes_ -= rest_.front().bytes.size();
    rest_.pop_front();
    ++dropped_;
  }
}

// Statements and keys before data: data is read by them.
std::vector<Relay> Backlog::take() {
  std::vector<Relay> out;
  for (Relay& relay : rest_) {
    if (relay.kind == RelayKind::statement) {
      out.push_back(std::move(relay));
    }
  }
  for (auto& [from, relay] : keys_) {
    out.push_back(std::move(relay));
  }
  for (Relay& relay : rest_) {
    if (relay.kind == RelayKind::data) {
      out.push_back(std::move(relay));
    }
  }
  keys_.clear();
  rest_.clear();
  bytes_ = 0;
  return out;
}

void LiveRoom::relay_keys(const e2ee::LeafId& from, const KeysMessage& message) {
  for (const KeysMessage::Entry& entry : message.list) {
    relay({RelayKind::key, entry.to, from, entry.bytes});
  }
}

void LiveRoom::relay_data(const e2ee::LeafId& from, const DataMessage& message) {
  if (message.to) {
    return relay({RelayKind::data, *message.to, from, message.bytes});
  }
  for (const auto& [id, member] : members_) {
    if (id != from) {
      relay({RelayKind::data, id, from, message.bytes});
    }
  }
}

void LiveRoom::relay(const Relay& message) {
  if (desk_.tap() == nullptr) {
    return deliver(message);
  }
  std::vector<Relay> instead;
  desk_.tap()->relay(id_, message, instead);
  for (const Relay& one : instead) {
    deliver(one);
  }
}

void LiveRoom::deliver(const Relay& message) {
  const auto found = members_.find(message.to);
  if (found == members_.end()) {
    return desk_.count("v100_signal_undeliverable_total");  // it left while this was on its way
  }
  Member& member = found->second;
  Connection* const connection = desk_.find(member.socket);
  if (!member.connected || connection == nullptr) {
    return member.backlog.add(message);
  }
  if (message.kind == RelayKind::statement && message.bytes.size() == e2ee::Statement::size) {
    connection->statements_seen.insert(statement_mark(message.bytes));
  }
  desk_.send(member.socket, relay_text(message));
  desk_.count("v100_signal_relayed_total");
}

void LiveRoom::set_tracks(const e2ee::LeafId& member, const std::vector<sfu::SendLine>& sends) {
  const auto found = members_.find(member);
  if (found == members_.end()) {
    return;
  }
  for (const sfu::Track track : found->second.held) {
    tell_sfu(member, track, true);  // a new peer connection starts without
  }
  std::vector<std::uint8_t> tracks;
  for (const sfu::SendLine& line : sends) {
    tracks.push_back(static_cast<std::uint8_t>(line.track));
  }
  std::sort(tracks.begin(), tracks.end());
  tracks.erase(std::unique(tracks.begin(), tracks.end()), tracks.end());
  if (tracks != found->second.tracks) {
    found->second.tracks = std::move(tracks);
    dirty_ = true;
  }
}

void LiveRoom::hold(const e2ee::LeafId& member, sfu::Track track, bool held) {
  const auto found = members_.find(member);
  if (found == members_.end()) {
    return;
  }
  std::set<sfu::Track>& all = found->second.held;
  if (held ? all.insert(track).second : all.erase(track) > 0) {
    tell_sfu(member, track, held);
    desk_.count("v100_signal_muted_total", held ? "by=\"host\"" : "by=\"nobody\"");
  }
}

void LiveRoom::tell_sfu(const e2ee::LeafId& member, sfu::Track track, bool muted) {
  desk_.env().bus.post("sfu", "mute",
                       sfu::encode(sfu::Mute{id_, to_hex(member.value()), track, muted}));
}

SocketId LiveRoom::socket_of(std::string_view member) const {
  const Result<e2ee::Hash> id = e2ee::hash_from_hex(member);
  const auto found = id ? members_.find(e2ee::LeafId(*id)) : members_.end();
  return found != members_.end() && found->second.connected ? found->second.socket : SocketId();
}

void LiveRoom::publish() {
  if (!dirty_ || !book_) {
    return;
  }
  dirty_ = false;
  ++version_;
  for (const auto& [id, member] : members_) {
    if (member.connected) {
      send_roster(id, member);
    }
  }
  publish_presence();
}

void LiveRoom::send_roster(const e2ee::LeafId& to, const Member& member) {
  Connection* const connection = desk_.find(member.socket);
  if (connection == nullptr) {
    return;
  }
  // A client forgets the leaf of who is shown no more, or moves between members and lobby: what
  // counts is where its last roster had it.
  std::set<Connection::Shown> shown;
  const auto unseen = [&](const e2ee::Leaf& leaf, bool in_lobby) {
    const Connection::Shown here{leaf.id(), in_lobby};
    shown.insert(here);
    return connection->shown.contains(here) ? Buffer() : to_buffer(leaf.bytes());
  };
  RosterMessage message;
  message.version = version_;
  for (const auto& [id, other] : members_) {
    message.members.push_back({id, name(book_->role(other.leaf.device())),
                               unseen(other.leaf, false), other.tracks, other.connected});
  }
  if (book_->role(member.leaf.device()) != Role::guest) {
    for (const auto& [id, guest] : guests_) {
      Buffer leaf = unseen(guest.leaf, true);
      Buffer knock = leaf.empty() ? Buffer() : guest.knock;
      message.lobby.push_back({id, std::move(leaf), std::move(knock)});
    }
  }
  connection->shown = std::move(shown);
  add_statements(*connection, message);
  if (desk_.tap() != nullptr) {
    desk_.tap()->roster(id_, to, message);
  }
  desk_.send(connection->socket, roster_text(message));
}

void LiveRoom::add_statements(Connection& to, RosterMessage& message) const {
  for (const Buffer* statement : book_->in_force(present())) {
    if (to.statements_seen.insert(statement_mark(*statement)).second) {
      message.statements.push_back(*statement);
    }
  }
  for (const e2ee::Fingerprint& issuer : book_->issuers()) {
    const bool present = std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
      return entry.second.leaf.device() == issuer;
    });
    if (!present && to.issuers_seen.insert(issuer).second) {
      message.issuers.push_back(to_buffer(book_->issuer_key(issuer)));
    }
  }
}

void LiveRoom::publish_presence() {
  const Policy policy = book_->policy();
  meeting::Presence presence;
  presence.room = id_;
  presence.members = static_cast<std::uint32_t>(members_.size());
  presence.lobby = policy.lobby;
  presence.locked = policy.locked;
  presence.open = !book_->ended();
  Buffer encoded = meeting::encode(presence);
  if (encoded != presence_) {
    presence_ = std::move(encoded);
    desk_.env().bus.post("meeting", "presence", presence_);
  }
}

}  // namespace v100::signaling
