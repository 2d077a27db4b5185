// Negotiation: a browser's offer in, our answer and what it settles out (RFC 9429, 8843, 8839,
// 8842, 8853). The browser always offers; one peer connection carries what it sends and receives.
// Pure: no state is kept between offers but what the caller passes in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"

namespace v100::rtc {

enum class Codec : std::uint8_t { opus, vp8, vp9 };
inline constexpr std::size_t codec_count = 3;

// Payload types of one m-line, as the browser numbers them; 0 where the codec is not agreed.
struct CodecNumbers {
  std::uint8_t media = 0;
  std::uint8_t repair = 0;  // RTX (RFC 4588)
};
using CodecTable = std::array<CodecNumbers, codec_count>;

// Ids of the header extensions of one m-line; 0 where not agreed.
struct ExtensionIds {
  std::uint8_t mid = 0;
  std::uint8_t rid = 0;
  std::uint8_t repaired_rid = 0;
  std::uint8_t transport_sequence = 0;
  std::uint8_t send_time = 0;
  bool operator==(const ExtensionIds&) const = default;
};

// What the browser sends on one m-line.
struct SendLine {
  std::string mid;
  std::uint8_t track = 0;
  bool video = false;
  CodecTable codecs{};
  ExtensionIds extensions;
  std::vector<std::string> rids;  // lowest layer first; empty without simulcast
  std::uint32_t ssrc = 0;         // announced by a=ssrc, 0 where only mid and rid tell
  std::uint32_t repair_ssrc = 0;
};

// What the browser receives on one m-line. The SSRCs are ours.
struct ReceiveLine {
  std::string mid;
  bool video = false;
  CodecTable codecs{};
  ExtensionIds extensions;
  std::uint32_t ssrc = 0;
  std::uint32_t repair_ssrc = 0;  // 0 without RTX
};

struct SendWish {
  std::string_view mid;
  std::uint8_t track = 0;
};
struct ReceiveWish {
  std::string_view mid;
  std::uint32_t ssrc = 0;
  std::uint32_t repair_ssrc = 0;
  std::string_view cname;      // of the producer: one for all its tracks
  std::string_view stream_id;  // msid: audio and camera of one member share it, for lip-sync
  std::string_view track_id;
};

struct NegotiateInput {
  std::string_view offer;
  std::span<const SendWish> sends;
  std::span<const ReceiveWish> receives;
  std::span<const Address> candidates;  // host candidates, best first
  const IceCredentials* local = nullptr;
  const Fingerprint* fingerprint = nullptr;
  std::uint64_t session_id = 0;
  std::uint64_t version = 0;  // counts up with each answer of one peer connection
};

struct Negotiated {
  std::string answer;
  IceCredentials remote;
  Fingerprint remote_fingerprint{};
  std::vector<SendLine> sends;
  std::vector<ReceiveLine> receives;
};

// Of an offer, before it is answered: an ICE restart shows as a changed ufrag, a new peer
// connection as a changed fingerprint.
struct Offered {
  IceCredentials credentials;
  Fingerprint fingerprint{};
};
Result<Offered> look_at_offer(std::string_view offer);

// Errors: malformed; too_large; not_found (a wished mid is not offered, or rejected by the
// offerer); unsupported (no rtcp-mux or BUNDLE, no SHA-256 fingerprint, no common codec).
Result<Negotiated> negotiate(const NegotiateInput& input);

}  // namespace v100::rtc
