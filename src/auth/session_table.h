// What Sessions holds; the Gate reads it.
#pragma once

#include <list>
#include <unordered_map>
#include <vector>

#include "auth/sequence_window.h"
#include "auth/session.h"
#include "auth/session_mac.h"

namespace v100::auth {

struct Session {
  SessionId id{};
  KeyId key{};
  std::int64_t expires_ms = 0;
  Buffer exporter;             // of the connection that it is bound to; empty without TLS
  xwing::SharedSecret secret;  // for a new binding
  keccak::Kmac256 mac;         // started
  SequenceWindow window;
};

struct SessionIdHash {  // from the random part
  std::size_t operator()(const SessionId& id) const noexcept {
    return static_cast<std::size_t>(load_le<std::uint64_t>(id.data() + 4));
  }
};

struct Sessions::State {
  State(const SessionsOptions& o, Random& r) : options(o), random(r) {}
  Session* find(const SessionId& id) noexcept {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : &*found->second;
  }
  void drop(std::list<Session>::iterator session);

  SessionsOptions options;
  Random& random;
  std::list<Session> all;  // in the order of opening, which is that of expiry
  std::unordered_map<SessionId, std::list<Session>::iterator, SessionIdHash> by_id;
  std::unordered_map<KeyId, std::vector<SessionId>, KeyIdHash> by_key;  // oldest first
};

}  // namespace v100::auth
