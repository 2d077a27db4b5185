// Session: statements, made and taken (docs/spec/e2ee.md §4).
#include <algorithm>

#include "e2ee/session.h"

namespace v100::e2ee {

Result<void> Session::allowed(StatementKind kind) const {
  if (!roster_ || over_) {
    return v100::fail(Errc::unavailable, "not in a call");
  }
  if (!roster_->may(leaf_->device(), kind)) {
    return v100::fail(Errc::forbidden, "only a host may do this");
  }
  return {};
}

void Session::say(StatementKind kind, const Hash& subject, std::uint8_t argument, Now now) {
  StatementFields fields;
  fields.kind = kind;
  fields.room = roster_->room();
  fields.issuer = leaf_->device();
  fields.seq = std::max(roster_->next_seq(fields.issuer, now.wall), last_seq_ + 1);
  fields.subject = subject;
  fields.argument = argument;
  last_seq_ = fields.seq;
  const ByteArray<Statement::body_bytes> body = statement_body(fields);
  out_.put(SignJob{job(Kind::statement, {}, fields), context_statement, to_buffer(body)});
}

void Session::statement_signed(const StatementFields& fields, Bytes signature, Now now) {
  admitting_.erase(LeafId(fields.subject));
  Buffer bytes = to_buffer(statement_body(fields));
  append(bytes, signature);
  const Result<Statement> statement = Statement::parse(bytes, roster_->room());
  const Result<void> taken =
      statement ? roster_->take(*statement) : Result<void>(std::unexpected(statement.error()));
  if (!taken) {
    return out_.put(Refused{taken.error().what});
  }
  out_.put(SendStatement{std::move(bytes)});
  statement_taken(fields, now);
}

void Session::on_statement(Bytes bytes, Now now) {
  if (!roster_ || over_) {
    return;
  }
  const Result<Statement> statement = Statement::parse(bytes, roster_->room());
  const Result<void> taken =
      statement ? roster_->take(*statement) : Result<void>(std::unexpected(statement.error()));
  if (taken) {
    statement_taken(statement->fields(), now);
  } else if (taken.error().code != Errc::conflict) {  // the roster brought it already, or a replay
    out_.put(Refused{taken.error().what});
  }
}

void Session::statement_taken(const StatementFields& fields, Now now) {
  const bool about_me = fields.subject == leaf_->id().value();
  if (fields.kind == StatementKind::end || (fields.kind == StatementKind::remove && about_me)) {
    over_ = true;
    return out_.put(Over{fields.kind == StatementKind::remove, fields.issuer});
  }
  if (fields.kind == StatementKind::ask_to_mute) {
    if (about_me) {
      out_.put(MuteAsked{fields.issuer, static_cast<Track>(fields.argument)});
    }
    return;
  }
  roster_judged(roster_->judge(), now);
}

// One of the hosts present admits for all: the one with the lowest leaf id.
bool Session::admits_for_room() const {
  for (const auto& [id, member] : roster_->members()) {
    if (roster_->role(member.leaf.device()) != Role::guest) {
      return id == roster_->self();
    }
  }
  return false;
}

void Session::admit_all(const std::optional<Fingerprint>& leaving, Now now) {
  for (const LeafId& id : roster_->unadmitted(leaving)) {
    if (admitting_.insert(id).second) {
      say(StatementKind::admit, id.value(), 0, now);
    }
  }
}

Result<void> Session::admit(const LeafId& guest, Now now) {
  TRY(allowed(StatementKind::admit));
  const auto found = roster_->lobby().find(guest);
  if (found == roster_->lobby().end()) {
    return v100::fail(Errc::not_found, "nobody of this id waits");
  }
  if (!found->second.invited) {
    return v100::fail(Errc::forbidden, "this guest does not hold the link");
  }
  say(StatementKind::admit, guest.value(), 0, now);
  return {};
}

Result<void> Session::remove(const LeafId& member, Now now) {
  TRY(allowed(StatementKind::remove));
  const auto found = roster_->members().find(member);
  if (member == roster_->self()) {
    return v100::fail(Errc::conflict, "one leaves, and is not removed, oneself");
  }
  if (found != roster_->members().end()) {
    const Fingerprint device = found->second.leaf.device();
    if (roster_->role(device) == Role::host) {
      return v100::fail(Errc::forbidden, "the host cannot be removed");
    }
    if (roster_->role(device) == Role::cohost &&
        roster_->may(leaf_->device(), StatementKind::grant)) {
      TRY(grant(member, Role::guest, now));
    }
  }
  say(StatementKind::remove, member.value(), 0, now);
  return {};
}

Result<void> Session::set_policy(const Policy& policy, Now now) {
  TRY(allowed(StatementKind::policy));
  if (policy.lobby || policy.locked) {
    admit_all(std::nullopt, now);
  }
  const std::uint8_t argument = static_cast<std::uint8_t>((policy.lobby ? policy_lobby : 0) |
                                                          (policy.locked ? policy_locked : 0));
  say(StatementKind::policy, Hash{}, argument, now);
  return {};
}

Result<void> Session::grant(const LeafId& member, Role role, Now now) {
  TRY(allowed(StatementKind::grant));
  const auto found = roster_->members().find(member);
  if (found == roster_->members().end()) {
    return v100::fail(Errc::not_found, "no such member");
  }
  const Fingerprint device = found->second.leaf.device();
  if (role != Role::cohost) {
    // What the co-host said stops to count: say again what must stay.
    const Policy policy = roster_->policy();
    admit_all(device, now);
    TRY(set_policy(policy, now));
  }
  say(StatementKind::grant, device.value(), role == Role::cohost ? grant_cohost : grant_guest, now);
  return {};
}

Result<void> Session::ask_to_mute(const LeafId& member, Track track, Now now) {
  TRY(allowed(StatementKind::ask_to_mute));
  if (!roster_->members().contains(member) || track == Track::data) {
    return v100::fail(Errc::not_found, "no such member or track");
  }
  say(StatementKind::ask_to_mute, member.value(), static_cast<std::uint8_t>(track), now);
  return {};
}

Result<void> Session::end(Now now) {
  TRY(allowed(StatementKind::end));
  say(StatementKind::end, Hash{}, 0, now);
  return {};
}

}  // namespace v100::e2ee
