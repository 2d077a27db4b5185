// The seam for tests of a malicious server: sees what signaling is about to relay, per recipient,
// and may alter, drop, duplicate, redirect or inject. Production has none (a null pointer).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "e2ee/ids.h"

namespace v100::signaling {

enum class RelayKind : std::uint8_t { key, data, statement };

// One relayed message: `from` is who the recipient is told sent it (unused for statements).
struct Relay {
  RelayKind kind = RelayKind::data;
  e2ee::LeafId to;
  e2ee::LeafId from;
  Buffer bytes;
};

// A roster as one recipient is about to be told it. A member whose `leaf` is empty goes without
// (the recipient has seen it).
struct RosterMember {
  e2ee::LeafId id;
  std::string_view role;
  Buffer leaf;
  std::vector<std::uint8_t> tracks;
  bool connected = true;
};
struct RosterGuest {
  e2ee::LeafId id;
  Buffer leaf;
  Buffer knock;
};
struct RosterMessage {
  std::uint64_t version = 0;
  std::vector<RosterMember> members;
  std::vector<RosterGuest> lobby;
  std::vector<Buffer> statements;
  std::vector<Buffer> issuers;
};

// Called on the loop thread. `room` is the room's id as text.
class RelayTap {
 public:
  virtual ~RelayTap() = default;
  // What shall be sent goes into `out`: push `message` for honest behaviour, nothing to drop it,
  // more or others to duplicate, alter, redirect or inject. Unknown recipients are ignored.
  virtual void relay(std::string_view room, const Relay& message, std::vector<Relay>& out) = 0;
  virtual void roster(std::string_view room, const e2ee::LeafId& to, RosterMessage& message) = 0;
};

}  // namespace v100::signaling
