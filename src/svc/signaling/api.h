// What other services may tell signaling over the bus.
#pragma once

namespace v100::signaling {

// METHOD "sfu": an encoded sfu::Event (svc/sfu/api.h).
inline constexpr const char* method_sfu_event = "sfu";

}  // namespace v100::signaling
