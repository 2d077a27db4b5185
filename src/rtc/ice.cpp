#include "rtc/ice.h"

#include "base/check.h"
#include "base/ct.h"
#include "base/text.h"

namespace v100::rtc {
namespace {

// controlling: the first checks come quickly (RFC 8445 §14.2 allows 50 ms for one stream), later
// ones keep consent: every 5 s, ±20 % (RFC 7675 §5.1).
constexpr Duration check_first = Duration::milliseconds(50);
constexpr Duration check_slowest = Duration::seconds(1);
constexpr std::int64_t consent_check_ms_min = 4000;
constexpr std::uint16_t consent_check_ms_spread = 2000;

// RFC 8445 §5.1.2.1: type preference 110 (peer reflexive), local preference 65535, component 1.
constexpr std::uint32_t check_priority = (110u << 24) | (65535u << 8) | 255u;

bool mac_is_right(crypto::Hmac& hmac, const wire::StunMessage& message) noexcept {
  if (!message.has_integrity) {
    return false;
  }
  ByteArray<wire::stun_mac_bytes> mac;
  hmac.compute(mac, message.integrity_header, message.integrity_body);
  return ct::declassify(ct::equal(mac, message.integrity_mac),
                        "whether a check is authentic is visible");
}

std::string random_text(Random& random, std::size_t bytes) {
  Buffer raw(bytes);
  random.fill(raw);
  std::string text = to_base64url(raw);
  // RFC 8839 §5.4: ice-char is ALPHA, DIGIT, + and /
  for (char& c : text) {
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  wipe(raw);
  return text;
}

}  // namespace

IceCredentials IceCredentials::make(Random& random) {
  return {random_text(random, 6), random_text(random, 18)};
}

Ice::Generation::Generation(IceCredentials l, IceCredentials r)
    : local(std::move(l)),
      remote(std::move(r)),
      check_in(crypto::Digest::sha1, as_bytes(local.pwd)),
      check_out(crypto::Digest::sha1, as_bytes(remote.pwd)) {}

bool Ice::Generation::names(std::string_view username) const noexcept {
  return username.size() == local.ufrag.size() + 1 + remote.ufrag.size() &&
         username.starts_with(local.ufrag) && username[local.ufrag.size()] == ':' &&
         username.ends_with(remote.ufrag);
}

Ice::Ice(IceRole role, IceCredentials local, IceCredentials remote, std::optional<Address> server,
         Random& random, Instant now)
    : role_(role),
      random_(random),
      current_(std::move(local), std::move(remote)),
      server_(server),
      consent_until_(now + consent_expiry),
      next_check_(now),
      check_interval_(check_first) {
  CHECK((role == IceRole::controlling) == server.has_value());
  ByteArray<8> tie_breaker;
  random.fill(tie_breaker);
  tie_breaker_ = load_be<std::uint64_t>(tie_breaker.data());
}

Ice::Outcome Ice::on_stun(Instant now, const Address& from, Bytes datagram, Outbox& out) {
  const Result<wire::StunMessage> message = wire::parse_stun(datagram);
  if (!message || !message->has_fingerprint) {  // RFC 8445 §7.1: ICE always adds FINGERPRINT
    return Outcome::refused;
  }
  switch (message->type) {
    case wire::StunType::binding_request:
      return on_request(now, from, *message, out);
    case wire::StunType::binding_response:
      return role_ == IceRole::controlling ? on_response(now, from, *message) : Outcome::ignored;
    default:
      return Outcome::ignored;
  }
}

Ice::Generation* Ice::generation_of(const wire::StunMessage& request) noexcept {
  if (!request.username) {
    return nullptr;
  }
  if (current_.names(*request.username)) {
    return &current_;
  }
  return previous_ && previous_->names(*request.username) ? &*previous_ : nullptr;
}

// RFC 8445 §7.3. An unauthenticated request is not answered with the 400 or 401 of RFC 8489 §9.1.3:
// no ICE agent does anything with that, and silence gives a scanner nothing.
Ice::Outcome Ice::on_request(Instant now, const Address& from, const wire::StunMessage& request,
                             Outbox& out) {
  Generation* const generation = generation_of(request);
  if (generation == nullptr || !mac_is_right(generation->check_in, request)) {
    return Outcome::refused;
  }
  answer(*generation, from, request, out);
  if (role_ != IceRole::lite || request.ice_controlled || request.unknown_required_count > 0) {
    return Outcome::answered;  // an error was sent, or the check says nothing to this role
  }
  const bool changed = take_path(from, request.use_candidate, generation == &current_);
  if (path_ == from) {
    consent_until_ = now + consent_expiry;
  }
  return changed ? Outcome::path : Outcome::answered;
}

bool Ice::take_path(const Address& from, bool nominated, bool current) {
  if (nominated && current) {
    nominated_ = true;
    previous_.reset();
  }
  const bool moves = path_ ? nominated && current && *path_ != from : true;
  if (moves) {
    path_ = from;
  }
  return moves;
}

void Ice::answer(Generation& generation, const Address& from, const wire::StunMessage& request,
                 Outbox& out) {
  ByteArray<wire::stun_message_bytes_max> buffer;
  const bool conflict = role_ == IceRole::lite && request.ice_controlled.has_value();
  const bool unknown = request.unknown_required_count > 0;
  wire::StunWriter writer(
      buffer,
      conflict || unknown ? wire::StunType::binding_error : wire::StunType::binding_response,
      request.transaction);
  if (unknown) {
    writer.error_code(420, "Unknown Attribute");
    writer.unknown_attributes({request.unknown_required, request.unknown_required_count});
  } else if (conflict) {
    // RFC 8445 §7.3.1.1 with the lowest tie-breaker: a lite agent never takes the controlling role
    writer.error_code(487, "Role Conflict");
  } else {
    writer.xor_mapped_address(from);
  }
  writer.integrity(
      [&](MutBytes mac, Bytes covered) { generation.check_in.compute(mac, covered, {}); });
  writer.fingerprint();
  const Bytes message = writer.message();
  const MutBytes room = out.next(message.size());
  if (!room.empty()) {  // full: the peer asks again
    copy(room.first(message.size()), message);
    out.push(from, message.size());
  }
}

// RFC 8445 §7.2.5
Ice::Outcome Ice::on_response(Instant now, const Address& from, const wire::StunMessage& response) {
  bool asked = false;
  for (const wire::StunTransaction& transaction : recent_) {
    asked = asked || transaction == response.transaction;
  }
  if (!asked || from != *server_ || !mac_is_right(current_.check_out, response)) {
    return Outcome::refused;
  }
  consent_until_ = now + consent_expiry;
  if (path_ == from && nominated_) {
    return Outcome::answered;
  }
  nominated_ = true;
  previous_.reset();
  ByteArray<2> jitter;
  random_.fill(jitter);
  next_check_ =
      now + Duration::milliseconds(consent_check_ms_min +
                                   load_be<std::uint16_t>(jitter.data()) % consent_check_ms_spread);
  const bool changed = path_ != from;
  path_ = from;
  return changed ? Outcome::path : Outcome::answered;
}

Instant Ice::deadline() const noexcept {
  return role_ == IceRole::controlling && next_check_ < consent_until_ ? next_check_
                                                                       : consent_until_;
}

void Ice::on_timer(Instant now, Outbox& out) {
  if (role_ != IceRole::controlling || now < next_check_) {
    return;
  }
  wire::StunTransaction& transaction = recent_[recent_next_++ % std::size(recent_)];
  random_.fill(transaction);
  ByteArray<wire::stun_message_bytes_max> buffer;
  wire::StunWriter writer(buffer, wire::StunType::binding_request, transaction);
  writer.username(current_.remote.ufrag + ":" + current_.local.ufrag);
  writer.priority(check_priority);
  writer.ice_controlling(tie_breaker_);
  writer.use_candidate();
  writer.integrity(
      [&](MutBytes mac, Bytes covered) { current_.check_out.compute(mac, covered, {}); });
  writer.fingerprint();
  const Bytes message = writer.message();
  const MutBytes room = out.next(message.size());
  if (!room.empty()) {
    copy(room.first(message.size()), message);
    out.push(*server_, message.size());
  }
  if (nominated_) {
    ByteArray<2> jitter;
    random_.fill(jitter);
    next_check_ =
        now + Duration::milliseconds(consent_check_ms_min + load_be<std::uint16_t>(jitter.data()) %
                                                                consent_check_ms_spread);
  } else {
    next_check_ = now + check_interval_;
    check_interval_ = check_interval_ * 2 < check_slowest ? check_interval_ * 2 : check_slowest;
  }
}

void Ice::restart(IceCredentials local, IceCredentials remote, Instant now) {
  previous_ = std::move(current_);
  current_ = Generation(std::move(local), std::move(remote));
  nominated_ = false;
  consent_until_ = now + consent_expiry;
  next_check_ = now;
  check_interval_ = check_first;
}

}  // namespace v100::rtc
