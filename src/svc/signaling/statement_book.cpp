// The rules of docs/spec/e2ee.md §4, as every client applies them too.
#include "svc/signaling/statement_book.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"

namespace v100::signaling {

namespace {

using e2ee::StatementKind;

// Removes shown to newcomers; older ones are enforced all the same.
constexpr std::size_t removes_shown = 50;

std::string_view name_of(StatementKind kind) noexcept {
  constexpr std::string_view names[] = {"", "policy", "admit", "remove", "grant", "end", "mute"};
  return names[static_cast<std::size_t>(kind)];
}

bool is_kept(StatementKind kind) noexcept { return kind != StatementKind::ask_to_mute; }

}  // namespace

std::string_view name(Role role) noexcept {
  constexpr std::string_view names[] = {"guest", "cohost", "host"};
  return names[static_cast<std::size_t>(role)];
}

StatementBook::Said StatementBook::said_of(const e2ee::StatementFields& fields) noexcept {
  const bool by_subject = fields.kind == StatementKind::admit ||
                          fields.kind == StatementKind::remove ||
                          fields.kind == StatementKind::grant;
  return {fields.kind, fields.issuer, by_subject ? fields.subject : e2ee::Hash{}};
}

std::string StatementBook::slot(const Said& said) {
  std::string out(name_of(said.kind));
  out.append("/").append(to_hex(said.issuer.value()));
  if (said.subject != e2ee::Hash{}) {
    out.append("/").append(to_hex(said.subject));
  }
  return out;
}

bool StatementBook::restore(const meeting::RoomState& state, const e2ee::RoomHash& room) {
  bool whole = true;
  for (const meeting::KeptStatement& kept : state.statements) {
    const Result<e2ee::Statement> statement = e2ee::Statement::parse(kept.bytes, room);
    if (!statement) {
      whole = false;
      continue;
    }
    const e2ee::StatementFields& fields = statement->fields();
    said_[said_of(fields)] = {fields.seq, fields.argument, kept.bytes};
  }
  for (const Buffer& key : state.issuers) {
    const Result<e2ee::DeviceKey> parsed = e2ee::DeviceKey::parse(key);
    whole = whole && parsed.has_value();
    if (parsed) {
      issuers_[e2ee::fingerprint(parsed->bytes())] = key;
    }
  }
  return whole;
}

Role StatementBook::role(const e2ee::Fingerprint& device) const noexcept {
  if (device == host_) {
    return Role::host;
  }
  const auto grant = said_.find({StatementKind::grant, host_, device.value()});
  return grant != said_.end() && grant->second.argument == e2ee::grant_cohost ? Role::cohost
                                                                              : Role::guest;
}

bool StatementBook::may(const e2ee::Fingerprint& issuer, StatementKind kind) const noexcept {
  const Role has = role(issuer);
  const bool host_only = kind == StatementKind::grant || kind == StatementKind::end;
  return has == Role::host || (has == Role::cohost && !host_only);
}

bool StatementBook::is_said(StatementKind kind, const e2ee::Hash& subject) const noexcept {
  return std::any_of(said_.begin(), said_.end(), [&](const auto& entry) {
    return entry.first.kind == kind && entry.first.subject == subject &&
           may(entry.first.issuer, kind);
  });
}

Policy StatementBook::policy() const noexcept {
  Policy policy{lobby_, false};
  std::uint64_t newest = 0;
  for (const auto& [said, value] : said_) {
    if (said.kind == StatementKind::policy && may(said.issuer, said.kind) && value.seq > newest) {
      newest = value.seq;
      policy.lobby = (value.argument & e2ee::policy_lobby) != 0;
      policy.locked = (value.argument & e2ee::policy_locked) != 0;
    }
  }
  return policy;
}

bool StatementBook::admitted(const e2ee::LeafId& leaf) const noexcept {
  return is_said(StatementKind::admit, leaf.value());
}

bool StatementBook::removed(const e2ee::LeafId& leaf) const noexcept {
  return is_said(StatementKind::remove, leaf.value());
}

bool StatementBook::ended() const noexcept { return is_said(StatementKind::end, {}); }

Result<void> StatementBook::check(const e2ee::StatementFields& fields) const noexcept {
  if (!may(fields.issuer, fields.kind)) {
    return fail(Errc::forbidden, "statement: its issuer may not say this");
  }
  const auto kept = said_.find(said_of(fields));
  if (kept != said_.end() && fields.seq <= kept->second.seq) {
    return fail(Errc::conflict, "statement: not newer than the last one");
  }
  if (kept == said_.end() && said_.size() >= limits::room_statements) {
    return fail(Errc::busy, "statement: too many in this room");
  }
  return {};
}

StatementBook::Kept StatementBook::take(const e2ee::Statement& statement,
                                        const e2ee::DeviceKey& issuer) {
  const e2ee::StatementFields& fields = statement.fields();
  const Said said = said_of(fields);
  said_[said] = {fields.seq, fields.argument, to_buffer(statement.bytes())};
  issuers_.try_emplace(fields.issuer, to_buffer(issuer.bytes()));
  if (!is_kept(fields.kind)) {
    return {};
  }
  return {{slot(said), to_buffer(statement.bytes())}};
}

StatementBook::Kept StatementBook::reopen() {
  const Said end{StatementKind::end, host_, {}};
  return said_.erase(end) == 0 ? Kept() : Kept{{slot(end), {}}};
}

StatementBook::Kept StatementBook::forget_admits(const std::set<e2ee::LeafId>& present) {
  Kept forgotten;
  for (auto it = said_.begin(); it != said_.end();) {
    if (it->first.kind == StatementKind::admit &&
        !present.contains(e2ee::LeafId(it->first.subject))) {
      forgotten.push_back({slot(it->first), {}});
      it = said_.erase(it);
    } else {
      ++it;
    }
  }
  return forgotten;
}

std::vector<const Buffer*> StatementBook::in_force(const std::set<e2ee::LeafId>& present) const {
  std::vector<const Buffer*> out;
  std::vector<std::pair<std::uint64_t, const Buffer*>> removes;
  for (const auto& [said, value] : said_) {
    if (!may(said.issuer, said.kind)) {
      continue;
    }
    const bool absent =
        said.kind == StatementKind::admit && !present.contains(e2ee::LeafId(said.subject));
    if (said.kind == StatementKind::remove) {
      removes.emplace_back(value.seq, &value.bytes);
    } else if (said.kind != StatementKind::end && is_kept(said.kind) && !absent) {
      out.push_back(&value.bytes);
    }
  }
  std::sort(removes.begin(), removes.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < removes.size() && i < removes_shown; ++i) {
    out.push_back(removes[i].second);
  }
  return out;
}

Bytes StatementBook::issuer_key(const e2ee::Fingerprint& device) const noexcept {
  const auto found = issuers_.find(device);
  return found == issuers_.end() ? Bytes() : Bytes(found->second);
}

std::vector<e2ee::Fingerprint> StatementBook::issuers() const {
  std::set<e2ee::Fingerprint> out;
  for (const auto& [said, value] : said_) {
    if (may(said.issuer, said.kind)) {
      out.insert(said.issuer);
    }
  }
  return {out.begin(), out.end()};
}

}  // namespace v100::signaling
