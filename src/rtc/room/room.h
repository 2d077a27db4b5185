// Room: the forwarding core. RTP and RTCP of members come in as plaintext, what each subscriber
// shall get comes out in a PacketBatch. No sockets, no clock, no keys: payloads are ciphertext to
// it, and it reads no further than the payload descriptors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"
#include "base/world.h"
#include "rtc/negotiate/negotiate.h"
#include "rtc/room/packet_batch.h"
#include "rtc/room/tap.h"

namespace v100::rtc {

// Counters since the room began; the sfu service turns them into metrics.
struct RoomStats {
  std::uint64_t rtp_in = 0, rtp_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t rtp_malformed = 0;  // header or payload descriptor
  std::uint64_t rtp_unknown = 0;    // no m-line for this SSRC, mid, rid or payload type
  std::uint64_t rtp_muted = 0;      // of a track that the host muted
  std::uint64_t rtp_duplicate = 0;
  std::uint64_t rtcp_in = 0, rtcp_malformed = 0;
  std::uint64_t nack_in = 0, nack_out = 0;                // sequence numbers asked for
  std::uint64_t rtx_in = 0, rtx_out = 0, rtx_missed = 0;  // missed: asked for, no longer there
  std::uint64_t pli_in = 0, pli_out = 0;
  std::uint64_t feedback_out = 0;  // transport-wide feedback packets
  std::uint64_t layer_switches = 0;
  std::uint64_t batch_full = 0;
};

struct RoomEvent {
  enum class Kind : std::uint8_t { track_active, track_idle };
  Kind kind{};
  TrackRef track;
};

struct MemberQuality {
  std::uint16_t loss_up_permille = 0, loss_down_permille = 0;
  std::uint16_t rtt_ms = 0;
  std::uint32_t up_kbps = 0, down_kbps = 0;
};

struct LayerInfo {
  bool active = false;  // packets in the last second
  std::uint32_t ssrc = 0;
  std::uint32_t kbps = 0;
  std::uint64_t packets = 0, lost = 0, recovered = 0, keyframes = 0;
};
struct TrackInfo {
  TrackRef track;
  bool video = false, muted = false;
  Codec codec{};
  std::vector<LayerInfo> layers;  // lowest first
};

// One receive m-line of a member, bound to what it shows. `height` as in View.
struct Subscription {
  ReceiveLine line;
  TrackRef source;
  std::uint16_t height = 0;
};

struct RoomConfig {
  std::string cname_prefix;  // a producer's CNAME is prefix + its member number
};

// Owned by the sfu service, one per room, used by its thread. References outlive it.
class Room {
 public:
  Room(RoomConfig config, Random& random, ForwardTap* tap);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // After each negotiation: replaces the member's m-lines. Streams that stay keep their state; a
  // receive line with a new SSRC starts afresh.
  void set_lines(Instant now, MemberId member, std::span<const SendLine> sends,
                 std::span<const Subscription> receives);
  void remove(MemberId member);
  void set_muted(Instant now, TrackRef track, bool muted);
  // Nothing happens for an unknown mid.
  void set_view(Instant now, MemberId member, std::string_view mid, std::uint16_t height);
  // Until true nothing is sent to the member (its transport has no keys yet).
  void set_connected(Instant now, MemberId member, bool connected);

  // `arrived` is when the packet reached the machine: what the sender's bandwidth estimate goes by.
  void on_rtp(Instant now, Instant arrived, MemberId from, Bytes packet, PacketBatch& out);
  void on_rtcp(Instant now, MemberId from, Bytes packet, PacketBatch& out);
  // Every 10 to 20 ms: feedback, NACK, reports, PLI, layer choice.
  void on_timer(Instant now, PacketBatch& out, std::vector<RoomEvent>& events);

  const RoomStats& stats() const noexcept;
  // Bitrates are those of the second before `now`.
  std::optional<MemberQuality> quality(Instant now, MemberId member);
  std::vector<TrackInfo> tracks(Instant now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::rtc
