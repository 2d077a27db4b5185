// The room's inner parts: members, the tracks they send (each of one to three layers) and their
// subscriptions to others' tracks. Only files of this folder include this.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "rtc/room/arrival_log.h"
#include "rtc/room/meters.h"
#include "rtc/room/nack_list.h"
#include "rtc/room/packet_ring.h"
#include "rtc/room/rewriter.h"
#include "rtc/room/room.h"
#include "wire/rtp.h"

namespace v100::rtc {

inline constexpr Duration layer_idle_after = Duration::milliseconds(1000);
inline constexpr Duration track_idle_after = Duration::seconds(2);
inline constexpr Duration pli_interval = Duration::seconds(1);
inline constexpr Duration rtt_default = Duration::milliseconds(100);
inline constexpr std::size_t ssrcs_per_member = 64;

constexpr std::uint32_t clock_rate(bool video) noexcept { return video ? 90000 : 48000; }

// One SSRC of a producer with its repair stream.
struct Layer {
  explicit Layer(bool video) : stats(clock_rate(video)) {}
  std::uint32_t ssrc = 0;  // 0 until the first packet
  rtp::Unwrapper sequence;
  ReceiveStats stats;
  PacketRing ring;  // video only
  NackList nack;    // video with agreed nack only
  RateMeter rate;
  bool has_sender_report = false;
  std::uint64_t report_ntp = 0;
  std::uint32_t report_timestamp = 0;
  Instant report_at;
  bool heard = false;
  Instant heard_at;
  bool key_wanted = false;
  bool key_asked = false;
  Instant key_asked_at;
  std::uint64_t recovered = 0, keyframes = 0;

  bool active(Instant now) const noexcept { return heard && now - heard_at < layer_idle_after; }
};

struct Consumer;
struct Member;

// What one member sends on one m-line.
struct Track {
  Track(TrackRef r, const SendLine& l) : ref(r), line(l) {
    const std::size_t count = std::max<std::size_t>(1, l.rids.size());
    for (std::size_t i = 0; i < count; ++i) {
      layers.emplace_back(l.video);
    }
  }
  TrackRef ref;
  SendLine line;
  std::vector<Layer> layers;  // lowest first
  Codec codec = Codec::opus;  // of the newest packet
  bool muted = false;
  bool announced_active = false;
  std::vector<Consumer*> consumers;  // kept by State::link()
};

// One member's subscription to one track.
struct Consumer {
  Consumer(Member& o, const Subscription& s, std::uint16_t first_sequence,
           std::uint16_t first_repair)
      : owner(o), wish(s), rewriter(first_sequence), repair_sequence(first_repair) {}
  Member& owner;
  Subscription wish;
  TrackRef source;         // wish.source, unless the tap reroutes
  Track* track = nullptr;  // null while the source is not there
  Rewriter rewriter;
  bool forwarding = false;  // the rewriter's current layer is of `track`
  std::uint8_t target = 0;  // the layer to be on; the current one stays until its keyframe
  bool paused = false;
  std::uint32_t sent_ssrc = 0;           // the producer's SSRC of the current segment
  Instant sent_at;                       // newest packet
  std::uint32_t injected_timestamp = 0;  // of the newest packet that the tap put in
  std::uint16_t repair_sequence;
  std::uint32_t packets = 0, octets = 0;  // sent, for the SR

  // The header of an outgoing packet, made once: where its changing fields lie.
  ByteArray<64> head{};
  std::uint8_t head_bytes = 0;
  std::uint8_t send_time_at = 0, transport_sequence_at = 0;  // 0: absent

