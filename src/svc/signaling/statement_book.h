// What the host and co-hosts of one room have said, and what follows from it: roles, policy, who is
// admitted, who was removed (docs/spec/e2ee.md §4). Statements come in verified.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "e2ee/statement.h"
#include "svc/meeting/api.h"

namespace v100::signaling {

enum class Role : std::uint8_t { guest, cohost, host };
std::string_view name(Role role) noexcept;  // as the protocol writes it

struct Policy {
  bool lobby = false;
  bool locked = false;
  friend bool operator==(const Policy&, const Policy&) = default;
};

// Pure; bounded by limits::room_statements. It keeps the newest statement of each issuer, kind and
// subject; which of them count follows from the grants in force.
class StatementBook {
 public:
  using Kept = std::vector<meeting::KeptStatement>;

  StatementBook(const e2ee::Fingerprint& host, bool lobby) : host_(host), lobby_(lobby) {}
  // What meeting kept. Broken records are left out; false when there were some.
  bool restore(const meeting::RoomState& state, const e2ee::RoomHash& room);

  Role role(const e2ee::Fingerprint& device) const noexcept;
  Policy policy() const noexcept;
  bool admitted(const e2ee::LeafId& leaf) const noexcept;
  bool removed(const e2ee::LeafId& leaf) const noexcept;
  bool ended() const noexcept;

  // forbidden: its issuer may not say this. conflict: not newer than what is kept. busy: full.
  Result<void> check(const e2ee::StatementFields& fields) const noexcept;
  // After check(). What must survive a restart now.
  Kept take(const e2ee::Statement& statement, const e2ee::DeviceKey& issuer);

  // The host came back after `end`; and admits of leaves that are gone. What meeting may forget.
  Kept reopen();
  Kept forget_admits(const std::set<e2ee::LeafId>& present);

  // For the rosters: statements that count, admits only of `present` leaves.
  std::vector<const Buffer*> in_force(const std::set<e2ee::LeafId>& present) const;
  // The device key of an issuer; empty when none of its statements is kept.
  Bytes issuer_key(const e2ee::Fingerprint& device) const noexcept;
  // Issuers of the statements in force.
  std::vector<e2ee::Fingerprint> issuers() const;

 private:
  struct Said {
    e2ee::StatementKind kind{};
    e2ee::Fingerprint issuer;
    e2ee::Hash subject{};
    friend auto operator<=>(const Said&, const Said&) = default;
  };
  struct Value {
    std::uint64_t seq = 0;
    std::uint8_t argument = 0;
    Buffer bytes;
  };
  static Said said_of(const e2ee::StatementFields& fields) noexcept;
  static std::string slot(const Said& said);
  bool may(const e2ee::Fingerprint& issuer, e2ee::StatementKind kind) const noexcept;
  bool is_said(e2ee::StatementKind kind, const e2ee::Hash& subject) const noexcept;

  e2ee::Fingerprint host_;
  bool lobby_;
  std::map<Said, Value> said_;
  std::map<e2ee::Fingerprint, Buffer> issuers_;
};

}  // namespace v100::signaling
