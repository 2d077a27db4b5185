// Which frames may be sealed and opened: one counter per KID that never restarts, a replay window
// per KID, whose track a frame must be, and the counts that the badge rests on. The AEAD stays
// outside (docs/spec/e2ee.md §8).
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>

#include "base/units.h"
#include "e2ee/sframe.h"

namespace v100::e2ee {

enum class Drop : std::uint8_t {
  no_key,       // a KID of the right sender and track whose epoch we do not hold (yet, or any more)
  malformed,    // no SFrame frame of anybody here: plaintext, cut, or under a stranger's key
  wrong_track,  // a member's frame, but another member's or another track's than claimed
  replayed,     // seen before, or too old to tell
  forged,       // does not decrypt
  codec,        // no recipe for this codec; counted by the host's transform
};
inline constexpr std::size_t drops = 6;
// A track of which nothing came for so long is silent. (Opus sends every 400 ms even then.)
inline constexpr Duration without_key_gap = Duration::seconds(3);

struct TrackCounts {
  std::uint64_t sealed = 0;
  std::uint64_t opened = 0;
  std::uint64_t dropped[drops] = {};
  Instant dropped_at[drops] = {};  // the last one; meaningful where the count is not 0
  // The first of the no_key drops since a frame was opened, or since none came for without_key_gap.
  std::optional<Instant> without_key_since;

  // For how long frames have been coming of which none opens; nothing when none comes any more.
  std::optional<Duration> without_key(Instant now) const noexcept {
    const Instant last = dropped_at[static_cast<std::size_t>(Drop::no_key)];
    const bool coming = without_key_since && now - last < without_key_gap;
    return coming ? std::optional(now - *without_key_since) : std::nullopt;
  }
};

// One per call. Owned by the host of a Session, which feeds it the Session's Install, Erase and
// StartSending. Not thread-safe.
class FrameBook {
 public:
  explicit FrameBook(SenderId self) noexcept : self_(self) {}

  // Keys. A sender holds at most `epochs_max` epochs; the oldest goes first.
  static constexpr std::size_t epochs_max = 4;
  void install(SenderId sender, Epoch epoch);
  void erase(SenderId sender, Epoch epoch);
  void forget(SenderId sender);  // it left: keys, windows and counts
  // From now on frames are sealed under this epoch, counters from 0. Epochs rise (CHECK): going
  // back would repeat a nonce.
  void start_sending(Epoch epoch);
  std::optional<Epoch> sending() const noexcept { return sending_; }

  struct Sealing {
    Kid kid;
    Counter counter;
    HeaderBytes header;
    std::size_t clear = 0;
  };
  // Takes the next counter of `track`. unavailable: no key yet; the frame is not to be sent.
  Result<Sealing> seal(Track track, Codec codec, Bytes frame);
  // The frame went out sealed.
  void sealed(Track track) { counts_at(self_, track).sealed += 1; }

  struct Opening {
    Kid kid;
    Counter counter;
    std::size_t clear = 0;
    std::size_t header = 0;  // clear + header bytes stand before the ciphertext
  };
  struct Source {
    SenderId sender;
    Track track;
  };
  // Says where everything is in a received frame, or why it is dropped (and counts that).
  std::expected<Opening, Drop> open(const Source& source, Codec codec, Bytes frame, Instant now);
  // After it has decrypted: false when the same frame was opened meanwhile; then drop it.
  bool opened(const Source& source, const Opening& opening, Instant now);
  // After it has not, or could not be tried.
  void drop(const Source& source, Drop why, Instant now);

  const std::map<std::uint32_t, TrackCounts>& counts() const noexcept { return counts_; }
  static constexpr std::uint32_t counts_key(SenderId sender, Track track) noexcept {
    return (sender.value() << 8) | static_cast<std::uint32_t>(track);
  }

 private:
  struct Held {
    Epoch epoch;
    std::unique_ptr<ReplayWindow> windows[tracks];  // made with a track's first frame
  };
  TrackCounts& counts_at(SenderId sender, Track track) {
    return counts_[counts_key(sender, track)];
  }
  Held* held(SenderId sender, std::uint16_t epoch_low) noexcept;
  std::optional<Drop> why_not(const Source& source, const ParsedHeader& parsed) noexcept;

  SenderId self_;
  std::optional<Epoch> sending_;
  std::uint64_t next_[tracks] = {};
  std::map<std::uint32_t, std::vector<Held>> held_;
  std::map<std::uint32_t, TrackCounts> counts_;
};

}  // namespace v100::e2ee
