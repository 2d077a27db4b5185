// Gate, first half: from a request to one that waits for its verification, or is refused.
#include "auth/gate.h"

#include "auth/gate_state.h"
#include "auth/key_id.h"

namespace v100::auth {
namespace {

std::int64_t seconds(Duration d) noexcept { return d.ms() / 1000; }

constexpr std::uint8_t cose_sign1_tag = 0xd2;

bool starts_with_scheme(std::string_view authorization) noexcept {
  return authorization.size() >= session_scheme.size() &&
         wire::same_token(authorization.substr(0, session_scheme.size() - 1),
                          session_scheme.substr(0, session_scheme.size() - 1));
}

}  // namespace

Gate::State::State(const GateOptions& o, const KeyDirectory& d, Sessions* s, Random& random,
                   WallTime start)
    : options(o),
      directory(d),
      sessions(s),
      hash(random),
      now_ms(start.value()),
      now_s(start.value() / 1000),
      high_ms(start.value()),
      floor_s((start.value() + o.window_ahead.ms() + 999) / 1000),
      back_s(seconds(o.window_back)),
      ahead_s(seconds(o.window_ahead)),
      rate{o.failures_burst, o.failures_per_second},
      cache(o.prepared_bytes),
      slots(o.keys, back_s + ahead_s + 2, cache),
      nonces(o.nonces, static_cast<std::uint32_t>(back_s)),
      addresses(o.addresses, rate),
      waiting(o.batch),
      arena(o.batch * arena_each + arena_need_max) {
  CHECK(o.batch > 0 && o.keys > 0 && o.shards > 0 && o.shard < o.shards);
}

Gate::Gate(const GateOptions& options, const KeyDirectory& directory, Sessions* sessions,
           Random& random, WallTime start)
    : state_(std::make_unique<State>(options, directory, sessions, random, start)) {}
Gate::~Gate() = default;

// A clock that went back by more than the window ahead may show us times whose nonces are forgotten
// already: as after a restart, only what is signed from now on counts.
void Gate::State::set_clock(WallTime now) {
  now_ms = now.value();
  now_s = now_ms / 1000;
  if (now_ms < high_ms - options.window_ahead.ms()) {
    floor_s = (now_ms + options.window_ahead.ms() + 999) / 1000;
    high_ms = now_ms;
    ++counters.clock_backward;
  } else if (now_ms > high_ms) {
    high_ms = now_ms;
  }
}

Waiting& Gate::State::next(std::uint64_t cookie, const Peer& peer) {
  CHECK(count < waiting.size() && arena.size() - arena_used >= arena_need_max);
  Waiting& w = waiting[count++];
  w.answer = {};
  w.answer.cookie = cookie;
  w.step = Waiting::Step::decided;
  w.slot = nullptr;
  w.has_digest = false;
  w.address = address_hash(hash, peer.ip);
  return w;
}

Reason Gate::State::check_window(std::int64_t created, std::int64_t expires,
                                 bool has_expires) const {
  if (created < now_s - back_s) {
    return Reason::too_old;
  }
  if (created > now_s + ahead_s) {
    return Reason::too_new;
  }
  if (created < floor_s) {
    return Reason::before_restart;
  }
  return has_expires && expires < now_s ? Reason::expired : Reason::ok;
}

Reason Gate::State::check_authority(std::string_view scheme, std::string_view authority) const {
  if (authority.empty() || authority.size() > authority_bytes_max) {
    return Reason::malformed_request;
  }
  for (const std::string& ours : options.authorities) {
    if (same_authority(scheme, authority, ours)) {
      return Reason::ok;
    }
  }
  return options.authorities.empty() ? Reason::ok : Reason::wrong_authority;
}

unsigned Gate::State::owner(const KeyId& key) const noexcept {
  return options.shards == 1 ? 0 : load_be<std::uint32_t>(key.data()) % options.shards;
}

Reason Gate::State::check_record(const KeyRecord* record, std::int64_t now_ms) {
  return record == nullptr                     ? Reason::key_unknown
         : record->revoked                     ? Reason::key_revoked
         : now_ms < record->not_before.value() ? Reason::key_not_yet_valid
         : now_ms >= record->not_after.value() ? Reason::key_expired
                                               : Reason::ok;
}

Reason Gate::State::admit_key(Waiting& w, const KeyId& id, keys::Algorithm algorithm) {
  w.answer.key = id;
  if (owner(id) != options.shard) {
    return Reason::wrong_shard;
  }
  const KeyRecord* const record = directory.find(id);
  if (const Reason reason = check_record(record, now_ms); reason != Reason::ok) {
    return reason;
  }
  if (record->algorithm != algorithm) {
    return Reason::algorithm_mismatch;
  }
  w.algorithm = algorithm;
  if (addresses.spent(w.address, now_ms)) {
    return Reason::budget_address;
  }
  KeySlot* const slot = slots.get(id, record, directory.generation(), now_s);
  if (slot == nullptr) {
    return Reason::replay_store_full;
  }
  if (slot->failures.spent(rate, now_ms) && !slot->knows(w.address)) {
    return Reason::budget_key;
  }
  w.slot = slot;
  return Reason::ok;
}

Reason Gate::State::check_hint(Waiting& w) {
  const bool good = w.algorithm == keys::Algorithm::mldsa44
                        ? mldsa::hint_is_encoded<mldsa::Mldsa44>(w.signature)
                    : w.algorithm == keys::Algorithm::mldsa65
                        ? mldsa::hint_is_encoded<mldsa::Mldsa65>(w.signature)
                        : mldsa::hint_is_encoded<mldsa::Mldsa87>(w.signature);
  if (!good) {
    fail_signature(w);
    return Reason::signature_encoding;
  }
  return Reason::ok;
}

// One pass over the fields. What stands in several lines is joined as RFC 9110 §5.3 says.
Credentials Gate::State::gather(const RequestView& request) {
  Credentials out;
  const auto join = [&](std::string_view& have, const wire::HttpHeader& field, std::string& room) {
    if (have.data() == nullptr) {
      have = field.value.data() == nullptr ? std::string_view("") : field.value;
    } else {
      room = std::string(have) + ", " + std::string(field.value);
      have = room;
    }
  };
  for (const wire::HttpHeader& field : request.headers) {
    const auto is = [&](std::string_view name) { return wire::same_token(field.name, name); };
    switch (field.name.size()) {
      case 8:
      case 22: {
        const std::size_t which = field.name.size() == 8 ? 1 : 2;
        if (is(meaning_names[which])) {
          out.repeated = out.repeated || out.meaning[which].data() != nullptr;
          out.meaning[which] = field.value;
        }
        break;
      }
      case 9:
        if (is("signature")) {
          join(out.signature, field, joined[1]);
        }
        break;
      case 12:
        if (is("content-type")) {
          out.content_type = field.value;
        }
        break;
      case 13:
        if (is("authorization")) {
          out.authorization = field.value;
        }
        break;
      case 14:
        if (is("content-digest")) {
          join(out.content_digest, field, joined[2]);
        }
        break;
      case 15:
        if (is("signature-input")) {
          join(out.signature_input, field, joined[0]);
        } else if (is(meaning_names[0])) {
          out.repeated = out.repeated || out.meaning[0].data() != nullptr;
          out.meaning[0] = field.value;
        }
        break;
      default:
        break;
    }
  }
  return out;
}

Reason Gate::State::submit(const RequestView& request, const Peer& peer, Waiting& w) {
  w.answer.method = request.method;
  w.answer.target = request.target;
  w.answer.content = request.body;
  const Credentials c = gather(request);
  const bool session = starts_with_scheme(c.authorization);
  const bool fast = is_fast_content_type(c.content_type);
  SignatureInput::Found found = SignatureInput::Found::none;
  if (c.signature_input.data() != nullptr) {
    found = input.read(c.signature_input, "v100");
    if (found == SignatureInput::Found::none) {
      input.has_tag = false;  // somebody else's signatures; the request has none for us
    }
  }
  const bool header = found != SignatureInput::Found::none;
  w.answer.lane = header    ? Lane::header
                  : session ? Lane::session
                  : fast    ? Lane::fast
                            : Lane::unsigned_;
  if (header && session) {
    return Reason::lanes_mixed;
  }
  if (w.answer.lane == Lane::unsigned_) {
    return Reason::ok;
  }
  if (c.repeated) {
    return Reason::header_repeated;
  }
  if (const Reason reason = check_authority(request.scheme, request.authority);
      reason != Reason::ok) {
    return reason;
  }
  if (header) {
    return found == SignatureInput::Found::malformed || found == SignatureInput::Found::several
               ? Reason::malformed_signature_input
           : found == SignatureInput::Found::no_tag ? Reason::parameter_missing
                                                    : submit_header(request, c, w);
  }
  return session ? submit_session_request(request, c, peer, w) : submit_fast_request(request, w);
}

Reason Gate::State::submit_session_request(const RequestView& request, const Credentials& c,
                                           const Peer& peer, Waiting& w) {
  const Result<SessionToken> token = read_session_token(c.authorization);
  if (!token) {
    return Reason::malformed_signature;
  }
  w.scheme = request.scheme;
  w.authority = request.authority;
  for (std::size_t i = 0; i < meanings; ++i) {
    w.answer.meanings_[i] = c.meaning[i];
  }
  return submit_session(*token, peer, w);
}

Reason Gate::State::submit_fast_request(const RequestView& request, Waiting& w) {
  FastMessage message;
  const Reason read = read_fast(request.body, message);
  if (read != Reason::ok) {
    return read;
  }
  if (message.claims.method != request.method || message.claims.target != request.target) {
    return Reason::claims_mismatch;
  }
  return submit_fast(message, request.scheme, request.authority, w);
}

// The session itself is looked up when its MAC is checked: it may be revoked in between.
Reason Gate::State::submit_session(const SessionToken& token, const Peer& peer, Waiting& w) {
  if (load_be<std::uint16_t>(token.id.data()) != options.shard) {
    return Reason::wrong_shard;
  }
  if (addresses.spent(w.address, now_ms)) {
    return Reason::budget_address;
  }
  const std::string_view texts[] = {w.answer.method, w.answer.target, w.answer.meanings_[0],
                                    w.answer.meanings_[1], w.answer.meanings_[2]};
  for (const std::string_view text : texts) {
    if (text.size() > 0xffff) {
      return Reason::malformed_request;
    }
  }
  w.token = token;
  w.exporter = peer.exporter;
  w.created = token.created;
  w.answer.unique = token.sequence;
  if (const Reason reason = check_window(token.created, 0, false); reason != Reason::ok) {
    return reason;
  }
  w.step = Waiting::Step::mac;
  return Reason::ok;
}

void Gate::submit(const RequestView& request, const Peer& peer, WallTime now,
                  std::uint64_t cookie) {
  State& s = *state_;
  s.set_clock(now);
  Waiting& w = s.next(cookie, peer);
  w.answer.reason = s.submit(request, peer, w);
}

void Gate::submit_frame(Bytes frame, std::string_view authority, const Peer& peer, WallTime now,
                        std::uint64_t cookie) {
  State& s = *state_;
  s.set_clock(now);
  Waiting& w = s.next(cookie, peer);
  // A socket's scheme is that of its request; the default ports are those of https and http.
  constexpr std::string_view scheme = "https";
  const auto judge = [&]() -> Reason {
    if (const Reason reason = s.check_authority(scheme, authority); reason != Reason::ok) {
      return reason;
    }
    if (!frame.empty() && frame[0] == cose_sign1_tag) {
      w.answer.lane = Lane::fast;
      FastMessage message;
      const Reason read = read_fast(frame, message);
      w.answer.method = message.claims.method;
      w.answer.target = message.claims.target;
      return read != Reason::ok ? read : s.submit_fast(message, scheme, authority, w);
    }
    w.answer.lane = Lane::session;
    const Result<SessionFrame> session = read_session_frame(frame);
    if (!session) {
      return Reason::malformed_signature;
    }
    w.answer.method = session->method;
    w.answer.target = session->target;
    w.answer.content = session->content;
    w.scheme = scheme;
    w.authority = authority;
    for (std::size_t i = 0; i < meanings; ++i) {
      w.answer.meanings_[i] = session->meaning[i];
    }
    return s.submit_session(session->token, peer, w);
  };
  w.answer.reason = judge();
}

bool Gate::full() const noexcept {
  return state_->count == state_->waiting.size() ||
         state_->arena.size() - state_->arena_used < arena_need_max;
}

std::size_t Gate::waiting() const noexcept { return state_->count; }

const GateCounters& Gate::counters() const noexcept {
  state_->counters.keys = state_->slots.size();
  state_->counters.prepared = state_->cache.size();
  return state_->counters;
}

std::size_t Gate::memory_bytes_max() const noexcept {
  const GateOptions& o = state_->options;
  return NonceStore::memory_bytes(o.nonces) + KeySlots::memory_bytes(o.keys) + o.prepared_bytes +
         AddressBudgets::memory_bytes(o.addresses) +
         o.batch * (sizeof(Waiting) + arena_each + sizeof(mldsa::PublicKey<mldsa::Mldsa87>) * 3) +
         arena_need_max;
}

unsigned Gate::owner(const RequestView& request) const noexcept {
  const State& s = *state_;
  if (s.options.shards == 1) {
    return 0;
  }
  const std::string_view input = request.header("signature-input");
  const std::size_t at = input.find(";keyid=\"");
  if (at != input.npos && input.contains(";tag=\"v100\"")) {
    const Result<KeyId> id = parse_key_id(input.substr(at + 8, key_id_chars));
    return id ? s.owner(*id) : s.options.shard;
  }
  const std::string_view authorization = request.header("authorization");
  if (starts_with_scheme(authorization)) {
    const Result<SessionToken> token = read_session_token(authorization);
    const unsigned shard = token ? load_be<std::uint16_t>(token->id.data()) : s.options.shard;
    return shard < s.options.shards ? shard : s.options.shard;
  }
  FastMessage message;
  if (is_fast_content_type(request.header("content-type")) &&
      read_fast(request.body, message) == Reason::ok) {
    return s.owner(message.claims.key);
  }
  return s.options.shard;
}

}  // namespace v100::auth
