#include "rtc/transport.h"

#include <algorithm>

#include "base/check.h"
#include "wire/dtls_record.h"

namespace v100::rtc {
namespace {

// From making the transport to keys: a browser that has the answer needs under a second; longer
// than this it has gone.
constexpr Duration connect_within = Duration::seconds(30);

}  // namespace

struct Transport::State {
  State(TransportConfig config, DtlsContext& dtls_context, Random& random, Instant now)
      : side(config.side),
        dtls(dtls_context),
        peer(config.remote_fingerprint),
        ice(side == TransportSide::server ? IceRole::lite : IceRole::controlling,
            std::move(config.local), std::move(config.remote), config.remote_address, random, now),
        connect_until(now + connect_within) {}

  Received on_srtp(MutBytes datagram, bool rtcp);
  void on_dtls(Instant now, Bytes datagram, TransportOut& out);
  void start_dtls(Instant now, TransportOut& out);
  void send_dtls(TransportOut& out);
  void take_keys(TransportOut& out);
  void end(TransportOut& out, TransportEvent event);
  void count_refused(Errc code) noexcept;

  const TransportSide side;
  DtlsContext& dtls;
  const Fingerprint peer;
  Ice ice;
  std::unique_ptr<DtlsSession> session;  // made once ICE has a path
  DtlsSession::Out flight;               // scratch for what the session wants sent
  std::optional<SrtpSender> sender;      // with the keys
  std::optional<SrtpReceiver> receiver;
  const Instant connect_until;
  bool over = false;  // failed or closed: nothing is heard or said any more
  TransportStats stats;
};

Transport::Transport(TransportConfig config, DtlsContext& dtls, Random& random, Instant now)
    : state_(std::make_unique<State>(std::move(config), dtls, random, now)) {}
Transport::~Transport() = default;

Received Transport::on_datagram(Instant now, const Address& from, MutBytes datagram,
                                TransportOut& out) {
  State& s = *state_;
  if (s.over) {
    return {};
  }
  switch (wire::classify(datagram)) {
    case wire::DatagramKind::rtp:
      return s.on_srtp(datagram, false);
    case wire::DatagramKind::rtcp:
      return s.on_srtp(datagram, true);
    case wire::DatagramKind::dtls:
      s.on_dtls(now, datagram, out);
      return {};
    case wire::DatagramKind::stun:
      break;
    default:
      ++s.stats.unknown;
      return {};
  }
  const Ice::Outcome outcome = s.ice.on_stun(now, from, datagram, out.datagrams);
  const bool authentic = outcome == Ice::Outcome::answered || outcome == Ice::Outcome::path;
  s.stats.stun_answered += authentic ? 1 : 0;
  s.stats.stun_refused += outcome == Ice::Outcome::refused ? 1 : 0;
  if (authentic && s.ice.path() == from) {
    out.events.push_back({.kind = TransportEvent::Kind::path, .address = from});
  }
  if (outcome == Ice::Outcome::path && s.side == TransportSide::client) {
    s.start_dtls(now, out);
  }
  return {};
}

Received Transport::State::on_srtp(MutBytes datagram, bool rtcp) {
  if (!receiver) {
    ++stats.srtp_early;
    return {};
  }
  const Result<MutBytes> packet =
      rtcp ? receiver->unprotect_rtcp(datagram) : receiver->unprotect_rtp(datagram);
  if (!packet) {
    count_refused(packet.error().code);
    return {};
  }
  ++(rtcp ? stats.rtcp_in : stats.rtp_in);
  return {rtcp ? Received::Kind::rtcp : Received::Kind::rtp, *packet};
}

void Transport::State::count_refused(Errc code) noexcept {
  switch (code) {
    case Errc::conflict:
      ++stats.srtp_replayed;
      break;
    case Errc::unauthenticated:
      ++stats.srtp_unauthenticated;
      break;
    default:
      ++stats.srtp_malformed;
      break;
  }
}

void Transport::State::start_dtls(Instant now, TransportOut& out) {
  if (session == nullptr) {
    session = make_dtls_session(
        dtls, side == TransportSide::server ? DtlsRole::passive : DtlsRole::active, peer);
    session->start(now, flight);
    send_dtls(out);
  }
}

void Transport::State::on_dtls(Instant now, Bytes datagram, TransportOut& out) {
  ++stats.dtls_datagrams;
  if (!ice.path()) {
    return;  // nobody has shown yet that this address asked for it
  }
  start_dtls(now, out);
  const DtlsState before = session->state();
  session->on_datagram(now, datagram, flight);
  send_dtls(out);
  const DtlsState after = session->state();
  if (before == DtlsState::handshaking && after == DtlsState::connected) {
    take_keys(out);
  } else if (after == DtlsState::failed) {
    end(out, {.kind = TransportEvent::Kind::failed, .error = session->error()});
  } else if (after == DtlsState::closed) {
    end(out, {.kind = TransportEvent::Kind::closed});
  }
}

void Transport::State::send_dtls(TransportOut& out) {
  for (const Buffer& datagram : flight) {
    const MutBytes room = out.datagrams.next(datagram.size());
    if (room.empty()) {
      ++stats.dtls_unsent;  // the flight's timer sends it again
      continue;
    }
    copy(room.first(datagram.size()), datagram);
    out.datagrams.push(*ice.path(), datagram.size());
  }
  flight.clear();
}

// RFC 5764 §4.2: what the client writes is keyed first.
void Transport::State::take_keys(TransportOut& out) {
  const DtlsInfo info = session->info();
  const std::size_t key = srtp_key_bytes(info.srtp);
  const std::size_t salt = srtp_salt_bytes(info.srtp);
  Secret<2 * (32 + 14), struct SrtpMasterTag> secret;
  const MutBytes material = MutBytes(secret.fill()).first(2 * (key + salt));
  session->export_srtp(material);
  const SrtpMaster client{info.srtp, material.first(key), material.subspan(2 * key, salt)};
  const SrtpMaster server{info.srtp, material.subspan(key, key), material.last(salt)};
  const bool we_serve = side == TransportSide::server;
  sender.emplace(we_serve ? server : client);
  receiver.emplace(we_serve ? client : server);
  out.events.push_back({.kind = TransportEvent::Kind::connected, .dtls = info});
}

void Transport::State::end(TransportOut& out, TransportEvent event) {
  over = true;
  sender.reset();
  receiver.reset();
  out.events.push_back(event);
}

Instant Transport::next_deadline() const noexcept {
  const State& s = *state_;
  if (s.over) {
    return never;
  }
  Instant first = s.ice.deadline();
  if (!s.receiver) {
    first = std::min(first, s.connect_until);
  }
  return s.session != nullptr ? std::min(first, s.session->deadline()) : first;
}

void Transport::on_timer(Instant now, TransportOut& out) {
  State& s = *state_;
  if (s.over) {
    return;
  }
  if (s.ice.consent_is_over(now)) {
    s.end(out, {.kind = TransportEvent::Kind::failed,
                .error = {Errc::timed_out, "ice: no authenticated check for 30 s"}});
    return;
  }
  if (!s.receiver && now >= s.connect_until) {
    s.end(out, {.kind = TransportEvent::Kind::failed,
                .error = {Errc::timed_out, "dtls: no keys within 30 s"}});
    return;
  }
  s.ice.on_timer(now, out.datagrams);
  if (s.session != nullptr) {
    s.session->on_timer(now, s.flight);
    s.send_dtls(out);
    if (s.session->state() == DtlsState::failed) {
      s.end(out, {.kind = TransportEvent::Kind::failed, .error = s.session->error()});
    }
  }
}

Result<std::size_t> Transport::protect_rtp(MutBytes buffer, std::size_t bytes) noexcept {
  if (!state_->sender) {
    return fail(Errc::unavailable, "transport: not connected");
  }
  const std::size_t n = TRY(state_->sender->protect_rtp(buffer, bytes));
  ++state_->stats.rtp_out;
  return n;
}

Result<std::size_t> Transport::protect_rtcp(MutBytes buffer, std::size_t bytes) noexcept {
  if (!state_->sender) {
    return fail(Errc::unavailable, "transport: not connected");
  }
  const std::size_t n = TRY(state_->sender->protect_rtcp(buffer, bytes));
  ++state_->stats.rtcp_out;
  return n;
}

void Transport::restart(IceCredentials local, IceCredentials remote, Instant now) {
  state_->ice.restart(std::move(local), std::move(remote), now);
}

void Transport::close(TransportOut& out) {
  State& s = *state_;
  if (!s.over && s.session != nullptr) {
    s.session->close(s.flight);
    s.send_dtls(out);
  }
  s.over = true;
  s.sender.reset();
  s.receiver.reset();
}

bool Transport::connected() const noexcept { return state_->sender.has_value(); }
const std::optional<Address>& Transport::path() const noexcept { return state_->ice.path(); }
const IceCredentials& Transport::local_credentials() const noexcept { return state_->ice.local(); }
const TransportStats& Transport::stats() const noexcept { return state_->stats; }

}  // namespace v100::rtc
