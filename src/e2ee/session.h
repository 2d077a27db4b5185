// One device's part in one call, without I/O: it judges the roster, exchanges keys, keeps the
// group's view of itself, and says what the badge may claim. The host (a browser's crypto worker, a
// test) brings in messages, time and job results, and drains the outputs. docs/spec/e2ee.md.
#pragma once

#include <string>

#include "e2ee/badge.h"
#include "e2ee/data_message.h"
#include "e2ee/key_exchange.h"
#include "e2ee/outputs.h"
#include "e2ee/roster.h"

namespace v100::e2ee {

// The roster message of signaling.md §2, decoded.
struct ServerRoster {
  std::vector<ShownMember> members;
  std::vector<ShownMember> lobby;
  std::vector<Buffer> statements;
  std::vector<Buffer> issuers;
};

// Both clocks at one moment.
struct Now {
  Instant instant;
  WallTime wall;
};

struct ParticipantView {
  LeafId id;
  Fingerprint device;
  bool self = false;
  Refusal refusal = Refusal::none;  // anything else: an intruder
  Role role = Role::guest;
  Trust trust = Trust::first_use;
  std::string name;
  bool hand = false;
  std::uint8_t muted = 0;     // bit t: track t
  std::vector<Track> tracks;  // the server's word
  bool connected = true;      // the server's word
  Epoch epoch;                // of the key in use: mine to send with, or the member's newest
};

// Not thread-safe. Secrets (the call's KEM key, the epoch secrets, the link's secret) are wiped
// when it dies: destroy it at leave.
class Session {
 public:
  struct Config {
    RoomId room;
    Link link;
    ByteArray<device_key_bytes> device_key;  // the public one; SignJobs go to its private half
    std::string name;                        // at most name_bytes_max, else cut
  };
  // Starts making the leaf: the first outputs are jobs, and LeafReady follows.
  Session(Config config, Random& random, Now now);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::vector<Output> take_outputs() { return out_.take(); }
  void complete(JobId id, Bytes result, Now now) { finish(id, result, now); }
  void fail(JobId id, Now now) { finish(id, std::nullopt, now); }
  // At least every 100 ms.
  void tick(Now now);

  // From the server. Before LeafReady they are ignored.
  void on_welcome(Now now);
  void on_disconnected(Now now);
  // In the lobby, maybe again: nothing is sent until the next welcome.
  void on_waiting(Now now);
  void on_roster(const ServerRoster& roster, Now now);
  void on_statement(Bytes statement, Now now);
  void on_key(const LeafId& from, Bytes message, Now now);
  void on_data(const LeafId& from, Bytes frame, Now now);

  // From this device's user. A chat message waits, for a second at most, until newcomers can read
  // it.
  void set_name(std::string_view name, Now now);
  void set_hand(bool up, Now now);
  void set_muted(std::uint8_t tracks, Now now);
  void set_trust(const LeafId& member, Trust trust);
  // too_large; busy; unavailable before the call.
  Result<ChatText> chat(std::string_view text, Now now);
  // forbidden: not host or co-host (grant, end: not host). not_found: no such leaf.
  Result<void> admit(const LeafId& guest, Now now);
  Result<void> remove(const LeafId& member, Now now);
  Result<void> set_policy(const Policy& policy, Now now);
  Result<void> grant(const LeafId& member, Role role, Now now);  // cohost or guest
  Result<void> ask_to_mute(const LeafId& member, Track track, Now now);
  Result<void> end(Now now);

  const std::optional<Leaf>& leaf() const noexcept { return leaf_; }
  const std::optional<Roster>& roster() const noexcept { return roster_; }
  const RoomSecret& room_secret() const noexcept { return config_.link.secret; }
  Hash data_metadata() const noexcept;  // of track 0's frames
  std::optional<Epoch> sending() const noexcept;
  std::vector<ParticipantView> participants() const;
  // Without what only the host knows: which senders and receivers run unprotected.
  BadgeFacts facts(const FrameBook& frames, Instant now) const;

 private:
  struct Presence {
    Instant since;
    std::optional<Instant> state_at;
    RosterHash roster;                     // as its last state names it
    std::optional<Instant> differs_since;  // from ours
    std::string name;
    bool hand = false;
    std::uint8_t muted = 0;
    Trust trust = Trust::first_use;
  };
  enum class Kind : std::uint8_t { call_key, leaf, statement, seal_data, open_data };
  struct Pending {
    Kind kind;
    LeafId from;                // open_data
    StatementFields statement;  // statement
  };

  void finish(JobId id, std::optional<Bytes> result, Now now);
  void make_leaf(Bytes x25519_public);
  void leaf_signed(Bytes signature);
  void say(StatementKind kind, const Hash& subject, std::uint8_t argument, Now now);
  void statement_signed(const StatementFields& fields, Bytes signature, Now now);
  void statement_taken(const StatementFields& fields, Now now);
  Result<void> allowed(StatementKind kind) const;
  void admit_all(const std::optional<Fingerprint>& leaving, Now now);
  bool admits_for_room() const;
  void roster_judged(bool changed, Now now);
  bool key_is_coming(const LeafId& from, Bytes frame) const;
  void open_data(const LeafId& from, Buffer frame);
  void open_early(Now now);
  void on_text(const LeafId& from, Bytes text, Now now);
  void on_state(const LeafId& from, const StateMessage& state, Now now);
  void compare_rosters(Now now);
  void send_chats(Now now);
  void send_state_if_due(Now now);
  void send_state(Now now);
  Duration state_interval() const noexcept;
  MemberFacts member_facts(const LeafId& id, const FrameBook& frames, Instant now) const;
  JobId job(Kind kind, const LeafId& from, const StatementFields& statement);

  Config config_;
  Random& random_;
  Outbox out_;
  CallKey call_key_;
  std::optional<LeafDraft> draft_;
  std::optional<Leaf> leaf_;
  std::optional<Roster> roster_;
  std::optional<KeyExchange> keys_;
  std::map<LeafId, Presence> presence_;  // of accepted members but self
  std::map<JobId, Pending> jobs_;
  struct EarlyData {  // came before the key that opens it
    LeafId from;
    Buffer frame;
    Instant until;
  };
  std::vector<EarlyData> early_;
  std::vector<ChatText> chats_;  // wait for a key that newcomers have too
  WallTime created_;
  std::uint64_t last_seq_ = 0;
  std::set<LeafId> admitting_;  // admits on their way
  bool started_ = false;
  bool over_ = false;
  std::optional<Instant> disconnected_at_;
  bool hand_ = false;
  std::uint8_t muted_ = 0;
  bool state_dirty_ = false;
  std::uint64_t keys_version_ = 0;  // of the last state sent
  std::optional<Instant> state_sent_at_;
  Epoch state_epoch_;  // that the last state was sealed under
};

}  // namespace v100::e2ee
