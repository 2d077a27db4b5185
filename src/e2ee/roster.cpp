// Roster: statements and the rules for taking a leaf (docs/spec/e2ee.md §4, §5).
#include "e2ee/roster.h"

#include <algorithm>

namespace v100::e2ee {

namespace {

// A host says about two things of each member and guest in a long call; far above it is an attack.
constexpr std::size_t said_max = 8 * (limits::room_members + limits::lobby_guests);
constexpr std::size_t issuers_max = limits::room_members;

// policy, end and ask-to-mute are ordered by issuer alone, whatever track or subject they name.
Hash ordering_subject(const StatementFields& fields) noexcept {
  const bool by_subject = fields.kind == StatementKind::admit ||
                          fields.kind == StatementKind::remove ||
                          fields.kind == StatementKind::grant;
  return by_subject ? fields.subject : Hash{};
}

}  // namespace

RosterHash roster_hash(const RoomHash& room, const std::vector<LeafId>& ascending) noexcept {
  Buffer list(4 + 32 * ascending.size());
  store_be(list.data(), static_cast<std::uint32_t>(ascending.size()));
  std::size_t at = 4;
  for (const LeafId& id : ascending) {
    copy(MutBytes(list).subspan(at, 32), id.value());
    at += 32;
  }
  return RosterHash(labelled_hash("v100 roster", {room.value(), list}));
}

Roster::Roster(const RoomId& room, const Link& link, const Leaf& self)
    : room_(room.hash()), link_(link), self_(self.id()) {
  members_.emplace(self_, Member{self, {}, true});
  leaves_.emplace(self_, self);
  rehash();
}

Result<void> Roster::learn_issuer(Bytes key) {
  const DeviceKey parsed = TRY(DeviceKey::parse(key));
  if (issuers_.size() == issuers_max) {
    return fail(Errc::too_large, "roster: too many issuers");
  }
  issuers_.emplace(fingerprint(parsed.bytes()), parsed);
  return {};
}

const DeviceKey* Roster::key_of(const Fingerprint& device) const noexcept {
  const auto issuer = issuers_.find(device);
  if (issuer != issuers_.end()) {
    return &issuer->second;
  }
  for (const auto& [id, leaf] : leaves_) {
    if (leaf && leaf->device() == device) {
      return &leaf->device_key();
    }
  }
  return nullptr;
}

Role Roster::role(const Fingerprint& device) const noexcept {
  if (device == link_.host) {
    return Role::host;
  }
  const auto grant = said_.find(Said{link_.host, StatementKind::grant, device.value()});
  return grant != said_.end() && grant->second.argument == grant_cohost ? Role::cohost
                                                                        : Role::guest;
}

bool Roster::may(const Fingerprint& issuer, StatementKind kind) const noexcept {
  const Role has = role(issuer);
  const bool host_only = kind == StatementKind::grant || kind == StatementKind::end;
  return has == Role::host || (has == Role::cohost && !host_only);
}

bool Roster::counts(const Said& said) const noexcept { return may(said.issuer, said.kind); }

Result<void> Roster::take(const Statement& statement) {
  const StatementFields& fields = statement.fields();
  if (!may(fields.issuer, fields.kind)) {
    return fail(Errc::forbidden, "statement: its issuer may not say this");
  }
  const Said said{fields.issuer, fields.kind, ordering_subject(fields)};
  const auto kept = said_.find(said);
  if (kept != said_.end() && fields.seq <= kept->second.seq) {
    return fail(Errc::conflict, "statement: not newer than one we have");
  }
  if (kept == said_.end() && said_.size() == said_max) {
    return fail(Errc::too_large, "statement: too many in this room");
  }
  const DeviceKey* const key = key_of(fields.issuer);
  if (key == nullptr) {
    return fail(Errc::not_found, "statement: nobody showed its issuer's key");
  }
  TRY(statement.verify(*key));
  said_[said] = Value{fields.seq, fields.argument};
  return {};
}

std::size_t Roster::take_all(const std::vector<Buffer>& statements) {
  std::size_t refused = 0;
  for (const bool grants : {true, false}) {
    for (const Buffer& bytes : statements) {
      const bool is_grant =
          bytes.size() > 1 && bytes[1] == static_cast<std::uint8_t>(StatementKind::grant);
      if (is_grant != grants) {
        continue;
      }
      const Result<Statement> statement = Statement::parse(bytes, room_);
      const Result<void> taken =
          statement ? take(*statement) : Result<void>(std::unexpected(statement.error()));
      refused += !taken && taken.error().code != Errc::conflict ? 1 : 0;
    }
  }
  return refused;
}

Policy Roster::policy() const noexcept {
  Policy policy{link_.lobby, false};
  std::uint64_t newest = 0;
  for (const auto& [said, value] : said_) {
    if (said.kind == StatementKind::policy && counts(said) && value.seq > newest) {
      newest = value.seq;
      policy = Policy{(value.argument & policy_lobby) != 0, (value.argument & policy_locked) != 0};
    }
  }
  return policy;
}

bool Roster::is_said(StatementKind kind, const Hash& subject,
                     const std::optional<Fingerprint>& except) const noexcept {
  return std::any_of(said_.begin(), said_.end(), [&](const auto& entry) {
    const Said& said = entry.first;
    return said.kind == kind && said.subject == subject && counts(said) &&
           !(except && said.issuer == *except);
  });
}

bool Roster::removed(const LeafId& leaf) const noexcept {
  return is_said(StatementKind::remove, leaf.value(), std::nullopt);
}

bool Roster::admitted(const LeafId& leaf) const noexcept {
  return is_said(StatementKind::admit, leaf.value(), std::nullopt);
}

bool Roster::ended() const noexcept { return is_said(StatementKind::end, Hash{}, std::nullopt); }

std::uint64_t Roster::next_seq(const Fingerprint& issuer, WallTime now) const noexcept {
  std::uint64_t last = 0;
  for (const auto& [said, value] : said_) {
    if (said.issuer == issuer || said.subject == issuer.value()) {
      last = std::max(last, value.seq);
    }
  }
  return std::max(last + 1, static_cast<std::uint64_t>(now.value()));
}

std::vector<LeafId> Roster::unadmitted(const std::optional<Fingerprint>& leaving) const {
  std::vector<LeafId> list;
  for (const auto& [id, member] : members_) {
    const Role has = role(member.leaf.device());
    const bool by_role = has != Role::guest && !(leaving && member.leaf.device() == *leaving);
    if (!by_role && !is_said(StatementKind::admit, id.value(), leaving)) {
      list.push_back(id);
    }
  }
  return list;
}

// The leaf of an entry, parsed and verified the first time its bytes come.
const Leaf* Roster::known(const ShownMember& shown) {
  const auto found = leaves_.find(shown.id);
  if (found != leaves_.end()) {
    return found->second ? &*found->second : nullptr;
  }
  if (shown.leaf.empty()) {
    return nullptr;
  }
  Result<Leaf> leaf = Leaf::parse(shown.leaf, room_);
  const bool good = leaf && leaf->id() == shown.id;
  const auto kept =
      leaves_.emplace(shown.id, good ? std::optional<Leaf>(*leaf) : std::nullopt).first;
  return kept->second ? &*kept->second : nullptr;
}

Refusal Roster::refusal(const ShownMember& shown) {
  const Leaf* const leaf = known(shown);
  if (leaf == nullptr) {
    return leaves_.contains(shown.id) ? Refusal::bad_leaf : Refusal::no_leaf;
  }
  if (removed(shown.id)) {
    return Refusal::removed;
  }
  if (members_.contains(shown.id)) {
    return Refusal::none;  // once accepted it stays so
  }
  if (!leaf->invited(link_.secret)) {
    return Refusal::not_invited;
  }
  for (const auto& [id, member] : members_) {
    if (member.leaf.sender() == leaf->sender()) {
      return Refusal::sender_taken;
    }
  }
  const Policy now = policy();
  const bool open = !now.lobby && !now.locked;
  return open || role(leaf->device()) != Role::guest || admitted(shown.id) ? Refusal::none
                                                                           : Refusal::not_admitted;
}

Result<bool> Roster::show(const std::vector<ShownMember>& shown,
                          const std::vector<ShownMember>& lobby) {
  if (shown.size() > limits::room_members) {
    return fail(Errc::too_large, "roster: more members than a room holds");
  }
  for (const ShownMember& one : shown) {
    known(one);
  }
  shown_.clear();
  for (const ShownMember& one : shown) {
    shown_.push_back(ShownMember{one.id, {}, one.tracks, one.connected});
  }
  const bool changed = judge();
  show_lobby(lobby);
  forget_unseen();
  return changed;
}

bool Roster::judge() {
  const RosterHash before = hash_;
  std::set<LeafId> present;
  for (const ShownMember& one : shown_) {
    present.insert(one.id);
  }
  std::erase_if(members_, [&](const auto& entry) {
    return entry.first != self_ && (!present.contains(entry.first) || removed(entry.first));
  });
  intruders_.clear();
  for (const ShownMember& one : shown_) {
    const Refusal why = one.id == self_ ? Refusal::none : refusal(one);
    const Leaf* const leaf = known(one);
    if (why != Refusal::none || leaf == nullptr) {
      intruders_.push_back(
          Intruder{one.id, why, leaf ? std::optional(leaf->device()) : std::nullopt});
      continue;
    }
    Member& member = members_.try_emplace(one.id, Member{*leaf, {}, true}).first->second;
    member.tracks = one.tracks;
    member.connected = one.connected;
  }
  rehash();
  return hash_ != before;
}

void Roster::show_lobby(const std::vector<ShownMember>& lobby) {
  lobby_.clear();
  for (const ShownMember& one : lobby) {
    if (lobby_.size() == limits::lobby_guests) {
      break;
    }
    if (const Leaf* const leaf = known(one)) {
      lobby_.emplace(one.id, Guest{*leaf, leaf->invited(link_.secret)});
    }
  }
}

// Leaves are kept while the roster or the lobby shows them: their number stays bounded.
void Roster::forget_unseen() {
  std::set<LeafId> seen{self_};
  for (const ShownMember& one : shown_) {
    seen.insert(one.id);
  }
  for (const auto& [id, guest] : lobby_) {
    seen.insert(id);
  }
  for (const auto& [id, leaf] : leaves_) {
    if (leaf && !seen.contains(id) && role(leaf->device()) != Role::guest &&
        issuers_.size() < issuers_max) {
      issuers_.emplace(leaf->device(), leaf->device_key());  // its statements outlive its leaf
    }
  }
  std::erase_if(leaves_, [&](const auto& entry) { return !seen.contains(entry.first); });
}

void Roster::rehash() noexcept {
  std::vector<LeafId> ids;
  for (const auto& [id, member] : members_) {
    ids.push_back(id);
  }
  hash_ = roster_hash(room_, ids);
}

}  // namespace v100::e2ee
