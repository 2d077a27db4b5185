#include "svc/identity/accounts.h"

#include <algorithm>

#include "auth/key_id.h"
#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "svc/identity/account_records.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace v100::identity {
namespace {

constexpr Role role_table[] = {
    {"owner", ~std::uint64_t{0}},
    {"admin", ~scope::tenants},
    {"operator", scope::identity_read | scope::rooms | scope::match_verify | scope::match_enrol |
                     scope::metrics},
    {"member", scope::rooms | scope::match_verify},
    {"service", scope::attest_append | scope::match_verify},
    {"auditor", scope::identity_read | scope::metrics},
};
constexpr std::uint32_t all_roles = (1u << std::size(role_table)) - 1;

ByteArray<32> sha3(Bytes bytes) {
  ByteArray<32> out;
  keccak::sha3_256(out, {bytes});
  return out;
}

// Names are for people: printable text without a line's end.
Result<void> check_name(std::string_view name) {
  const bool printable = std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
  if (name.empty() || name.size() > accounts_limit::name_bytes || !printable ||
      !wire::is_utf8(name)) {
    return fail(Errc::malformed, "identity: a name has 1 to 64 bytes of printable text");
  }
  return {};
}

template <class T, class Decode, class Take>
Result<void> load_table(Store& store, std::string_view table, std::size_t most, Decode decode,
                        Take take) {
  for (const Record& record : TRY(store.scan(table, "", most + 1))) {
    T value = TRY(decode(record.value));
    take(record.key, std::move(value));
  }
  return {};
}

// One line of the key log.
class Event {
 public:
  explicit Event(std::string_view what) { writer_.object().key("event").text(what); }
  Event& number(std::string_view name, std::uint64_t value) {
    writer_.key(name).integer(static_cast<std::int64_t>(value));
    return *this;
  }
  Event& key(std::string_view name, const auth::KeyId& id) {
    writer_.key(name).base64url(id);
    return *this;
  }
  std::string take() {
    writer_.end_object();
    return writer_.take();
  }

 private:
  wire::JsonWriter writer_;
};

}  // namespace

std::span<const Role> roles() noexcept { return role_table; }

std::string_view name(PrincipalKind kind) noexcept {
  switch (kind) {
    case PrincipalKind::user:
      return "user";
    case PrincipalKind::device:
      return "device";
    case PrincipalKind::service:
      return "service";
  }
  return "";
}

std::uint64_t scopes_of(std::uint32_t roles) noexcept {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < std::size(role_table); ++i) {
    all |= (roles >> i & 1) != 0 ? role_table[i].scopes : 0;
  }
  return all;
}

Result<void> Accounts::load(Store& store) {
  Accounts fresh;
  const auto highest = [&](std::uint64_t id) { fresh.last_id_ = std::max(fresh.last_id_, id); };
  TRY(load_table<Tenant>(store, records::tenants, accounts_limit::tenants, records::decode_tenant,
                         [&](const std::string&, Tenant m) {
                           highest(m.id);
                           fresh.tenants_.emplace(m.id, std::move(m));
                         }));
  TRY(load_table<Principal>(store, records::principals, accounts_limit::principals,
                            records::decode_principal, [&](const std::string&, Principal m) {
                              highest(m.id);
                              fresh.principals_.emplace(m.id, std::move(m));
                            }));
  TRY(load_table<auth::KeyRecord>(store, records::keys, accounts_limit::keys, records::decode_key,
                                  [&](const std::string&, auth::KeyRecord m) {
                                    const auth::KeyId id =
                                        auth::key_id_of({m.algorithm, m.public_key});
                                    fresh.keys_by_owner_.emplace(m.owner, id);
                                    const bool revoked = m.revoked;
                                    fresh.keys_.emplace(id, Held{std::move(m), revoked});
                                  }));
  TRY(load_table<Token>(store, records::tokens, accounts_limit::tokens, records::decode_token,
                        [&](const std::string& key, Token m) {
                          const Result<Buffer> hash = from_hex(key);
                          if (hash && hash->size() == 32) {
                            TokenHash id;
                            copy(id, *hash);
                            fresh.tokens_.emplace(id, m);
                          }
                        }));
  for (const auto& [id, principal] : fresh.principals_) {
    fresh.refresh_keys_of(id);
  }
  fresh.generation_ = generation_ + 1;
  *this = std::move(fresh);
  return {};
}

