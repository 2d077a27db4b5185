// ForwardTap: the seam by which a malicious-server test build alters what a room forwards. A room
// has one only if its constructor is given one, and only that test program does so.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"

namespace v100::rtc {

using MemberId = std::uint32_t;  // of one room, chosen by the sfu service
using TrackNumber = std::uint8_t;

struct TrackRef {
  MemberId member = 0;
  TrackNumber track = 0;
  friend auto operator<=>(const TrackRef&, const TrackRef&) = default;
};

class ForwardTap {
 public:
  // One RTP packet of a producer, plaintext at this hop (its payload is end-to-end encrypted).
  struct TapPacket {
    TrackRef source;
    std::uint8_t layer = 0;
    Buffer bytes;       // whole packet; may be changed, grown up to limits::datagram_bytes
    bool drop = false;  // set: is not forwarded
  };
  virtual ~ForwardTap() = default;
  // Every media packet that enters a room, after repair and demux, before the fan-out. What is
  // put in `injected` is forwarded to the subscribers of its `source` right after it, with
  // sequence numbers, timestamps and picture ids that continue the subscriber's stream.
  virtual void on_packet(Instant now, TapPacket& packet, std::vector<TapPacket>& injected) = 0;
  // Which track a subscriber gets where it asked for `wanted`; asked every 100 ms.
  virtual TrackRef route(MemberId subscriber, TrackRef wanted) = 0;
};

}  // namespace v100::rtc
