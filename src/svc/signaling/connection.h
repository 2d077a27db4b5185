// One client's socket: its challenge, the order of its frames while their signatures are verified,
// its rate, its sins, and what it has been shown already.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "e2ee/leaf.h"
#include "svc/rate.h"
#include "svc/service.h"
#include "svc/signaling/client_frame.h"

namespace v100::signaling {

// Why a frame was refused, as the metric's label has it.
enum class Sin : std::uint8_t { malformed, signature, replay, forbidden, too_large, rate };
const char* name(Sin sin) noexcept;
// The sin in an error of this kind; nothing when refusing the request is no accusation.
std::optional<Sin> sin_of(Errc code) noexcept;

struct Refusal {
  Sin sin{};
  Error error{};
};

// A frame whose turn has come: obeyed, or refused.
struct FrameInTurn {
  std::uint64_t seq = 0;
  Buffer payload;
  std::optional<Refusal> refused;
};

// Puts frames into order. Each is verified elsewhere and at its own pace; next() gives them in the
// order in which they came, with seq checked then.
class FrameQueue {
 public:
  static constexpr std::size_t frames_max = 256;
  static constexpr std::size_t bytes_max = 1024 * 1024;

  // A ticket for the frame; nothing when the queue is full.
  std::optional<std::uint64_t> push(std::uint64_t seq, Bytes payload);
  void resolve(std::uint64_t ticket, std::optional<Refusal> refused);
  // The next frame that is resolved; nothing while the first one waits.
  std::optional<FrameInTurn> next();
  std::uint64_t last_seq() const noexcept { return last_seq_; }
  std::size_t size() const noexcept { return waiting_.size(); }

 private:
  struct Waiting {
    FrameInTurn frame;
    bool resolved = false;
  };
  std::deque<Waiting> waiting_;
  std::uint64_t first_ticket_ = 0;  // of waiting_.front()
  std::size_t bytes_ = 0;
  std::uint64_t last_seq_ = 0;
};

enum class Stage : std::uint8_t { fresh, lobby, member, over };

struct Connection {
  // Docs: 100 frames a second in a burst of 200.
  static constexpr Rate frame_rate{.per_second_thousandths = 100'000, .burst = 200};
  static constexpr unsigned sins_max = 10;

  Connection(SocketId id, PeerInfo who, std::string room_id, Instant now)
      : socket(id),
        peer(std::move(who)),
        room(std::move(room_id)),
        opened(now),
        rate(frame_rate, now) {}

  const SocketId socket;
  const PeerInfo peer;
  const std::string room;
  const Instant opened;
  Nonce nonce{};
  TokenBucket rate;
  FrameQueue frames;
  bool paused = false;  // a statement of it is being verified: later frames wait
  unsigned sins = 0;
  bool gone = false;             // its socket is closed; what it said before is still to be obeyed
  bool closed_in_order = false;  // and the client closed it: a page that was left, not a lost line

  Stage stage = Stage::fresh;
  // Whose signatures count: of the last hello until one is taken, then of the member for good.
  std::optional<e2ee::DeviceKey> device_key;
  e2ee::LeafId leaf;  // in the lobby and as a member

  // What rosters need not repeat to this connection.
  using Shown = std::pair<e2ee::LeafId, bool>;        // a leaf, in the lobby
  std::set<Shown> shown;                              // by its last roster
  std::unordered_set<std::uint64_t> statements_seen;  // by statement_mark()
  std::set<e2ee::Fingerprint> issuers_seen;
};

// Eight bytes of a statement's signature: they differ between any two.
std::uint64_t statement_mark(Bytes statement) noexcept;

}  // namespace v100::signaling
