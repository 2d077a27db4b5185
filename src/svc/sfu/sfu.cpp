#include "svc/sfu/sfu.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/limits.h"
#include "rtc/dtls.h"
#include "rtc/mux.h"
#include "rtc/negotiate/negotiate.h"
#include "rtc/outbox.h"
#include "rtc/room/packet_batch.h"
#include "rtc/room/room.h"
#include "rtc/transport.h"
#include "svc/sfu/api.h"

namespace v100::sfu {
namespace {

constexpr std::size_t batch_packets = 4096;
constexpr std::size_t batch_reserve = 1024;  // what one incoming packet may fan out to, and more
constexpr std::size_t outbox_datagrams = 512;
constexpr std::size_t outbox_reserve = 16;
constexpr Duration quality_interval = Duration::seconds(2);
constexpr Duration metrics_interval = Duration::seconds(1);

struct RoomEntry {
  RoomEntry(std::string n, Random& random, rtc::ForwardTap* tap)
      : name(std::move(n)), room({"v100-"}, random, tap) {}
  std::string name;
  rtc::Room room;
  // A name keeps its number as long as the room lives, so that subscriptions outlast a reload.
  std::unordered_map<std::string, rtc::MemberId> numbers;
  std::size_t peers = 0;
  rtc::RoomStats counted;  // what the meter has been told
};

// The SSRCs of a receive m-line: the same as long as it shows the same track.
struct Shown {
  std::string mid;
  rtc::TrackRef source;
  std::uint32_t ssrc = 0, repair_ssrc = 0;
};

struct Peer {
  rtc::MemberId number = 0;
  std::string name;
  RoomEntry* room = nullptr;
  std::unique_ptr<rtc::Transport> transport;
  rtc::Fingerprint fingerprint{};
  rtc::IceCredentials local, remote;
  std::uint64_t session_id = 0, version = 0;
  std::vector<Shown> shown;
  bool over = false;  // failed or closed
  Instant quality_at;
};

class Sfu final : public Service, private DatagramHandler {
 public:
  Sfu(SfuConfig config, Env env, Datagrams& datagrams, rtc::DtlsContext& dtls,
      rtc::ForwardTap* tap);
  void open(Router& router) override;
  void end_of_turn(Instant now) override;
  void tick(Instant now) override;
  void drain() override { draining_ = true; }
  void close() override;

 private:
  void on_datagrams(Instant now, std::span<Datagram> batch) override;

  Result<std::string> offer(const Offer& m);
  Result<void> check(const Offer& m) const;
  Result<Peer*> peer_for(const Offer& m);
  void open_transport(Peer& peer, const rtc::Offered& offered);
  void restart_ice(Peer& peer, const rtc::Offered& offered);
  void wish_tracks(Peer& peer, const Offer& m, std::vector<rtc::ReceiveWish>& wishes,
                   std::vector<std::string>& texts);
  void set_lines(Peer& peer, const Offer& m, const rtc::Negotiated& settled);
  rtc::MemberId number_of(RoomEntry& room, const std::string& name);
  void remove(Peer& peer);
  void remove_named(std::string_view room, std::string_view member);
  void close_room(const CloseRoom& m);
  Peer* find(std::string_view room, std::string_view member);
  RoomEntry* find_room(std::string_view room);

  void take_events(Instant now, Peer& peer);
  void tell(const Peer& peer, Event event);
  void tell_quality(Instant now, Peer& peer);
  void tick_room(Instant now, RoomEntry& room);
  void count(RoomEntry& room);
  void flush();
  std::uint64_t draw();

