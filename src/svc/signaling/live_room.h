// A room in use: its members, its lobby, what its host said, and what each of them must be told.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "e2ee/leaf.h"
#include "svc/meeting/api.h"
#include "svc/signaling/client_message.h"
#include "svc/signaling/desk.h"
#include "svc/signaling/statement_book.h"

namespace v100::signaling {

// Messages for a member whose socket is down, until it is back: the newest key message of each
// sender, and what else fits; the oldest goes first.
class Backlog {
 public:
  static constexpr std::size_t bytes_max = 512 * 1024;
  void add(const Relay& relay);
  std::vector<Relay> take();
  std::size_t dropped() const noexcept { return dropped_; }

 private:
  std::map<e2ee::LeafId, Relay> keys_;
  std::deque<Relay> rest_;
  std::size_t bytes_ = 0;  // of rest_
  std::size_t dropped_ = 0;
};

class LiveRoom {
 public:
  // How long a member without socket stays one: when its line was lost, and when its client closed
  // it in order. A page that is left closes so; one that is loaded again is back as a new leaf,
  // which takes the old one's place, well within this time.
  static constexpr Duration absence_max = Duration::seconds(30);
  static constexpr Duration closed_max = Duration::seconds(4);
  // How long a member stays without an `admit` once the room has a lobby or is locked: the host's
  // client admits those it sees; whom it did not see yet, no newcomer would take.
  static constexpr Duration unvouched_max = Duration::seconds(3);

  LiveRoom(Desk& desk, const e2ee::RoomId& id, std::uint16_t media_port);
  LiveRoom(const LiveRoom&) = delete;
  LiveRoom& operator=(const LiveRoom&) = delete;

  const std::string& id() const noexcept { return id_; }
  const e2ee::RoomHash& hash() const noexcept { return hash_; }
  bool loaded() const noexcept { return book_.has_value(); }
  void load(const meeting::RoomState& state);

  // A verified hello. What becomes of it is told to the client; an error is left to the caller.
  struct Arrival {
    e2ee::Leaf leaf;
    Buffer knock;
    bool draining = false;
  };
  Result<void> arrive(Connection& connection, const Arrival& arrival);
  void disconnected(const Connection& connection, Instant now);
  void leave(const e2ee::LeafId& member);

  // A statement whose signature is verified, by the member of this connection.
  Result<void> obey(const e2ee::Statement& statement, const Connection& from);
  // forbidden or conflict, before the signature is looked at.
  Result<void> check(const e2ee::StatementFields& fields) const { return book_->check(fields); }
  void relay_keys(const e2ee::LeafId& from, const KeysMessage& message);
  void relay_data(const e2ee::LeafId& from, const DataMessage& message);
  // Whether the sfu holds a member's track back: from a host's ask-to-mute until the member says
  // `unmute`.
  void hold(const e2ee::LeafId& member, sfu::Track track, bool held);
  void set_tracks(const e2ee::LeafId& member, const std::vector<sfu::SendLine>& sends);
  SocketId socket_of(std::string_view member) const;  // by its id in hex; 0: none

  void tick(Instant now);  // those gone too long
  void publish();          // rosters and presence, if something changed
  void end_all(std::string_view reason);
  bool idle() const noexcept { return members_.empty() && guests_.empty(); }
  void forget_admits();
  std::size_t members() const noexcept { return members_.size(); }

 private:
  struct Member {
    e2ee::Leaf leaf;
    SocketId socket;
    bool connected = true;
    Instant stays_until{};  // when not connected
    std::vector<std::uint8_t> tracks{};
    std::set<sfu::Track> held{};  // a host asked to mute them
    Buffer knock{};               // should it have to wait again
    Backlog backlog{};
    std::optional<Instant> unvouched_since{};
  };
  struct Guest {
    e2ee::Leaf leaf;
    SocketId socket;
    Buffer knock;
  };

  Result<void> resume(Connection& connection, Member& member);
  void become_member(Connection& connection, const e2ee::Leaf& leaf, Buffer knock);
  void wait_in_lobby(Connection& connection, const Arrival& arrival);
  Result<void> sender_is_free(const e2ee::Leaf& leaf) const;
  void drop_ghosts(const e2ee::Leaf& leaf);
  bool vouched(const e2ee::Leaf& leaf) const;
  void turn_out_unvouched(Instant now);
  void turn_out(const e2ee::LeafId& id, bool to_lobby);
  void admit_guests();
  void remove(const e2ee::LeafId& leaf);
  void erase_member(const e2ee::LeafId& leaf, const char* sfu_method);
  void keep(StatementBook::Kept kept, Bytes issuer);

  void tell_sfu(const e2ee::LeafId& member, sfu::Track track, bool muted);
  void relay(const Relay& message);
  void deliver(const Relay& message);
  void send_roster(const e2ee::LeafId& to, const Member& member);
  void add_statements(Connection& to, RosterMessage& message) const;
  void publish_presence();
  std::set<e2ee::LeafId> present() const;

  Desk& desk_;
  std::string id_;
  e2ee::RoomHash hash_;
  std::uint16_t media_port_;
  std::optional<StatementBook> book_;
  std::map<e2ee::LeafId, Member> members_;
  std::map<e2ee::LeafId, Guest> guests_;
  std::uint64_t version_ = 0;
  bool dirty_ = false;
  Buffer presence_;  // as last told to meeting
};

}  // namespace v100::signaling
