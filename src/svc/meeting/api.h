// What signaling asks of and tells meeting: call("meeting", METHOD, encode(request)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "e2ee/ids.h"

namespace v100::meeting {

// METHOD "open": the request is a room id as text. Answer: RoomState, or not_found.
// Statements are opaque here: each is kept in a slot that signaling names.
struct KeptStatement {
  std::string slot;  // at most 160 bytes
  Buffer bytes;      // empty in Keep: forget the slot
};
struct RoomState {
  e2ee::Fingerprint host;
  bool lobby = false;  // the policy before any statement
  std::vector<KeptStatement> statements;
  std::vector<Buffer> issuers;  // device keys of those who made the statements
};

// METHOD "keep": what is to survive a restart. Answered empty when taken; meeting tries until it is
// durable.
struct Keep {
  std::string room;
  std::vector<KeptStatement> statements;
  std::vector<Buffer> issuers;
};

// METHOD "presence": for GET /v1/rooms/ROOM and for expiry; posted when it changes.
struct Presence {
  std::string room;
  std::uint32_t members = 0;
  bool lobby = false;
  bool locked = false;
  bool open = true;  // false once the host has ended it, until the host comes again
};

Buffer encode(const RoomState& m);
Buffer encode(const Keep& m);
Buffer encode(const Presence& m);
Result<RoomState> decode_room_state(Bytes bytes);
Result<Keep> decode_keep(Bytes bytes);
Result<Presence> decode_presence(Bytes bytes);

}  // namespace v100::meeting