const auth::KeyRecord* Accounts::find(const auth::KeyId& id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second.record;
}
const Tenant* Accounts::tenant(std::uint64_t id) const noexcept {
  const auto found = tenants_.find(id);
  return found == tenants_.end() ? nullptr : &found->second;
}
const Principal* Accounts::principal(std::uint64_t id) const noexcept {
  const auto found = principals_.find(id);
  return found == principals_.end() ? nullptr : &found->second;
}
std::vector<const Tenant*> Accounts::all_tenants() const {
  std::vector<const Tenant*> out;
  for (const auto& [id, tenant] : tenants_) {
    out.push_back(&tenant);
  }
  return out;
}
std::vector<const Principal*> Accounts::principals_of(std::uint64_t tenant, std::uint64_t after,
                                                      std::size_t limit) const {
  std::vector<const Principal*> out;
  for (auto it = principals_.upper_bound(after); it != principals_.end() && out.size() < limit;
       ++it) {
    if (it->second.tenant == tenant) {
      out.push_back(&it->second);
    }
  }
  return out;
}
std::vector<auth::KeyId> Accounts::keys_of(std::uint64_t principal) const {
  std::vector<auth::KeyId> out;
  const auto [begin, end] = keys_by_owner_.equal_range(principal);
  for (auto it = begin; it != end; ++it) {
    out.push_back(it->second);
  }
  return out;
}

// Scopes and whether a key counts at all follow from its owner and the owner's tenant.
void Accounts::refresh_keys_of(std::uint64_t principal) {
  const Principal* owner = this->principal(principal);
  const Tenant* home = owner == nullptr ? nullptr : tenant(owner->tenant);
  const bool open = home != nullptr && !home->closed && !owner->disabled;
  const auto [begin, end] = keys_by_owner_.equal_range(principal);
  for (auto it = begin; it != end; ++it) {
    Held& held = keys_.at(it->second);
    held.record.scopes = open ? owner->scopes() : 0;
    held.record.revoked = held.revoked || !open;
  }
  ++generation_;
}

void Accounts::put_key(const auth::KeyId& id, Change& out) const {
  const Held& held = keys_.at(id);
  auth::KeyRecord kept = held.record;
  kept.revoked = held.revoked;
  out.batch.put(records::keys, to_hex(id), records::encode(kept));
}

Result<std::uint64_t> Accounts::make_tenant(std::string_view name, WallTime now, Change& out) {
  TRY(check_name(name));
  if (tenants_.size() >= accounts_limit::tenants) {
    return fail(Errc::busy, "identity: no more tenants fit");
  }
  if (std::ranges::any_of(tenants_, [&](const auto& t) { return t.second.name == name; })) {
    return fail(Errc::conflict, "identity: there is a tenant of this name");
  }
  const Tenant made{.id = next_id(), .name = std::string(name), .made = now};
  out.batch.put(records::tenants, records::number_key(made.id), records::encode(made));
  out.event = Event("tenant-made").number("tenant", made.id).take();
  tenants_.emplace(made.id, made);
  return made.id;
}

Result<void> Accounts::close_tenant(std::uint64_t id, bool closed, Change& out) {
  const auto found = tenants_.find(id);
  if (found == tenants_.end()) {
    return fail(Errc::not_found, "identity: no such tenant");
  }
  found->second.closed = closed;
  out.batch.put(records::tenants, records::number_key(id), records::encode(found->second));
  out.event = Event(closed ? "tenant-closed" : "tenant-opened").number("tenant", id).take();
  for (const auto& [principal, value] : principals_) {
    if (value.tenant == id) {
      refresh_keys_of(principal);
    }
  }
  return {};
}

