// Who is in the call by this client's own judgement: statements, the rules for taking a leaf, the
// roster's hash, and the intruders a server shows beside it (docs/spec/e2ee.md §4, §5).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "e2ee/link.h"
#include "e2ee/sframe.h"
#include "e2ee/statement.h"

namespace v100::e2ee {

enum class Role : std::uint8_t { guest, cohost, host };

// Why a leaf that the server shows is not taken.
enum class Refusal : std::uint8_t {
  none,
  no_leaf,       // only an id
  bad_leaf,      // malformed, wrong signature, another room's, or not the id claimed
  not_invited,   // made without the link
  sender_taken,  // its sender_id is another member's
  removed,
  not_admitted,
};

struct Policy {
  bool lobby = false;
  bool locked = false;
  friend bool operator==(const Policy&, const Policy&) = default;
};

// One entry of the server's roster. `leaf` is empty when the server has shown it before.
struct ShownMember {
  LeafId id;
  Buffer leaf;
  std::vector<Track> tracks;
  bool connected = true;
};

// Owned by a Session; fed with what the server relays. Bounded by limits::room_members and
// limits::lobby_guests; what is above them is refused (too_large).
class Roster {
 public:
  struct Member {
    Leaf leaf;
    std::vector<Track> tracks;  // the server's word
    bool connected = true;      // the server's word
  };
  struct Intruder {
    LeafId id;
    Refusal why;
    std::optional<Fingerprint> device;
  };
  struct Guest {
    Leaf leaf;
    bool invited = false;
  };

  // `link` outlives this.
  Roster(const RoomId& room, const Link& link, const Leaf& self);

  // A device key (1,952 bytes) of a statement's issuer. malformed: size.
  Result<void> learn_issuer(Bytes key);
  // Verifies and keeps. not_found: nobody showed the issuer's key. unauthenticated: forged.
  // forbidden: the issuer may not say this. conflict: not newer than what is kept.
  Result<void> take(const Statement& statement);
  // Takes any number in any order: grants first, then the rest. Returns how many were refused for a
  // reason other than `conflict`.
  std::size_t take_all(const std::vector<Buffer>& statements);
  // The server's whole roster. True when the accepted set changed. Members and lobby come in one
  // step: who moved from one to the other is still known.
  Result<bool> show(const std::vector<ShownMember>& shown, const std::vector<ShownMember>& lobby);
  // Applies the rules again to what was shown last, after a statement. True as above.
  bool judge();

  const LeafId& self() const noexcept { return self_; }
  const RoomHash& room() const noexcept { return room_; }
  const std::map<LeafId, Member>& members() const noexcept { return members_; }  // with self
  const std::vector<Intruder>& intruders() const noexcept { return intruders_; }
  const std::map<LeafId, Guest>& lobby() const noexcept { return lobby_; }
  RosterHash hash() const noexcept { return hash_; }
  Policy policy() const noexcept;
  Role role(const Fingerprint& device) const noexcept;
  bool may(const Fingerprint& issuer, StatementKind kind) const noexcept;
  bool removed(const LeafId& leaf) const noexcept;
  bool admitted(const LeafId& leaf) const noexcept;  // by somebody who may
  bool ended() const noexcept;
  // A seq above everything that `issuer` has said and that was said about it.
  std::uint64_t next_seq(const Fingerprint& issuer, WallTime now) const noexcept;
  // Accepted leaves that need an `admit` by `issuer`: none has one that counts without `leaving`.
  std::vector<LeafId> unadmitted(const std::optional<Fingerprint>& leaving) const;

 private:
  // Statements kept: the newest for each issuer, kind and subject.
  struct Said {
    Fingerprint issuer;
    StatementKind kind;
    Hash subject;
    friend auto operator<=>(const Said&, const Said&) = default;
  };
  struct Value {
    std::uint64_t seq = 0;
    std::uint8_t argument = 0;
  };

  const DeviceKey* key_of(const Fingerprint& device) const noexcept;
  bool counts(const Said& said) const noexcept;
  bool is_said(StatementKind kind, const Hash& subject,
               const std::optional<Fingerprint>& except) const noexcept;
  const Leaf* known(const ShownMember& shown);
  Refusal refusal(const ShownMember& shown);
  void show_lobby(const std::vector<ShownMember>& lobby);
  void rehash() noexcept;
  void forget_unseen();

  RoomHash room_;
  const Link& link_;
  LeafId self_;
  std::map<LeafId, Member> members_;
  std::vector<Intruder> intruders_;
  std::map<LeafId, Guest> lobby_;
  std::map<LeafId, std::optional<Leaf>> leaves_;  // every leaf shown; nothing: a bad one
  std::vector<ShownMember> shown_;                // last roster, without leaf bytes
  std::map<Fingerprint, DeviceKey> issuers_;
  std::map<Said, Value> said_;
  RosterHash hash_;
};

RosterHash roster_hash(const RoomHash& room, const std::vector<LeafId>& ascending) noexcept;

}  // namespace v100::e2ee
