// What the server can say, as JSON texts (docs/spec/signaling.md §2, §3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "e2ee/ids.h"
#include "svc/service.h"
#include "svc/sfu/api.h"
#include "svc/signaling/client_frame.h"
#include "svc/signaling/relay_tap.h"

namespace v100::signaling {

std::string challenge_text(const Nonce& nonce, const PeerInfo& peer, std::string_view version);
std::string waiting_text();
struct Welcome {
  e2ee::LeafId you;
  std::string_view role;
  bool resumed = false;
  std::uint16_t media_port = 0;
};
std::string welcome_text(const Welcome& m);
// `issuers` is left out when empty.
std::string roster_text(const RosterMessage& m);
std::string answer_text(std::int64_t n, std::string_view sdp);
std::string relay_text(const Relay& m);
std::string pong_text(double at);
std::string quality_text(const sfu::Event& event);
std::string media_text(std::string_view state, std::string_view reason);
std::string error_text(std::uint64_t re, Error error);
std::string bye_text(std::string_view reason);

}  // namespace v100::signaling