Result<std::uint64_t> Accounts::make_principal(const NewPrincipal& wanted, WallTime now,
                                               Change& out) {
  TRY(check_name(wanted.name));
  if (principals_.size() >= accounts_limit::principals) {
    return fail(Errc::busy, "identity: no more principals fit");
  }
  if (tenant(wanted.tenant) == nullptr) {
    return fail(Errc::not_found, "identity: no such tenant");
  }
  if ((wanted.roles & ~all_roles) != 0) {
    return fail(Errc::malformed, "identity: no such role");
  }
  const Principal* user = principal(wanted.user);
  const bool of_user = wanted.kind == PrincipalKind::device;
  if (of_user != (wanted.user != 0) ||
      (of_user &&
       (user == nullptr || user->kind != PrincipalKind::user || user->tenant != wanted.tenant))) {
    return fail(Errc::malformed, "identity: a device belongs to a user of its tenant");
  }
  const Principal made{.id = next_id(),
                       .tenant = wanted.tenant,
                       .user = wanted.user,
                       .kind = wanted.kind,
                       .roles = wanted.roles,
                       .name = std::string(wanted.name),
                       .made = now};
  out.batch.put(records::principals, records::number_key(made.id), records::encode(made));
  out.event = Event("principal-made")
                  .number("principal", made.id)
                  .number("tenant", made.tenant)
                  .number("roles", made.roles)
                  .take();
  principals_.emplace(made.id, made);
  return made.id;
}

Result<void> Accounts::edit_principal(std::uint64_t id, const PrincipalEdit& edit, Change& out) {
  const auto found = principals_.find(id);
  if (found == principals_.end()) {
    return fail(Errc::not_found, "identity: no such principal");
  }
  if ((edit.roles.value_or(0) & ~all_roles) != 0) {
    return fail(Errc::malformed, "identity: no such role");
  }
  Principal& principal = found->second;
  principal.roles = edit.roles.value_or(principal.roles);
  principal.disabled = edit.disabled.value_or(principal.disabled);
  out.batch.put(records::principals, records::number_key(id), records::encode(principal));
  out.event = Event("principal-changed")
                  .number("principal", id)
                  .number("roles", principal.roles)
                  .number("disabled", principal.disabled ? 1 : 0)
                  .take();
  refresh_keys_of(id);
  return {};
}

Result<std::string> Accounts::make_token(std::uint64_t principal, std::int64_t seconds,
                                         WallTime now, Random& random, Change& out) {
  if (this->principal(principal) == nullptr) {
    return fail(Errc::not_found, "identity: no such principal");
  }
  if (seconds < 1 || seconds > accounts_limit::token_seconds) {
    return fail(Errc::malformed, "identity: a token lives from a second to 30 days");
  }
  if (tokens_.size() >= accounts_limit::tokens) {
    return fail(Errc::busy, "identity: too many tokens wait to be used");
  }
  ByteArray<32> secret;
  random.fill(secret);
  const TokenHash hash = sha3(secret);
  const Token token{.principal = principal, .expires = WallTime(now.value() + seconds * 1000)};
  out.batch.put(records::tokens, to_hex(hash), records::encode(token));
  out.event = Event("token-made").number("principal", principal).take();
  tokens_.emplace(hash, token);
  return to_base64url(secret);
}

