// Sender keys: each member draws an epoch secret and sends it to every other under X-Wing
// (docs/spec/e2ee.md §6). When group keys come by MLS they take this class's place: the Session
// tells it of roster changes, messages and confirmations, and it puts InstallKey, EraseKey and
// StartSending into the outbox.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>

#include "base/units.h"
#include "base/world.h"
#include "e2ee/frames.h"
#include "e2ee/outputs.h"
#include "e2ee/roster.h"

namespace v100::e2ee {

inline constexpr Duration epoch_gather = Duration::milliseconds(500);  // joins within it together
inline constexpr Duration epoch_life = Duration::seconds(300);
inline constexpr Duration switch_wait = Duration::seconds(1);  // for confirmations
inline constexpr Duration old_epoch_kept = Duration::seconds(10);
inline constexpr Duration roster_wait = Duration::seconds(1);     // for a roster that catches up
inline constexpr Duration resend_after = Duration::seconds(1);    // its state lacks the epoch
inline constexpr Duration resend_unheard = Duration::seconds(3);  // nothing came from it since

// This device's X-Wing key for one call.
struct CallKey {
  explicit CallKey(Random& random);
  CallKey(const CallKey&) = delete;
  CallKey& operator=(const CallKey&) = delete;
  xwing::X25519Scalar scalar;
  mlkem::EncapsulationKey<xwing::Mlkem> encapsulation;
  mlkem::PreparedDecapsulator<xwing::Mlkem> decapsulator;
  ByteArray<32> x25519_public{};  // comes from a job

 private:
  CallKey(xwing::X25519Scalar&& scalar, const mlkem::KeyPair<xwing::Mlkem>& pair);
  explicit CallKey(const xwing::ExpandedSeed& seed);
};

// Owned by a Session; everything referenced outlives it.
class KeyExchange {
 public:
  struct Context {
    const Roster& roster;
    const RoomSecret& secret;
    const Leaf& self;
    const CallKey& call_key;
    Random& random;
    Outbox& out;
  };
  explicit KeyExchange(const Context& context) : c_(context) {}

  void roster_changed(Instant now);
  void on_key(const LeafId& from, Bytes message, Instant now);
  // What a member's state says: the newest epoch of mine it holds, and its own newest.
  struct Confirmation {
    Epoch of_mine;
    Epoch of_its_own;
    bool same_roster = false;
  };
  void on_state(const LeafId& from, const Confirmation& confirmation, Instant now);
  void tick(Instant now);
  // True when the job was this class's. Nothing: it failed.
  bool complete(JobId id, std::optional<Bytes> result, Instant now);

  Epoch epoch() const noexcept { return epoch_; }
  std::optional<Epoch> sending() const noexcept { return sending_; }
  Epoch taken(const LeafId& member) const noexcept;  // 0: none yet
  // Everybody in the roster has the key we send with, or has had the time to take it.
  bool settled() const noexcept { return sending_ == epoch_ && !change_due_; }
  bool holds(const LeafId& member, std::uint16_t epoch_low) const noexcept;
  // Rises whenever what our state says of epochs changes, or who can read it.
  std::uint64_t version() const noexcept {
    return epoch_.value() + sending_.value_or(Epoch()).value() + takes_;
  }
  struct Facts {
    std::optional<Duration> roster_differs;
    std::optional<Duration> epoch_behind;
    std::optional<Duration> refused_ago;
    std::uint64_t refused = 0;
  };
  Facts facts(const LeafId& member, Instant now) const noexcept;

 private:
  struct Held {
    Epoch epoch;
    std::optional<Instant> expires;
  };
  struct Peer {
    Instant since;
    std::optional<Instant> sent_at;  // my current epoch, or when that began
    Epoch confirmed;                 // of mine
    std::optional<Instant> state_at;
    Epoch taken;    // of its own
    Epoch claimed;  // of its own, as it says
    std::optional<Instant> claimed_at;
    Hash taken_hash{};  // of the whole message
    std::vector<Held> held;
    std::optional<Instant> differs_since;
    std::optional<Instant> refused_at;
    std::uint64_t refused = 0;
  };
  // One key on its way out: both X25519 results, then the wrap, then the signature.
  struct Outgoing {
    LeafId to;
    Epoch epoch;
    RosterHash roster;
    ByteArray<32> ephemeral_public{};
    xwing::X25519Secret shared;
    bool has_public = false;
    bool has_shared = false;
    Buffer message;  // grows: bound, then wrapped
  };
  enum class Step : std::uint8_t { ephemeral_public, ephemeral_shared, wrap, sign, agree, unwrap };
  struct Pending {
    Step step;
    std::uint32_t flow;
  };
  struct Incoming {
    LeafId from;
    KeyMessage message;
  };
  struct Waiting {
    LeafId from;
    Buffer message;
    Instant since;
  };
  enum class Verdict : std::uint8_t { taken, wait, ignored, refused };

  void draw(Instant now);
  void send_to(const LeafId& to);
  void step_out(std::uint32_t flow, Step step, Bytes result);
  void encapsulate(std::uint32_t flow, Outgoing& outgoing);
  bool current(const Outgoing& outgoing) const noexcept;
  void switch_if_due(Instant now);
  Verdict consider(const LeafId& from, Bytes message);
  Verdict consider_bound(const LeafId& from, Peer& peer, const KeyMessage& message);
  void step_in(std::uint32_t flow, Step step, Bytes result, Instant now);
  void install(const Incoming& incoming, Bytes secret, Instant now);
  void refuse(const LeafId& from, Instant now, const char* what);
  void retry_waiting(Instant now);
  void expire(Instant now);
  JobId job(Step step, std::uint32_t flow);

  Context c_;
  std::map<LeafId, Peer> peers_;
  Epoch epoch_;
  BaseKey secret_;
  std::optional<Epoch> sending_;
  std::optional<Instant> drawn_at_;
  std::optional<Instant> change_due_;  // a roster change awaits its epoch until then
  std::optional<Instant> switch_due_;
  struct OldRoster {
    RosterHash hash;
    Instant until;
  };
  std::vector<OldRoster> old_rosters_;  // a key bound to one of these came late, not from a liar
  RosterHash last_roster_;
  std::map<JobId, Pending> jobs_;
  std::map<std::uint32_t, Outgoing> outgoing_;
  std::map<std::uint32_t, Incoming> incoming_;
  std::vector<Waiting> waiting_;
  std::uint32_t last_flow_ = 0;
  std::uint64_t takes_ = 0;
};

}  // namespace v100::e2ee
