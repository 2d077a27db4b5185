#include "svc/sfu/sfu.h"

#include <algorithm>
#include <array>
#include <utility>

#include "svc/sfu/parts.h"

namespace v100::sfu {
namespace {

std::uint64_t random_seed(Random& random) {
  ByteArray<8> bytes{};
  random.fill(bytes);
  return load_be<std::uint64_t>(bytes.data());
}

// Decodes, acts, answers: the shape of every method.
template <class Message, class Act>
Router::Handler method(Result<Message> (*decode)(Bytes), Act act) {
  return [decode, act](Bytes request, Reply reply) mutable {
    const Result<Message> m = decode(request);
    reply.answer_with(m ? act(*m) : Result<Buffer>(std::unexpected(m.error())));
  };
}

}  // namespace

Sfu::Sfu(SfuConfig config, Env env, Datagrams& datagrams, rtc::DtlsContext& dtls,
         rtc::ForwardTap* tap)
    : config_(std::move(config)),
      env_(env),
      datagrams_(datagrams),
      dtls_(dtls),
      tap_(tap),
      mux_(random_seed(env.random)) {}

std::uint64_t Sfu::draw() { return random_seed(env_.random); }

void Sfu::open(Router& router) {
  router.datagrams(*this);
  router.on("offer", method<Offer>(decode_offer, [this](const Offer& m) -> Result<Buffer> {
              const std::string answer = TRY(offer(m));
              return to_buffer(as_bytes(answer));
            }));
  const auto leave = [this](const Leave& m) -> Result<Buffer> {
    remove_named(m.room, m.member);
    return Buffer();
  };
  router.on("leave", method<Leave>(decode_leave, leave));
  router.on("remove", method<Leave>(decode_leave, leave));
  router.on("close",
            method<CloseRoom>(decode_close_room, [this](const CloseRoom& m) -> Result<Buffer> {
              close_room(m);
              return Buffer();
            }));
  router.on("mute", method<Mute>(decode_mute, [this](const Mute& m) -> Result<Buffer> {
              if (Peer* peer = find(m.room, m.member)) {
                peer->room->room.set_muted(
                    env_.clock.now(), {peer->number, static_cast<std::uint8_t>(m.track)}, m.muted);
              }
              return Buffer();
            }));
  router.on("view", method<View>(decode_view, [this](const View& m) -> Result<Buffer> {
              if (Peer* peer = find(m.room, m.member)) {
                peer->room->room.set_view(env_.clock.now(), peer->number, m.mid, m.height);
              }
              return Buffer();
            }));
}

RoomEntry* Sfu::find_room(std::string_view room) {
  const auto it = rooms_.find(std::string(room));
  return it == rooms_.end() ? nullptr : it->second.get();
}

Peer* Sfu::find(std::string_view room, std::string_view member) {
  RoomEntry* entry = find_room(room);
  if (entry == nullptr) {
    return nullptr;
  }
  const auto number = entry->numbers.find(std::string(member));
  if (number == entry->numbers.end()) {
    return nullptr;
  }
  const auto peer = peers_.find(number->second);
  return peer == peers_.end() ? nullptr : peer->second.get();
}

rtc::MemberId Sfu::number_of(RoomEntry& room, const std::string& name) {
  const auto [it, added] = room.numbers.try_emplace(name, next_number_);
  next_number_ += added ? 1 : 0;
  return it->second;
}

Result<void> Sfu::check(const Offer& m) const {
  if (draining_) {
    return fail(Errc::unavailable, "sfu: draining");
  }
  std::array<bool, 256> tracks{};
  std::vector<std::string_view> mids;
  for (const SendLine& line : m.sends) {
    bool& used = tracks[static_cast<std::size_t>(line.track)];
    if (std::exchange(used, true)) {
      return fail(Errc::malformed, "sfu: a track on two m-lines");
    }
    mids.push_back(line.mid);
  }
  for (const ReceiveLine& line : m.receives) {
    mids.push_back(line.mid);
  }
  std::sort(mids.begin(), mids.end());
  if (std::adjacent_find(mids.begin(), mids.end()) != mids.end()) {
    return fail(Errc::malformed, "sfu: an m-line wished for twice");
  }
  return {};
}

Result<Peer*> Sfu::peer_for(const Offer& m) {
  if (Peer* known = find(m.room, m.member)) {
    return known;
  }
  const auto room = rooms_.find(m.room);
  if (peers_.size() >= limits::connections ||
      (room == rooms_.end() && rooms_.size() >= limits::rooms) ||
      (room != rooms_.end() && room->second->peers >= limits::room_members)) {
    return fail(Errc::busy, "sfu: rooms or members at their limit");
  }
  std::unique_ptr<RoomEntry>& entry = rooms_[m.room];
  if (entry == nullptr) {
    entry = std::make_unique<RoomEntry>(m.room, env_.random, tap_);
  }
  auto peer = std::make_unique<Peer>();
  peer->number = number_of(*entry, m.member);
  peer->name = m.member;
  peer->room = entry.get();
  peer->quality_at = env_.clock.now();
  ++entry->peers;
  Peer* made = peer.get();
  peers_[made->number] = std::move(peer);
  return made;
}

Result<std::string> Sfu::offer(const Offer& m) {
  TRY(check(m));
  const rtc::Offered offered = TRY(rtc::look_at_offer(m.sdp));
  Peer* const known = find(m.room, m.member);
  const bool same_connection =
      known != nullptr && known->transport != nullptr && known->fingerprint == offered.fingerprint;
  if (same_connection && known->over) {
    return fail(Errc::conflict, "sfu: this peer connection is over; open a new one");
  }
  Peer& peer = *TRY(peer_for(m));
  if (!same_connection) {
    open_transport(peer, offered);
  } else if (offered.credentials.ufrag != peer.remote.ufrag) {
    restart_ice(peer, offered);
  }
  std::vector<rtc::SendWish> sends;
  for (const SendLine& line : m.sends) {
    sends.push_back({line.mid, static_cast<std::uint8_t>(line.track)});
  }
  std::vector<rtc::ReceiveWish> receives;
  std::vector<std::string> texts;
  wish_tracks(peer, m, receives, texts);
  rtc::NegotiateInput input;
  input.offer = m.sdp;
  input.sends = sends;
  input.receives = receives;
  input.candidates = config_.announce;
  input.local = &peer.local;
  input.fingerprint = &dtls_.fingerprint();
  input.session_id = peer.session_id;
  input.version = ++peer.version;
  auto settled = rtc::negotiate(input);
  if (!settled) {
    if (peer.version == 1) {
      remove(peer);  // its first offer: there is nothing to go back to
    }
    return std::unexpected(settled.error());
  }
  set_lines(peer, m, *settled);
  return std::move(settled->answer);
}

// A new peer connection of this member: what the old one had is gone.
void Sfu::open_transport(Peer& peer, const rtc::Offered& offered) {
  const Instant now = env_.clock.now();
  const rtc::TransportId id(peer.number);
  if (peer.transport != nullptr) {
    mux_.remove(id);
    peer.room->room.remove(peer.number);
    peer.shown.clear();
  }
  do {
    peer.local = rtc::IceCredentials::make(env_.random);
  } while (!mux_.add(id, peer.local.ufrag));
  peer.remote = offered.credentials;
  peer.fingerprint = offered.fingerprint;
  rtc::TransportConfig config;
  config.side = rtc::TransportSide::server;
  config.local = peer.local;
  config.remote = peer.remote;
  config.remote_fingerprint = peer.fingerprint;
  peer.transport = std::make_unique<rtc::Transport>(std::move(config), dtls_, env_.random, now);
  peer.over = false;
  peer.session_id = draw() >> 2;  // RFC 9429 §5.2.1: fits a signed 64-bit integer
  peer.version = 0;
}

void Sfu::restart_ice(Peer& peer, const rtc::Offered& offered) {
  const rtc::TransportId id(peer.number);
  rtc::IceCredentials local;
  do {
    local = rtc::IceCredentials::make(env_.random);
  } while (!mux_.add(id, local.ufrag));
  peer.local = local;
  peer.remote = offered.credentials;
  peer.transport->restart(local, peer.remote, env_.clock.now());
}

void Sfu::wish_tracks(Peer& peer, const Offer& m, std::vector<rtc::ReceiveWish>& wishes,
                      std::vector<std::string>& texts) {
  std::vector<Shown> shown;
  texts.reserve(m.receives.size() * 3);  // the wishes view into it
  for (const ReceiveLine& line : m.receives) {
    const rtc::TrackRef source{number_of(*peer.room, line.member),
                               static_cast<std::uint8_t>(line.track)};
    const auto before = std::find_if(peer.shown.begin(), peer.shown.end(), [&](const Shown& s) {
      return s.mid == line.mid && s.source == source;
    });
    if (before != peer.shown.end()) {
      shown.push_back(*before);
    } else {
      // Random, not zero, and different from each other; a clash with another m-line's is a
      // chance of 2^-32 times their number, and heals at the next offer.
      const std::uint64_t drawn = draw() | 0x0000000100000001u;
      const auto ssrc = static_cast<std::uint32_t>(drawn >> 32);
      const auto repair = static_cast<std::uint32_t>(drawn);
      shown.push_back({line.mid, source, ssrc, repair == ssrc ? repair ^ 2u : repair});
    }
    const std::string owner = std::to_string(source.member);
    const bool main = line.track == Track::audio || line.track == Track::camera;
    texts.push_back("v100-" + owner);
    texts.push_back("m" + owner + (main ? ".main" : ".screen"));
    texts.push_back("m" + owner + "." + std::string(name(line.track)));
    const std::size_t at = texts.size();
    wishes.push_back({line.mid, shown.back().ssrc, shown.back().repair_ssrc, texts[at - 3],
                      texts[at - 2], texts[at - 1]});
  }
  peer.shown = std::move(shown);
}

void Sfu::set_lines(Peer& peer, const Offer& m, const rtc::Negotiated& settled) {
  std::vector<rtc::Subscription> subscriptions;
  for (const rtc::ReceiveLine& line : settled.receives) {
    const auto shown = std::find_if(peer.shown.begin(), peer.shown.end(),
                                    [&](const Shown& s) { return s.mid == line.mid; });
    const auto wish = std::find_if(m.receives.begin(), m.receives.end(),
                                   [&](const ReceiveLine& r) { return r.mid == line.mid; });
    subscriptions.push_back({line, shown->source, wish->height});
  }
  const Instant now = env_.clock.now();
  rtc::Room& room = peer.room->room;
  room.set_lines(now, peer.number, settled.sends, subscriptions);
  room.set_connected(now, peer.number, peer.transport->connected());
}

void Sfu::remove(Peer& peer) {
  if (peer.transport != nullptr) {
    rtc::TransportOut out{outbox_, events_};
    peer.transport->close(out);
    events_.clear();
  }
  mux_.remove(rtc::TransportId(peer.number));
  RoomEntry& room = *peer.room;
  room.room.remove(peer.number);
  const rtc::MemberId number = peer.number;
  peers_.erase(number);
  if (--room.peers == 0) {
    count(room);
    rooms_.erase(rooms_.find(room.name));
  }
}

void Sfu::remove_named(std::string_view room, std::string_view member) {
  if (Peer* peer = find(room, member)) {
    remove(*peer);
  }
}

void Sfu::close_room(const CloseRoom& m) {
  std::vector<Peer*> gone;
  for (const auto& [number, peer] : peers_) {
    if (peer->room->name == m.room) {
      gone.push_back(peer.get());
    }
  }
  for (Peer* peer : gone) {
    remove(*peer);
  }
}

void Sfu::close() {
  while (!peers_.empty()) {
    remove(*peers_.begin()->second);
  }
  flush();
}

std::unique_ptr<Service> make_sfu(SfuConfig config, Env env, Datagrams& datagrams,
                                  rtc::DtlsContext& dtls, rtc::ForwardTap* tap) {
  return std::make_unique<Sfu>(std::move(config), env, datagrams, dtls, tap);
}

}  // namespace v100::sfu
