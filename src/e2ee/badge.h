// The badge: a pure function from what this client itself has seen to what it may claim
// (docs/spec/e2ee.md §11). Nothing that a server says can make it green.
#pragma once

#include <optional>
#include <vector>

#include "base/units.h"
#include "e2ee/frames.h"
#include "e2ee/roster.h"

namespace v100::e2ee {

enum class Trust : std::uint8_t { self, first_use, pinned, confirmed, changed };

enum class BadgeState : std::uint8_t { grey, green, outline, amber };

enum class Reason : std::uint8_t {
  intruder,
  key_changed,
  roster_disagrees,
  epoch_behind,
  silent,
  key_refused,
  frame_forged,
  frame_replayed,
  frame_wrong_track,
  frame_plaintext,
  sender_unprotected,
  receiver_unprotected,
  call_not_started,  // grey
  reconnecting,
};

struct BadgeReason {
  Reason reason = Reason::call_not_started;
  std::optional<LeafId> who;
  std::optional<Track> track;
  friend bool operator==(const BadgeReason&, const BadgeReason&) = default;
};

// How long something has been so may pass before it counts: what an honest group shows for a moment
// while a member joins. Bad news stays long enough to be read.
inline constexpr Duration disagreement_grace = Duration::milliseconds(1200);
inline constexpr Duration silence_grace = Duration::seconds(6);  // or three state intervals
inline constexpr Duration reconnect_grace = Duration::seconds(2);
inline constexpr Duration bad_news_kept = Duration::seconds(30);

struct TrackFacts {
  Track track = Track::data;
  std::optional<Duration> dropped_ago[drops];  // by Drop
  std::optional<Duration> without_key;         // frames come for so long and none opens
};

struct MemberFacts {
  LeafId id;
  Refusal refusal = Refusal::none;  // anything else: shown by the server, not taken by us
  Trust trust = Trust::first_use;
  std::optional<Duration> roster_differs;  // its state, or a key message, names another roster
  std::optional<Duration> epoch_behind;    // it lacks my epoch, or I lack its
  Duration silent;                         // since its last state, or since it was taken
  std::optional<Duration> key_refused_ago;
  std::vector<TrackFacts> tracks;
};

struct BadgeFacts {
  bool started = false;                  // the server has welcomed us
  std::optional<Duration> disconnected;  // from the server
  Duration silence_allowed = silence_grace;
  std::vector<MemberFacts> others;         // accepted members and intruders, without self
  std::vector<Track> unprotected_senders;  // own tracks that go out without a live transform
  struct Receiver {
    LeafId from;
    Track track;
  };
  std::vector<Receiver> unprotected_receivers;
};

struct Badge {
  BadgeState state = BadgeState::grey;
  std::vector<BadgeReason> reasons;  // empty exactly when green or outline
  friend bool operator==(const Badge&, const Badge&) = default;
};

Badge judge(const BadgeFacts& facts);

const char* name(BadgeState state) noexcept;  // as web/crypto/api.ts spells them
const char* name(Reason reason) noexcept;

}  // namespace v100::e2ee
