// Session descriptions as WebRTC uses them (RFC 8866, RFC 9429): a bounded parser into a typed
// description, and the writer for answers. Attributes that no call needs are skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::sdp {

enum class Kind : std::uint8_t { audio, video, application, other };
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };
const char* name(Kind kind) noexcept;
const char* name(Direction direction) noexcept;

struct Codec {  // a=rtpmap, with the fmtp and rtcp-fb lines of its payload type
  std::uint8_t payload_type = 0;
  std::string name;  // as written; compare without case
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string format;                 // fmtp parameters, "" where absent
  std::vector<std::string> feedback;  // "nack", "nack pli", "transport-cc" …; '*' lines included
};
// The value of `key` in a fmtp text ("a=1;b=2"), or nothing.
std::optional<std::string_view> format_value(std::string_view format, std::string_view key);
bool same_name(std::string_view a, std::string_view b) noexcept;  // without case, ASCII

struct Extmap {  // RFC 8285 §8: a=extmap:ID[/DIRECTION] URI
  std::uint16_t id = 0;
  std::string uri;
};

struct Rid {  // RFC 8851
  std::string id;
  bool send = false;
  std::string restrictions;
};

struct Fingerprint {      // RFC 8122
  std::string algorithm;  // lower case
  Buffer digest;
};

struct IceAndDtls {  // session or media level; media wins
  std::string ufrag, pwd;
  std::vector<Fingerprint> fingerprints;
  std::string setup;  // "actpass", "active", "passive"
};

struct Ssrc {  // a=ssrc (RFC 5576), one entry an SSRC
  std::uint32_t ssrc = 0;
  std::string cname;
};
struct SsrcPair {  // a=ssrc-group:FID
  std::uint32_t media = 0, repair = 0;
};

struct Media {
  Kind kind = Kind::other;
  std::string kind_name;   // as in the m-line
  std::uint16_t port = 0;  // 0: rejected or stopped
  std::string protocol;
  std::vector<std::string> formats;  // as in the m-line
  std::string mid;
  Direction direction = Direction::sendrecv;
  IceAndDtls transport;
  bool rtcp_mux = false, rtcp_reduced = false, bundle_only = false;
  std::vector<Codec> codecs;  // those of `formats` that have an rtpmap, in the m-line's order
  std::vector<Extmap> extensions;
  std::vector<Rid> rids;
  std::string simulcast_send, simulcast_receive;  // "l;m;h" (RFC 8853)
  std::vector<Ssrc> ssrcs;
  std::vector<SsrcPair> repairs;
  std::string stream_id, track_id;      // a=msid
  std::vector<std::string> candidates;  // the text after "candidate:"
  bool end_of_candidates = false;
};

struct Session {
  std::uint64_t id = 0, version = 0;
  std::vector<std::string> bundle;  // mids of the first BUNDLE group
  bool ice_lite = false;
  IceAndDtls transport;
  std::vector<Media> media;
};

// RFC 8853's list "a;b,c;~d": ids in order, the first of each alternative, paused ones included.
std::vector<std::string_view> simulcast_ids(std::string_view list);

// malformed, or too_large beyond limits::sdp_bytes, sdp_media and the counts per m-line.
Result<Session> parse(std::string_view text);
std::string write(const Session& session);

}  // namespace v100::sdp
