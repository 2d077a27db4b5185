// The signaling service: the WebSocket protocol of docs/spec/signaling.md. It admits devices to
// rooms, keeps rosters, enforces what hosts say, and relays keys and data that it cannot read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "svc/service.h"
#include "svc/signaling/relay_tap.h"

namespace v100::signaling {

struct SignalingConfig {
  std::string version;           // told to clients in `challenge`
  std::uint16_t media_port = 0;  // told to clients in `welcome`
};

// Uses the services identity, meeting and sfu over the bus. `tap` is null in production: only the
// malicious-server test program sets it. All references must outlive the service.
std::unique_ptr<Service> make_signaling(SignalingConfig config, Env env, Sockets& sockets,
                                        RelayTap* tap);

}  // namespace v100::signaling
