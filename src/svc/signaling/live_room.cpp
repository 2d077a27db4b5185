// Coming, staying and going.
#include "svc/signaling/live_room.h"

#include "base/limits.h"
#include "base/text.h"
#include "svc/signaling/server_message.h"

namespace v100::signaling {

LiveRoom::LiveRoom(Desk& desk, const e2ee::RoomId& id, std::uint16_t media_port)
    : desk_(desk), id_(id.text()), hash_(id.hash()), media_port_(media_port) {}

void LiveRoom::load(const meeting::RoomState& state) {
  book_.emplace(state.host, state.lobby);
  if (!book_->restore(state, hash_)) {
    desk_.env().log.write(Level::error, "room_statements_malformed", {{"room", id_}});
  }
  // The record's lobby is only where the room began; presence says how it stands.
  dirty_ = true;
}

Result<void> LiveRoom::arrive(Connection& connection, const Arrival& arrival) {
  const e2ee::Leaf& leaf = arrival.leaf;
  const Role role = book_->role(leaf.device());
  if (const auto member = members_.find(leaf.id()); member != members_.end()) {
    return resume(connection, member->second);
  }
  if (book_->removed(leaf.id())) {
    desk_.bye(connection.socket, "removed");
    return {};
  }
  if (arrival.draining) {
    desk_.bye(connection.socket, "draining");
    return {};
  }
  if (book_->ended()) {
    if (role != Role::host) {
      desk_.bye(connection.socket, "ended");
      return {};
    }
    keep(book_->reopen(), {});
  }
  drop_ghosts(leaf);
  const Policy policy = book_->policy();
  const bool known = vouched(leaf);
  if (!known && policy.locked) {
    desk_.bye(connection.socket, "locked");
    return {};
  }
  if (!known && policy.lobby) {
    wait_in_lobby(connection, arrival);
    return {};
  }
  if (members_.size() >= limits::room_members) {
    desk_.bye(connection.socket, "full");
    return {};
  }
  TRY(sender_is_free(leaf));
  become_member(connection, leaf, arrival.knock);
  return {};
}

Result<void> LiveRoom::sender_is_free(const e2ee::Leaf& leaf) const {
  for (const auto& [id, member] : members_) {
    if (member.leaf.sender() == leaf.sender()) {
      return fail(Errc::conflict, "hello: sender id taken, draw another nonce");
    }
  }
  return {};
}

// A reload makes a new leaf: the old one of that device need not be waited for.
void LiveRoom::drop_ghosts(const e2ee::Leaf& leaf) {
  std::vector<e2ee::LeafId> ghosts;
  for (const auto& [id, member] : members_) {
    if (!member.connected && member.leaf.device() == leaf.device()) {
      ghosts.push_back(id);
    }
  }
  for (const e2ee::LeafId& id : ghosts) {
    erase_member(id, "leave");
  }
}

Result<void> LiveRoom::resume(Connection& connection, Member& member) {
  if (member.connected) {
    desk_.bye(member.socket, "replaced");
  }
  member.socket = connection.socket;
  member.connected = true;
  connection.stage = Stage::member;
  connection.leaf = member.leaf.id();
  const Role role = book_->role(member.leaf.device());
  desk_.send(connection.socket, welcome_text({member.leaf.id(), name(role), true, media_port_}));
  desk_.count("v100_signal_resumed_total");
  dirty_ = true;
  // The roster first: what was missed is judged by it.
  publish();
  for (const Relay& missed : member.backlog.take()) {
    deliver(missed);
  }
  return {};
}

void LiveRoom::become_member(Connection& connection, const e2ee::Leaf& leaf, Buffer knock) {
  connection.stage = Stage::member;
  connection.leaf = leaf.id();
  const Role role = book_->role(leaf.device());
  desk_.send(connection.socket, welcome_text({leaf.id(), name(role), false, media_port_}));
  Member member{leaf, connection.socket};
  member.knock = std::move(knock);
  members_.emplace(leaf.id(), std::move(member));
  desk_.count("v100_signal_joined_total");
  dirty_ = true;
}

void LiveRoom::wait_in_lobby(Connection& connection, const Arrival& arrival) {
  const e2ee::LeafId id = arrival.leaf.id();
  if (const auto waiting = guests_.find(id); waiting != guests_.end()) {
    desk_.bye(waiting->second.socket, "replaced");
    guests_.erase(waiting);
  }
  if (guests_.size() >= limits::lobby_guests) {
    return desk_.bye(connection.socket, "full");
  }
  connection.stage = Stage::lobby;
  connection.leaf = id;
  guests_.emplace(id, Guest{arrival.leaf, connection.socket, arrival.knock});
  desk_.send(connection.socket, waiting_text());
  dirty_ = true;
}

void LiveRoom::disconnected(const Connection& connection, Instant now) {
  const auto guest = guests_.find(connection.leaf);
  if (guest != guests_.end() && guest->second.socket == connection.socket) {
    guests_.erase(guest);
    dirty_ = true;
  }
  const auto member = members_.find(connection.leaf);
  if (member != members_.end() && member->second.connected &&
      member->second.socket == connection.socket) {
    member->second.connected = false;
    member->second.stays_until = now + (connection.closed_in_order ? closed_max : absence_max);
    dirty_ = true;
  }
}

void LiveRoom::leave(const e2ee::LeafId& member) {
  if (guests_.erase(member) > 0) {
    dirty_ = true;
  }
  erase_member(member, "leave");
}

void LiveRoom::erase_member(const e2ee::LeafId& leaf, const char* sfu_method) {
  if (members_.erase(leaf) == 0) {
    return;
  }
  desk_.env().bus.post("sfu", sfu_method, sfu::encode(sfu::Leave{id_, to_hex(leaf.value())}));
  dirty_ = true;
}

void LiveRoom::tick(Instant now) {
  std::vector<e2ee::LeafId> gone;
  for (const auto& [id, member] : members_) {
    if (!member.connected && now >= member.stays_until) {
      gone.push_back(id);
    }
  }
  for (const e2ee::LeafId& id : gone) {
    desk_.count("v100_signal_absent_total");
    erase_member(id, "leave");
  }
  turn_out_unvouched(now);
}

bool LiveRoom::vouched(const e2ee::Leaf& leaf) const {
  return book_->role(leaf.device()) != Role::guest || book_->admitted(leaf.id());
}

void LiveRoom::turn_out_unvouched(Instant now) {
  const Policy policy = book_->policy();
  const bool closed = policy.lobby || policy.locked;
  std::vector<e2ee::LeafId> out;
  for (auto& [id, member] : members_) {
    if (!closed || vouched(member.leaf)) {
      member.unvouched_since.reset();
    } else if (!member.unvouched_since) {
      member.unvouched_since = now;
    } else if (now - *member.unvouched_since >= unvouched_max) {
      out.push_back(id);
    }
  }
  for (const e2ee::LeafId& id : out) {
    turn_out(id, policy.lobby && !policy.locked);
  }
}

void LiveRoom::turn_out(const e2ee::LeafId& id, bool to_lobby) {
  const Member& member = members_.at(id);
  const SocketId socket = member.socket;
  const Arrival arrival{member.leaf, member.knock, false};
  Connection* const connection = member.connected ? desk_.find(socket) : nullptr;
  desk_.count("v100_signal_turned_out_total");
  erase_member(id, "leave");
  if (connection == nullptr) {
    return;
  }
  if (to_lobby) {
    wait_in_lobby(*connection, arrival);
  } else {
    desk_.bye(socket, "locked");
  }
}

Result<void> LiveRoom::obey(const e2ee::Statement& statement, const Connection& from) {
  const e2ee::DeviceKey& issuer = *from.device_key;
  const e2ee::StatementFields& fields = statement.fields();
  TRY(book_->check(fields));
  const e2ee::LeafId subject(fields.subject);
  if (fields.kind == e2ee::StatementKind::remove) {
    const auto member = members_.find(subject);
    if (member != members_.end() && book_->role(member->second.leaf.device()) == Role::host) {
      return fail(Errc::forbidden, "statement: the host cannot be removed");
    }
  }
  keep(book_->take(statement, issuer), issuer.bytes());
  desk_.count("v100_signal_statements_total");
  for (const auto& [id, member] : members_) {
    if (id != from.leaf) {
      relay({RelayKind::statement, id, {}, to_buffer(statement.bytes())});
    } else if (Connection* const connection = desk_.find(from.socket)) {
      connection->statements_seen.insert(statement_mark(statement.bytes()));
    }
  }
  dirty_ = true;
  if (fields.kind == e2ee::StatementKind::ask_to_mute) {
    hold(subject, static_cast<sfu::Track>(fields.argument), true);
  } else if (fields.kind == e2ee::StatementKind::remove) {
    remove(subject);
  } else if (fields.kind == e2ee::StatementKind::end) {
    end_all("ended");
    desk_.env().bus.post("sfu", "close", sfu::encode(sfu::CloseRoom{id_}));
  } else if (fields.kind == e2ee::StatementKind::policy ||
             fields.kind == e2ee::StatementKind::admit ||
             fields.kind == e2ee::StatementKind::grant) {
    admit_guests();
  }
  return {};
}

// Those in the lobby whom the book now lets in.
void LiveRoom::admit_guests() {
  const Policy policy = book_->policy();
  for (auto it = guests_.begin(); it != guests_.end();) {
    const Guest& guest = it->second;
    const bool may_enter = vouched(guest.leaf) || (!policy.lobby && !policy.locked);
    if (!may_enter || members_.size() >= limits::room_members) {
      ++it;
      continue;
    }
    Connection* const connection = desk_.find(guest.socket);
    if (connection != nullptr && sender_is_free(guest.leaf)) {
      become_member(*connection, guest.leaf, guest.knock);
    } else if (connection != nullptr) {
      desk_.error(*connection, 0, sender_is_free(guest.leaf).error());
      connection->stage = Stage::fresh;
    }
    it = guests_.erase(it);
  }
}

void LiveRoom::remove(const e2ee::LeafId& leaf) {
  if (const auto guest = guests_.find(leaf); guest != guests_.end()) {
    desk_.bye(guest->second.socket, "refused");
    guests_.erase(guest);
    return;
  }
  if (const auto member = members_.find(leaf); member != members_.end()) {
    desk_.bye(member->second.socket, "removed");
    erase_member(leaf, "remove");
  }
}

void LiveRoom::end_all(std::string_view reason) {
  for (const auto& [id, guest] : guests_) {
    desk_.bye(guest.socket, reason);
  }
  for (const auto& [id, member] : members_) {
    desk_.bye(member.socket, reason);
  }
  guests_.clear();
  members_.clear();
  dirty_ = true;
}

void LiveRoom::forget_admits() {
  if (book_) {
    keep(book_->forget_admits(present()), {});
  }
}

void LiveRoom::keep(StatementBook::Kept kept, Bytes issuer) {
  if (kept.empty()) {
    return;
  }
  meeting::Keep message;
  message.room = id_;
  message.statements = std::move(kept);
  if (!issuer.empty()) {
    message.issuers.push_back(to_buffer(issuer));
  }
  desk_.env().bus.post("meeting", "keep", meeting::encode(message));
}

std::set<e2ee::LeafId> LiveRoom::present() const {
  std::set<e2ee::LeafId> out;
  for (const auto& [id, member] : members_) {
    out.insert(id);
  }
  for (const auto& [id, guest] : guests_) {
    out.insert(id);
  }
  return out;
}

}  // namespace v100::signaling
