// The datagrams of the media port, and what happens by the clock.
#include <algorithm>
#include <utility>

#include "svc/sfu/parts.h"

namespace v100::sfu {
namespace {

constexpr std::size_t batch_reserve = 1024;  // what one incoming packet may fan out to, and more
constexpr std::size_t outbox_reserve = 16;
constexpr Duration quality_interval = Duration::seconds(2);
constexpr Duration metrics_interval = Duration::seconds(1);

// What the meter is told of each room.
struct Row {
  const char* name;
  const char* label;
  std::uint64_t rtc::RoomStats::* field;
};
constexpr Row rows[] = {
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

}  // namespace

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

}  // namespace v100::sfu
