// The sfu service: rooms of the forwarding core on the media port. It owns transports, mux and
// rooms, answers signaling's requests (api.h) and batches what is to be sent per loop turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/units.h"
#include "svc/service.h"

namespace v100::rtc {
class DtlsContext;
class ForwardTap;
}  // namespace v100::rtc

namespace v100::sfu {

struct SfuConfig {
  // Host candidates of the answers: reachable addresses of the media port, IPv4 and IPv6. At least
  // one; --announce adds to them.
  std::vector<Address> announce;
};

// `tap` is null in production: only the malicious-server test program sets it (rtc/room/tap.h).
// All references must outlive the service.
std::unique_ptr<Service> make_sfu(SfuConfig config, Env env, Datagrams& datagrams,
                                  rtc::DtlsContext& dtls, rtc::ForwardTap* tap);

}  // namespace v100::sfu