  SfuConfig config_;
  Env env_;
  Datagrams& datagrams_;
  rtc::DtlsContext& dtls_;
  rtc::ForwardTap* tap_;
  bool draining_ = false;
  std::unordered_map<std::string, std::unique_ptr<RoomEntry>> rooms_;
  std::unordered_map<rtc::MemberId, std::unique_ptr<Peer>> peers_;
  rtc::MemberId next_number_ = 1;
  rtc::Mux mux_;
  rtc::Outbox outbox_{outbox_datagrams};
  rtc::PacketBatch batch_{batch_packets};
  std::vector<rtc::TransportEvent> events_;
  std::vector<rtc::RoomEvent> room_events_;
  std::vector<rtc::PacketBatch::Entry> order_;
  std::vector<Datagram> sending_;
  Instant metrics_at_;
  std::uint64_t unroutable_ = 0, unsent_ = 0, unroutable_counted_ = 0, unsent_counted_ = 0;
};

std::uint64_t random_seed(Random& random) {
  ByteArray<8> bytes{};
  random.fill(bytes);
  return load_be<std::uint64_t>(bytes.data());
}

Sfu::Sfu(SfuConfig config, Env env, Datagrams& datagrams, rtc::DtlsContext& dtls,
         rtc::ForwardTap* tap)
    : config_(std::move(config)),
      env_(env),
      datagrams_(datagrams),
      dtls_(dtls),
      tap_(tap),
      mux_(random_seed(env.random)) {}

std::uint64_t Sfu::draw() { return random_seed(env_.random); }

// Decodes, acts, answers: the shape of every method.
template <class Message, class Act>
Router::Handler method(Result<Message> (*decode)(Bytes), Act act) {
  return [decode, act](Bytes request, Reply reply) mutable {
    const Result<Message> m = decode(request);
    reply.answer_with(m ? act(*m) : Result<Buffer>(std::unexpected(m.error())));
  };
}

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

void Sfu::on_datagrams(Instant now, std::span<Datagram> batch) {
  for (Datagram& datagram : batch) {
    const auto id = mux_.find(datagram.peer, datagram.bytes);
    const auto it = id ? peers_.find(id->value()) : peers_.end();
    if (it == peers_.end()) {
      ++unroutable_;
      continue;
    }
    if (batch_.free() < batch_reserve || outbox_.free() < outbox_reserve) {
      flush();
    }
    Peer& peer = *it->second;
    rtc::TransportOut out{outbox_, events_};
    const rtc::Received got = peer.transport->on_datagram(now, datagram.peer, datagram.bytes, out);
    if (!events_.empty()) {
      take_events(now, peer);
    }
    if (got.kind == rtc::Received::Kind::rtp) {
      peer.room->room.on_rtp(now, datagram.arrived, peer.number, got.packet, batch_);
    } else if (got.kind == rtc::Received::Kind::rtcp) {
      peer.room->room.on_rtcp(now, peer.number, got.packet, batch_);
    }
  }
}

void Sfu::take_events(Instant now, Peer& peer) {
  using enum rtc::TransportEvent::Kind;
  for (const rtc::TransportEvent& event : events_) {
    switch (event.kind) {
      case path:
        mux_.bind(event.address, rtc::TransportId(peer.number));
        break;
      case connected: {
        peer.room->room.set_connected(now, peer.number, true);
        Event told;
        told.kind = EventKind::connected;
        told.dtls_group = event.dtls.group;
        told.dtls_version = event.dtls.version;
        env_.log.write(Level::info, "sfu.connected",
                       {{"group", event.dtls.group},
                        {"cipher", event.dtls.cipher},
                        {"srtp", rtc::name(event.dtls.srtp)},
                        {"version", static_cast<std::int64_t>(event.dtls.version)}});
        tell(peer, std::move(told));
        break;
      }
      case failed:
      case closed: {
        const bool by_peer = event.kind == closed;
        peer.over = true;
        peer.room->room.set_connected(now, peer.number, false);
        Event told;
        told.kind = EventKind::failed;
        told.reason = by_peer ? "closed by the client" : event.error.what;
        env_.log.write(Level::info, "sfu.over", {{"why", told.reason}});
        env_.meter.count("v100_sfu_connections_over_total",
                         by_peer ? "reason=\"closed\"" : "reason=\"failed\"", 1);
        tell(peer, std::move(told));
        break;
      }
    }
  }
  events_.clear();
}

void Sfu::tell(const Peer& peer, Event event) {
  event.room = peer.room->name;
  event.member = peer.name;
  env_.bus.post("signaling", "sfu", encode(event));
}

void Sfu::tell_quality(Instant now, Peer& peer) {
  peer.quality_at = now;
  const auto q = peer.room->room.quality(now, peer.number);
  if (!q || peer.over || !peer.transport->connected()) {
    return;
  }
  Event event;
  event.kind = EventKind::quality;
  event.loss_up = q->loss_up_permille;
  event.loss_down = q->loss_down_permille;
  event.rtt_ms = q->rtt_ms;
  event.up_kbps = q->up_kbps;
  event.down_kbps = q->down_kbps;
  tell(peer, std::move(event));
}

void Sfu::tick_room(Instant now, RoomEntry& room) {
  if (batch_.free() < batch_packets / 2) {
    flush();
  }
  room_events_.clear();
  room.room.on_timer(now, batch_, room_events_);
  for (const rtc::RoomEvent& event : room_events_) {
    const auto peer = peers_.find(event.track.member);
    if (peer != peers_.end()) {
      Event told;
      told.kind = event.kind == rtc::RoomEvent::Kind::track_active ? EventKind::track_active
                                                                   : EventKind::track_idle;
      told.track = static_cast<Track>(event.track.track);
      tell(*peer->second, std::move(told));
    }
  }
}

void Sfu::tick(Instant now) {
  for (auto& [number, peer] : peers_) {
    if (!peer->over && now >= peer->transport->next_deadline()) {
      if (outbox_.free() < outbox_reserve) {
        flush();
      }
      rtc::TransportOut out{outbox_, events_};
      peer->transport->on_timer(now, out);
      take_events(now, *peer);
    }
    if (now - peer->quality_at >= quality_interval) {
      tell_quality(now, *peer);
    }
  }
  for (auto& [name, room] : rooms_) {
    tick_room(now, *room);
  }
  if (now - metrics_at_ >= metrics_interval) {
    metrics_at_ = now;
    for (auto& [name, room] : rooms_) {
      count(*room);
    }
    env_.meter.gauge("v100_sfu_rooms", "", static_cast<std::int64_t>(rooms_.size()));
    env_.meter.gauge("v100_sfu_members", "", static_cast<std::int64_t>(peers_.size()));
    env_.meter.count("v100_sfu_datagrams_unroutable_total", "",
                     unroutable_ - std::exchange(unroutable_counted_, unroutable_));
    env_.meter.count("v100_sfu_packets_unsent_total", "",
                     unsent_ - std::exchange(unsent_counted_, unsent_));
  }
  flush();
}

// Tells the meter what has been added since the last time.
void Sfu::count(RoomEntry& entry) {
  struct Row {
    const char* name;
    const char* label;
    std::uint64_t rtc::RoomStats::* field;
  };
  static constexpr Row rows[] = {
      {"v100_sfu_rtp_packets_total", "way=\"in\"", &rtc::RoomStats::rtp_in},
      {"v100_sfu_rtp_packets_total", "way=\"out\"", &rtc::RoomStats::rtp_out},
      {"v100_sfu_rtp_bytes_total", "way=\"in\"", &rtc::RoomStats::bytes_in},
      {"v100_sfu_rtp_bytes_total", "way=\"out\"", &rtc::RoomStats::bytes_out},
      {"v100_sfu_rtp_dropped_total", "reason=\"malformed\"", &rtc::RoomStats::rtp_malformed},
      {"v100_sfu_rtp_dropped_total", "reason=\"unknown\"", &rtc::RoomStats::rtp_unknown},
      {"v100_sfu_rtp_dropped_total", "reason=\"muted\"", &rtc::RoomStats::rtp_muted},
      {"v100_sfu_rtp_dropped_total", "reason=\"duplicate\"", &rtc::RoomStats::rtp_duplicate},
      {"v100_sfu_rtp_dropped_total", "reason=\"batch_full\"", &rtc::RoomStats::batch_full},
      {"v100_sfu_rtcp_in_total", "", &rtc::RoomStats::rtcp_in},
      {"v100_sfu_rtcp_malformed_total", "", &rtc::RoomStats::rtcp_malformed},
      {"v100_sfu_nack_total", "way=\"in\"", &rtc::RoomStats::nack_in},
      {"v100_sfu_nack_total", "way=\"out\"", &rtc::RoomStats::nack_out},
      {"v100_sfu_rtx_packets_total", "way=\"in\"", &rtc::RoomStats::rtx_in},
      {"v100_sfu_rtx_packets_total", "way=\"out\"", &rtc::RoomStats::rtx_out},
      {"v100_sfu_rtx_missed_total", "", &rtc::RoomStats::rtx_missed},
      {"v100_sfu_pli_total", "way=\"in\"", &rtc::RoomStats::pli_in},
      {"v100_sfu_pli_total", "way=\"out\"", &rtc::RoomStats::pli_out},
      {"v100_sfu_transport_feedback_total", "", &rtc::RoomStats::feedback_out},
      {"v100_sfu_layer_switches_total", "", &rtc::RoomStats::layer_switches},
  };
  const rtc::RoomStats& now = entry.room.stats();
  for (const Row& row : rows) {
    const std::uint64_t added = now.*row.field - entry.counted.*row.field;
    if (added != 0) {
      env_.meter.count(row.name, row.label, added);
    }
  }
  entry.counted = now;
}

void Sfu::end_of_turn(Instant) { flush(); }

// Encrypts what the rooms want sent and hands everything to the socket. Packets go out subscriber
// by subscriber, so that the socket finds runs of one peer to send as one segmented datagram.
void Sfu::flush() {
  if (!outbox_.empty()) {
    datagrams_.send(outbox_.datagrams());
    outbox_.clear();
  }
  if (batch_.empty()) {
    return;
  }
  order_.assign(batch_.entries().begin(), batch_.entries().end());
  std::sort(order_.begin(), order_.end(),
            [](const auto& a, const auto& b) { return a.to != b.to ? a.to < b.to : a.at < b.at; });
  sending_.clear();
  Peer* peer = nullptr;
  for (const rtc::PacketBatch::Entry& entry : order_) {
    if (peer == nullptr || peer->number != entry.to) {
      const auto it = peers_.find(entry.to);
      peer = it == peers_.end() ? nullptr : it->second.get();
    }
    if (peer == nullptr || peer->over || !peer->transport->path()) {
      ++unsent_;
      continue;
    }
    const MutBytes buffer = batch_.buffer(entry);
    const auto size = entry.control ? peer->transport->protect_rtcp(buffer, entry.size)
                                    : peer->transport->protect_rtp(buffer, entry.size);
    if (!size) {
      ++unsent_;
      continue;
    }
    sending_.push_back({*peer->transport->path(), buffer.first(*size)});
  }
  datagrams_.send(sending_);
  batch_.clear();
}

void Sfu::close() {
  while (!peers_.empty()) {
    remove(*peers_.begin()->second);
  }
  flush();
}

}  // namespace

std::unique_ptr<Service> make_sfu(SfuConfig config, Env env, Datagrams& datagrams,
                                  rtc::DtlsContext& dtls, rtc::ForwardTap* tap) {
  return std::make_unique<Sfu>(std::move(config), env, datagrams, dtls, tap);
}

}  // namespace v100::sfu