Result<void> Accounts::check_new_key(const NewKey& wanted, Bytes bound_to,
                                     std::uint64_t principal) const {
  if (keys::info(wanted.key.algorithm).kind != keys::Kind::mldsa) {
    return fail(Errc::malformed, "identity: keys that sign requests are ML-DSA keys");
  }
  const auth::KeyId id = auth::key_id_of(wanted.key);
  Buffer message = to_buffer(bound_to);
  append(message, id);
  if (!keys::verify(wanted.key, message, as_bytes(enrol_context), wanted.proof)) {
    return fail(Errc::unauthenticated, "identity: the new key did not sign for itself");
  }
  if (keys_.contains(id)) {
    return fail(Errc::conflict, "identity: this key is known");
  }
  if (keys_.size() >= accounts_limit::keys ||
      keys_by_owner_.count(principal) >= accounts_limit::keys_of_one) {
    return fail(Errc::busy, "identity: no more keys fit");
  }
  return {};
}

auth::KeyId Accounts::add_key(const keys::PublicKey& key, std::uint64_t principal, WallTime now,
                              Change& out) {
  const auth::KeyId id = auth::key_id_of(key);
  auth::KeyRecord record;
  record.algorithm = key.algorithm;
  record.public_key = key.bytes;
  record.not_before = now;
  record.owner = principal;
  keys_.emplace(id, Held{std::move(record), false});
  keys_by_owner_.emplace(principal, id);
  refresh_keys_of(principal);
  put_key(id, out);
  return id;
}

Result<auth::KeyId> Accounts::enrol(std::string_view token, const NewKey& wanted, WallTime now,
                                    Change& out) {
  const Buffer secret = TRY(from_base64url(token));
  const TokenHash hash = sha3(secret);
  const auto found = tokens_.find(hash);
  if (found == tokens_.end() || found->second.expires < now) {
    return fail(Errc::unauthenticated, "identity: no such token, or it was used or is over");
  }
  const std::uint64_t principal = found->second.principal;
  TRY(check_new_key(wanted, hash, principal));
  out.batch.erase(records::tokens, to_hex(hash));
  tokens_.erase(found);
  const auth::KeyId id = add_key(wanted.key, principal, now, out);
  out.event = Event("key-enrolled").key("key", id).number("principal", principal).take();
  return id;
}

Result<auth::KeyId> Accounts::rotate(const auth::KeyId& old, const NewKey& wanted,
                                     std::int64_t overlap_seconds, WallTime now, Change& out) {
  const auto found = keys_.find(old);
  if (found == keys_.end() || found->second.record.revoked) {
    return fail(Errc::not_found, "identity: no such key");
  }
  if (overlap_seconds < 0 || overlap_seconds > accounts_limit::overlap_seconds) {
    return fail(Errc::malformed, "identity: keys overlap by 0 seconds to 30 days");
  }
  TRY(check_new_key(wanted, old, found->second.record.owner));
  const auth::KeyId id = add_key(wanted.key, found->second.record.owner, now, out);
  auth::KeyRecord& before = keys_.at(old).record;  // add_key may have moved it
  before.not_after = std::min(before.not_after, WallTime(now.value() + overlap_seconds * 1000));
  put_key(old, out);
  out.event = Event("key-rotated")
                  .key("key", id)
                  .key("from", old)
                  .number("principal", before.owner)
                  .number("until_ms", static_cast<std::uint64_t>(before.not_after.value()))
                  .take();
  return id;
}

Result<void> Accounts::revoke(const auth::KeyId& id, Change& out) {
  const auto found = keys_.find(id);
  if (found == keys_.end()) {
    return fail(Errc::not_found, "identity: no such key");
  }
  found->second.revoked = found->second.record.revoked = true;
  ++generation_;
  put_key(id, out);
  out.event =
      Event("key-revoked").key("key", id).number("principal", found->second.record.owner).take();
  return {};
}

void Accounts::expire_tokens(WallTime now, Change& out) {
  std::erase_if(tokens_, [&](const auto& entry) {
    const bool over = entry.second.expires < now;
    if (over) {
      out.batch.erase(records::tokens, to_hex(entry.first));
    }
    return over;
  });
}

}  // namespace v100::identity
