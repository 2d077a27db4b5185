// What other services may ask of the sfu, and what it tells signaling. Requests go over the bus as
// call("sfu", METHOD, encode(request)); events come as post("signaling", "sfu", encode(event)).
// Names of rooms and members are opaque to the sfu: signaling's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::sfu {

// The tracks that a member can publish; the client's names and their numbers on the wire.
enum class Track : std::uint8_t { audio = 1, camera = 2, screen = 3, screen_audio = 4 };
std::string_view name(Track track) noexcept;                    // "audio" … "screen-audio"
Result<Track> track_from_name(std::string_view name) noexcept;  // not_found

// An m-line on which the member publishes.
struct SendLine {
  std::string mid;
  Track track{};
};
// An m-line on which the member receives one track of another. `height` is the size at which it
// is shown, in CSS pixels (0: unknown): it bounds the simulcast layer.
struct ReceiveLine {
  std::string mid;
  std::string member;
  Track track{};
  std::uint16_t height = 0;
};

// METHOD "offer": a browser's offer; makes room and member where they are new. Answer: the SDP
// answer as text. M-lines in neither list are answered `inactive`. A receive line whose member or
// track is not there yet is answered all the same, and media flows once it is.
// Errors: malformed (SDP), unsupported (no common codec, no fingerprint), not_found (a listed mid
// is not in the offer), busy (limits reached), conflict (this peer connection has failed or closed
// on the server, so no ICE restart can revive it: the client must make a new one), unavailable
// (draining). A changed ufrag is an ICE restart; a changed fingerprint is a new peer connection of
// the same member and replaces the old one.
struct Offer {
  std::string room;
  std::string member;
  std::string sdp;
  std::vector<SendLine> sends;
  std::vector<ReceiveLine> receives;
};

// METHOD "leave" (the member's own wish, or its socket is gone for good) and "remove" (by the
// host): the same for media. Unknown names are no error.
struct Leave {
  std::string room;
  std::string member;
};

// METHOD "close": ends a room for all.
struct CloseRoom {
  std::string room;
};

// METHOD "mute": by the host; the sfu forwards nothing of the track until it is lifted.
struct Mute {
  std::string room;
  std::string member;
  Track track{};
  bool muted = false;
};

// METHOD "view": how large the member shows what it receives on `mid`; 0 stops forwarding (video
// that is off screen).
struct View {
  std::string room;
  std::string member;
  std::string mid;
  std::uint16_t height = 0;
};

enum class EventKind : std::uint8_t {
  connected = 1,     // ICE and DTLS stand: media can flow
  failed = 2,        // consent lost, DTLS refused: the client should restart ICE or rejoin
  track_active = 3,  // `track` of `member` has begun to arrive, or arrives again
  track_idle = 4,    // nothing of it for 2 s
  quality = 5,       // every 2 s, of each connected member
};

struct Event {
  EventKind kind{};
  std::string room;
  std::string member;
  Track track{};                   // track_active, track_idle
  std::string reason;              // failed: a literal for logs and the page
  std::string dtls_group;          // connected: the server's word on the hop's key exchange
  std::uint16_t dtls_version = 0;  // connected: 0xfefd is DTLS 1.2, 0xfefc is 1.3
  // quality, seen from the member: up is what it sends. Loss in 1/1000, before repair.
  std::uint16_t loss_up = 0, loss_down = 0;
  std::uint16_t rtt_ms = 0;  // 0: not known yet
  std::uint32_t up_kbps = 0, down_kbps = 0;
};

Buffer encode(const Offer& m);
Buffer encode(const Leave& m);
Buffer encode(const CloseRoom& m);
Buffer encode(const Mute& m);
Buffer encode(const View& m);
Buffer encode(const Event& m);
// Decoders refuse trailing bytes, names over 128 bytes and lists over limits::sdp_media.
Result<Offer> decode_offer(Bytes bytes);
Result<Leave> decode_leave(Bytes bytes);
Result<CloseRoom> decode_close_room(Bytes bytes);
Result<Mute> decode_mute(Bytes bytes);
Result<View> decode_view(Bytes bytes);
Result<Event> decode_event(Bytes bytes);

}  // namespace v100::sfu
