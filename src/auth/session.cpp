#include "auth/session.h"

#include <algorithm>

#include "auth/session_table.h"
#include "base/ct.h"

namespace v100::auth {
namespace {

constexpr std::size_t exporter_bytes_max = 64;
// A list node, two map nodes and their places in the tables.
constexpr std::size_t bytes_each = sizeof(Session) + exporter_bytes_max + 256;

}  // namespace

void Sessions::State::drop(std::list<Session>::iterator session) {
  const auto of_key = by_key.find(session->key);
  CHECK(of_key != by_key.end());
  std::erase(of_key->second, session->id);
  if (of_key->second.empty()) {
    by_key.erase(of_key);
  }
  by_id.erase(session->id);
  all.erase(session);
}

Sessions::Sessions(const SessionsOptions& options, Random& random)
    : state_(std::make_unique<State>(options, random)) {}
Sessions::~Sessions() = default;

Result<Sessions::Opened> Sessions::open(const xwing::PrivateKey& kem, Bytes ciphertext,
                                        const KeyId& key, Bytes exporter, WallTime now) {
  State& s = *state_;
  const xwing::Ciphertext sent = TRY(xwing::Ciphertext::parse(ciphertext));
  if (exporter.size() > exporter_bytes_max) {
    return fail(Errc::malformed, "session: an exporter of a wrong length");
  }
  expire(now);
  const auto of_key = s.by_key.find(key);
  if (of_key != s.by_key.end() && of_key->second.size() >= s.options.per_key) {
    s.drop(s.by_id.find(of_key->second.front())->second);
  }
  if (s.all.size() >= s.options.most) {
    return fail(Errc::unavailable, "session: no room for a further one");
  }
  SessionId id;
  s.random.fill(id);
  store_be(id.data(), static_cast<std::uint16_t>(s.options.shard));
  xwing::SharedSecret secret = kem.decapsulate(sent);
  const SessionKey mac_key = derive_session_key(secret, id, key, exporter);
  const std::int64_t expires = now.value() + session_lifetime.ms();
  s.all.push_back(Session{
      id, key, expires, to_buffer(exporter), std::move(secret), start_session_mac(mac_key), {}});
  s.by_id.emplace(id, std::prev(s.all.end()));
  s.by_key[key].push_back(id);
  return Opened{id, WallTime(expires)};
}

Result<Sessions::Opened> Sessions::resume(const SessionId& id, const KeyId& key, Bytes exporter,
                                          WallTime now) {
  expire(now);
  Session* session = state_->find(id);
  if (session == nullptr || session->key != key) {
    return fail(Errc::not_found, "session: no such session of this key");
  }
  if (exporter.size() > exporter_bytes_max) {
    return fail(Errc::malformed, "session: an exporter of a wrong length");
  }
  session->exporter = to_buffer(exporter);
  session->mac = start_session_mac(derive_session_key(session->secret, id, key, exporter));
  return Opened{id, WallTime(session->expires_ms)};
}

bool Sessions::revoke(const SessionId& id, const KeyId& key) {
  const auto found = state_->by_id.find(id);
  if (found == state_->by_id.end() || found->second->key != key) {
    return false;
  }
  state_->drop(found->second);
  return true;
}

std::size_t Sessions::revoke_all(const KeyId& key) {
  const auto of_key = state_->by_key.find(key);
  if (of_key == state_->by_key.end()) {
    return 0;
  }
  const std::vector<SessionId> ids = of_key->second;
  for (const SessionId& id : ids) {
    state_->drop(state_->by_id.find(id)->second);
  }
  return ids.size();
}

void Sessions::expire(WallTime now) {
  while (!state_->all.empty() && state_->all.front().expires_ms <= now.value()) {
    state_->drop(state_->all.begin());
  }
}

std::size_t Sessions::size() const noexcept { return state_->all.size(); }

std::size_t Sessions::memory_bytes_max() const noexcept {
  return state_->options.most * bytes_each;
}

}  // namespace v100::auth