  struct SentReport {
    std::uint32_t middle = 0;  // of the NTP time, as it comes back in a report block
    Instant at;
  };
  std::array<SentReport, 4> sent_reports{};
  std::size_t sent_reports_used = 0;
  struct Repair {
    std::uint16_t sequence = 0;
    Instant at;
  };
  std::array<Repair, 64> repairs{};  // by sequence: when it was last repeated
  RateMeter rate;
  std::uint8_t fraction_lost = 0;
  bool fraction_fresh = false;
};

struct Binding {
  std::uint32_t ssrc = 0;
  Track* track = nullptr;
  std::uint8_t layer = 0;
  bool repair = false;
};

// How much a member's downlink takes, as far as its reports tell (layer_choice.cpp).
struct Downlink {
  std::uint64_t remb_bps = 0;
  bool remb_fell = false;                // since the last look
  std::uint64_t limit_bps = UINT64_MAX;  // no limit known
  Instant hold_until;                    // no step up before
  Duration hold = Duration::seconds(2);
  Instant raised_at;
  unsigned bad_reports = 0;  // in a row
};

struct Member {
  explicit Member(MemberId i) : id(i) {}
  MemberId id;
  bool connected = false;
  std::vector<std::unique_ptr<Track>> tracks;
  std::vector<std::unique_ptr<Consumer>> consumers;
  std::vector<Binding> bindings;
  ExtensionIds extensions;  // over all m-lines: ids are the same within a BUNDLE
  ArrivalLog arrivals;
  std::uint32_t self_ssrc = 0;           // ours, as the sender of reports to this member
  std::string cname;                     // of this member's tracks
  std::uint16_t transport_sequence = 0;  // of packets to this member
  RateMeter up, down;
  Duration rtt = Duration::nanoseconds(0);  // smoothed; 0: not known yet
  Duration rtt_least = Duration::nanoseconds(0);
  Downlink downlink;
  Instant reported_at, chosen_at;
  // Loss of what the member sends, over windows of two seconds.
  std::uint64_t expected_before = 0, received_before = 0;
  Instant loss_at;
  std::uint16_t loss_up_permille = 0, loss_down_permille = 0;
};

// A packet on its way through the room.
struct Media {
  Track* track = nullptr;
  std::uint8_t layer = 0;
  StoredPacket packet;
  bool keyframe = false;  // its first packet
  rtp::PictureNumbers picture;
  rtp::Vp8Descriptor vp8;  // by track->codec
  rtp::Vp9Descriptor vp9;
  bool injected = false;  // by the tap: continues the subscriber's numbering wherever it is
};

struct Room::State {
  State(RoomConfig c, Random& r, ForwardTap* t) : config(std::move(c)), random(r), tap(t) {}

  RoomConfig config;
  Random& random;
  ForwardTap* tap;
  RoomStats stats;
  std::unordered_map<MemberId, std::unique_ptr<Member>> members;
  Instant routed_at;
  std::vector<std::uint16_t> nack_scratch;
  Buffer repair_scratch;
  std::vector<ForwardTap::TapPacket> injected;

  std::uint32_t draw() {
    ByteArray<4> bytes{};
    random.fill(bytes);
    return load_be<std::uint32_t>(bytes.data());
  }
  Member* find(MemberId id) {
    const auto it = members.find(id);
    return it == members.end() ? nullptr : it->second.get();
  }
  Track* find_track(TrackRef ref);
  Consumer* find_consumer(Member& member, std::uint32_t ssrc);
  void link();  // consumers to tracks, after any change of either

  // room_rtp.cpp: the way of a packet
  Binding* bind(Member& member, const rtp::Packet& packet);
  void on_media(Instant now, const Binding& to, const rtp::Packet& packet, PacketBatch& out);
  void on_repair(Instant now, const Binding& to, const rtp::Packet& packet, PacketBatch& out);
  bool describe(Media& media);
  void tap_packet(Instant now, const rtp::Packet& packet, Media& media, PacketBatch& out);
  void fan_out(Instant now, Media& media, PacketBatch& out);

  // room_send.cpp: to one subscriber
  void forward(Instant now, Consumer& consumer, const Media& media, PacketBatch& out);
  void send(Instant now, Consumer& consumer, const Media& media, const Outgoing& numbers,
            PacketBatch& out);
  void repeat(Instant now, Consumer& consumer, std::uint16_t sequence, PacketBatch& out);
  std::size_t put_packet(Instant now, Consumer& consumer, const Media& media,
                         const Outgoing& numbers, bool repair, MutBytes room);
  void make_head(Consumer& consumer);

  // room_rtcp.cpp
  void on_report(Instant now, Member& member, const rtcp::Block& block);
  void on_feedback(Instant now, Member& member, const rtcp::Block& block, PacketBatch& out);
  void send_reports(Instant now, Member& member, PacketBatch& out);
  void send_feedback(Instant now, Member& member, PacketBatch& out);
  void send_requests(Instant now, Member& member, PacketBatch& out);

  // layer_choice.cpp
  void choose_layers(Instant now, Member& member);
};

}  // namespace v100::rtc
