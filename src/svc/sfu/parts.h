// The service's inner parts: rooms with their names, peers with their transports, and the service
// itself. Only files of this folder include this.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "rtc/dtls.h"
#include "rtc/mux.h"
#include "rtc/negotiate/negotiate.h"
#include "rtc/outbox.h"
#include "rtc/room/packet_batch.h"
#include "rtc/room/room.h"
#include "rtc/transport.h"
#include "svc/sfu/api.h"
#include "svc/sfu/sfu.h"

namespace v100::sfu {

inline constexpr std::size_t batch_packets = 4096;
inline constexpr std::size_t outbox_datagrams = 512;

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

// Files: sfu.cpp what signaling asks for, media.cpp the datagrams and the clock.
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

}  // namespace v100::sfu
