// A room as meeting keeps it: its record, how it stands just now, and the writes that are not
// durable yet, which are tried until they are.
#pragma once

#include <map>
#include <string>

#include "base/units.h"
#include "svc/meeting/api.h"
#include "svc/service.h"

namespace v100::meeting {

inline constexpr std::string_view rooms_table = "rooms";
inline constexpr std::string_view statements_table = "room_statements";  // key: ROOM/SLOT
inline constexpr std::string_view issuers_table = "room_issuers";        // key: ROOM/FINGERPRINT

// What the store holds of a room, but for its statements.
struct RoomRecord {
  e2ee::Fingerprint host;
  bool lobby = false;
  WallTime created;
  WallTime last_used;
};
Buffer encode(const RoomRecord& record);
Result<RoomRecord> decode_record(Bytes bytes);

class KeptRoom {
 public:
  KeptRoom(std::string id, RoomRecord record) : id_(std::move(id)), record_(record) {
    now_.room = id_;
    now_.lobby = record.lobby;
  }
  const std::string& id() const noexcept { return id_; }
  const RoomRecord& record() const noexcept { return record_; }
  const Presence& now() const noexcept { return now_; }
  void set_now(const Presence& presence) { now_ = presence; }

  void write_record();  // as it stands
  void used(WallTime at) {
    record_.last_used = at;
    write_record();
  }
  void write(const Keep& keep);

  // What waits to be written, taken into flight: empty when there is nothing, or a commit is out.
  Batch next_batch();
  void committed(bool durable);
  bool is_dirty() const noexcept { return !waiting_.empty(); }
  bool in_flight() const noexcept { return !flying_.empty(); }

  // The room's statements: the store's, and over them what is not durable yet.
  Result<RoomState> state(Store& store) const;

 private:
  using Place = std::pair<std::string, std::string>;  // table, key
  using Writes = std::map<Place, Buffer>;             // an empty value erases
  void overlay(std::map<std::string, Buffer>& records, std::string_view table) const;

  std::string id_;
  RoomRecord record_;
  Presence now_;
  Writes waiting_;
  Writes flying_;
};

}  // namespace v100::meeting
