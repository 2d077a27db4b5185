// The session lane: a signed request with an X-Wing ciphertext opens a session, whose later
// requests carry KMAC256 (SP 800-185) instead of a signature. A session belongs to the key that
// opened it and to one connection (its TLS exporter); it lives an hour.
// docs/spec/request-signing.md has the exact bytes.
#pragma once

#include <cstdint>
#include <memory>

#include "auth/directory.h"
#include "auth/verdict.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "base/world.h"
#include "crypto/hybrid/xwing_native.h"

namespace v100::auth {

// The first two bytes are the shard that holds it, big-endian; the others are random.
using SessionId = ByteArray<16>;
inline constexpr Duration session_lifetime = Duration::seconds(3600);

struct SessionsOptions {
  std::size_t most = 65'536;  // about 1 KiB each
  std::size_t per_key = 64;   // the oldest goes when one more is opened
  unsigned shard = 0;
};

// All sessions of one shard, the Gate's partner. Not thread-safe.
class Sessions {
 public:
  Sessions(const SessionsOptions& options, Random& random);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  struct Opened {
    SessionId id;
    WallTime expires;
  };
  // The body of a signed POST /v1/sessions that the Gate let in: an X-Wing ciphertext to `kem`, the
  // gateway's KEM key of the day, from `key` over the connection with that exporter.
  // malformed: not a ciphertext. unavailable: the table is full.
  Result<Opened> open(const xwing::PrivateKey& kem, Bytes ciphertext, const KeyId& key,
                      Bytes exporter, WallTime now);
  // A signed POST /v1/sessions/{id} binds it to another connection: another MAC key from the same
  // secret. Sequences go on where they were.
  // not_found: no such session of that key.
  Result<Opened> resume(const SessionId& id, const KeyId& key, Bytes exporter, WallTime now);
  bool revoke(const SessionId& id, const KeyId& key);  // false: no such session of that key
  std::size_t revoke_all(const KeyId& key);            // how many it had
  void expire(WallTime now);                           // call now and then; drops what is over
  std::size_t size() const noexcept;
  std::size_t memory_bytes_max() const noexcept;

 private:
  friend class Gate;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::auth
