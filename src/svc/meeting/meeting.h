// The meeting service: rooms that persist. POST /v1/rooms makes one, GET /v1/rooms/ROOM tells of
// one; signaling asks for a room's host and statements and hands in what is to be kept.
#pragma once

#include <memory>

#include "svc/service.h"

namespace v100::meeting {

// All references must outlive the service.
std::unique_ptr<Service> make_meeting(Env env);

}  // namespace v100::meeting
