// One shard's admission: what the loop turn brought in is checked cheaply as it comes and verified
// together at the end of the turn. Not thread-safe; one Gate a shard. Makes no system call.
//
//   for each complete request:   if (gate.full()) gate.flush(now, sink);
//                                gate.submit(view, peer, now, cookie);
//   at the end of the turn:      gate.flush(now, sink);   // one answer a submit, in that order
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/directory.h"
#include "auth/request.h"
#include "auth/verdict.h"
#include "base/bytes.h"
#include "base/units.h"
#include "base/world.h"

namespace v100::auth {

class Sessions;

struct GateOptions {
  // Hosts (with port, if not the scheme's own) that requests may be signed for; empty: any.
  std::vector<std::string> authorities = {};
  Duration window_back = Duration::seconds(60);
  Duration window_ahead = Duration::seconds(2);
  // Bounds, all taken at construction. Memory in bytes, see Gate::memory_bytes_max().
  std::size_t batch = 256;         // requests in hand between two flushes
  std::size_t nonces = 4'000'000;  // header lane: accepted in one window; 13 bytes each
  std::size_t keys = 20'000;       // keys with replay state or budget in hand; 500 bytes each
  std::size_t prepared_bytes = 128u << 20;  // prepared keys: 37 KiB for each ML-DSA-65 one
  std::size_t addresses = 65'536;           // failure budgets; 24 bytes each
  // Failed verifications: so many at once, and that many more a second.
  unsigned failures_burst = 20;
  unsigned failures_per_second = 1;
  // The shard that this Gate serves: it refuses keys of others as wrong_shard.
  unsigned shard = 0;
  unsigned shards = 1;
};

// What came of one request. Spans and views point into the request; with it they end.
struct Answer {
  std::uint64_t cookie = 0;  // as handed to submit()
  Reason reason = Reason::ok;
  Lane lane = Lane::unsigned_;
  KeyId key{};               // who signed (session lane: whose session); zeros in the unsigned lane
  std::uint64_t owner = 0;   // of its KeyRecord
  std::uint64_t scopes = 0;  // of its KeyRecord
  std::string_view method;   // what was signed; in frames it comes from the claims
  std::string_view target;
  Bytes content;                // the body, or what the fast lane's COSE_Sign1 carries
  ByteArray<32> body_sha256{};  // of content
  bool has_body_sha256 =
      false;                 // false only for a header-lane body under sha-512 alone, and unsigned
  std::uint64_t unique = 0;  // sequence (fast, session) or hash of the nonce (header)

  // The value of a header that changes the meaning: empty where it is not there, or where the
  // signature does not cover it.
  std::string_view meaning(Meaning which) const noexcept {
    return meanings_[static_cast<std::size_t>(which)];
  }
  std::string_view meanings_[meanings];
};

class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void answered(const Answer& answer) = 0;  // must not call the Gate
};

struct GateCounters {
  std::uint64_t answers[lanes][reasons] = {};  // all ever given
  std::uint64_t batches = 0, batched = 0;      // verify_batch calls, and signatures in them
  std::uint64_t batch_max = 0;
  std::uint64_t prepared_hits = 0, prepared_misses = 0;
  std::uint64_t clock_backward = 0;                // jumps of the clock, each handled as a restart
  std::size_t nonces = 0, keys = 0, prepared = 0;  // held now
};

class Gate {
 public:
  // `sessions` may be null: no session lane. Borrowed things outlive the Gate. `start` is when this
  // process began to serve: what was created before start + window_ahead is refused.
  Gate(const GateOptions& options, const KeyDirectory& directory, Sessions* sessions,
       Random& random, WallTime start);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Which shard owns the key that a request names; this shard where none is named (unsigned, or
  // unreadable: submit() will say so). Cheap: for handing a connection's request over.
  unsigned owner(const RequestView& request) const noexcept;

  // Cheap checks, then into the batch. Not when full().
  void submit(const RequestView& request, const Peer& peer, WallTime now, std::uint64_t cookie);
  // A WebSocket binary message that is a request of its own: a fast-lane COSE_Sign1 or a session
  // frame. method and target come from its claims, authority is the socket's.
  void submit_frame(Bytes frame, std::string_view authority, const Peer& peer, WallTime now,
                    std::uint64_t cookie);
  bool full() const noexcept;
  std::size_t waiting() const noexcept;  // submitted and not answered

  // Verifies what is in hand and answers everything, in the order of submission. Nonces and
  // sequences are recorded here, each in the step that finds it unused, after a good signature.
  void flush(WallTime now, AnswerSink& sink);

  const GateCounters& counters() const noexcept;
  // All that this Gate will ever hold, from its options.
  std::size_t memory_bytes_max() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::auth
