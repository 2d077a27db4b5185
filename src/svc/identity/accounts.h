// Who may ask the API for what: tenants, principals (users, devices, service accounts), the keys
// that speak for them, roles, and one-time tokens by which a first key comes in. All of it lies in
// memory, where the Gate looks keys up; every change is a batch for the store and an event for the
// key log. Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/directory.h"
#include "base/result.h"
#include "base/world.h"
#include "svc/service.h"

namespace v100::identity {

// ---- What a key may do: a bit each ----
namespace scope {
inline constexpr std::uint64_t identity_read = 1u << 0;   // look at the own tenant's principals
inline constexpr std::uint64_t identity_write = 1u << 1;  // and make, change and revoke them
inline constexpr std::uint64_t tenants = 1u << 2;        // the same for every tenant, and make some
inline constexpr std::uint64_t rooms = 1u << 3;          // make and end rooms
inline constexpr std::uint64_t attest_append = 1u << 4;  // hand records to the log
inline constexpr std::uint64_t match_verify = 1u << 5;   // ask for a match
inline constexpr std::uint64_t match_enrol = 1u << 6;    // enrol templates, revoke and delete them
inline constexpr std::uint64_t metrics = 1u << 7;        // read metrics over the API
}  // namespace scope

// A role is a set of scopes with a name; a principal has any number of them.
struct Role {
  const char* name;
  std::uint64_t scopes;
};
std::span<const Role> roles() noexcept;  // owner, admin, operator, member, service, auditor
std::uint64_t scopes_of(std::uint32_t roles) noexcept;  // bit i: roles()[i]

enum class PrincipalKind : std::uint8_t { user = 1, device = 2, service = 3 };
std::string_view name(PrincipalKind kind) noexcept;

struct Tenant {
  std::uint64_t id = 0;
  std::string name;
  WallTime made{0};
  bool closed = false;  // its keys are refused
};

struct Principal {
  std::uint64_t id = 0;
  std::uint64_t tenant = 0;
  std::uint64_t user = 0;  // whose device it is; 0 for others
  PrincipalKind kind = PrincipalKind::user;
  std::uint32_t roles = 0;  // bit i: roles()[i]
  std::string name;
  WallTime made{0};
  bool disabled = false;  // its keys are refused
  std::uint64_t scopes() const noexcept { return scopes_of(roles); }
};

// Shown once, kept as a hash.
struct Token {
  std::uint64_t principal = 0;
  WallTime expires{0};
};

namespace accounts_limit {
inline constexpr std::size_t tenants = 10'000;
inline constexpr std::size_t principals = 200'000;
inline constexpr std::size_t keys = 200'000;  // 2.2 KiB each
inline constexpr std::size_t keys_of_one = 16;
inline constexpr std::size_t tokens = 10'000;
inline constexpr std::size_t name_bytes = 64;
inline constexpr std::int64_t token_seconds = 30 * 86'400;
inline constexpr std::int64_t overlap_seconds = 30 * 86'400;
}  // namespace accounts_limit

// What a change did: for the store as a whole, and a line for the key log ("{...}", no secrets).
struct Change {
  Batch batch;
  std::string event;
};

// A proof of possession is an ML-DSA signature by the new key, context "V100 enrol v1", over
// SHA3-256(token's 32 bytes) (enrolment) or the old key's id (rotation), then the new key's id.
inline constexpr std::string_view enrol_context = "V100 enrol v1";
struct NewKey {
  keys::PublicKey key;
  Bytes proof;
};

class Accounts final : public auth::KeyDirectory {
 public:
  // Replaces what is in memory by what is in the store. Errors: the store's; malformed.
  Result<void> load(Store& store);

  // auth::KeyDirectory
  const auth::KeyRecord* find(const auth::KeyId& id) const override;
  std::uint64_t generation() const override { return generation_; }

  const Tenant* tenant(std::uint64_t id) const noexcept;
  const Principal* principal(std::uint64_t id) const noexcept;
  std::vector<const Tenant*> all_tenants() const;
  // Of one tenant, from `after` on in order of id, at most `limit`.
  std::vector<const Principal*> principals_of(std::uint64_t tenant, std::uint64_t after,
                                              std::size_t limit) const;
  std::vector<auth::KeyId> keys_of(std::uint64_t principal) const;
  bool has_any_key() const noexcept { return !keys_.empty(); }
  std::size_t key_count() const noexcept { return keys_.size(); }

  // ---- Changes. Memory has them at once; answer when the batch is durable, and load() if it
  // fails. Errors: malformed (a name, a role, a time), not_found, conflict, busy (a limit),
  // unauthenticated (token or proof).
  Result<std::uint64_t> make_tenant(std::string_view name, WallTime now, Change& out);
  Result<void> close_tenant(std::uint64_t id, bool closed, Change& out);
  struct NewPrincipal {
    std::uint64_t tenant = 0;
    std::uint64_t user = 0;
    PrincipalKind kind = PrincipalKind::user;
    std::uint32_t roles = 0;
    std::string_view name;
  };
  Result<std::uint64_t> make_principal(const NewPrincipal& wanted, WallTime now, Change& out);
  struct PrincipalEdit {
    std::optional<std::uint32_t> roles = {};
    std::optional<bool> disabled = {};
  };
  Result<void> edit_principal(std::uint64_t id, const PrincipalEdit& edit, Change& out);
  // The token itself: 43 characters of base64url.
  Result<std::string> make_token(std::uint64_t principal, std::int64_t seconds, WallTime now,
                                 Random& random, Change& out);
  Result<auth::KeyId> enrol(std::string_view token, const NewKey& wanted, WallTime now,
                            Change& out);
  // The old key stays good for `overlap_seconds` more.
  Result<auth::KeyId> rotate(const auth::KeyId& old, const NewKey& wanted,
                             std::int64_t overlap_seconds, WallTime now, Change& out);
  Result<void> revoke(const auth::KeyId& id, Change& out);
  void expire_tokens(WallTime now, Change& out);

 private:
  using TokenHash = ByteArray<32>;
  Result<void> check_new_key(const NewKey& wanted, Bytes bound_to, std::uint64_t principal) const;
  auth::KeyId add_key(const keys::PublicKey& key, std::uint64_t principal, WallTime now,
                      Change& out);
  void refresh_keys_of(std::uint64_t principal);
  void put_key(const auth::KeyId& id, Change& out) const;
  std::uint64_t next_id() noexcept { return ++last_id_; }

  std::map<std::uint64_t, Tenant> tenants_;
  std::map<std::uint64_t, Principal> principals_;
  // What the Gate sees is revoked too where the owner is disabled or the tenant closed.
  struct Held {
    auth::KeyRecord record;
    bool revoked = false;  // the key itself
  };
  std::unordered_map<auth::KeyId, Held, auth::KeyIdHash> keys_;
  std::multimap<std::uint64_t, auth::KeyId> keys_by_owner_;
  std::map<TokenHash, Token> tokens_;
  std::uint64_t last_id_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace v100::identity
