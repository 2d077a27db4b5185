// The gateway's own routes: echo, sessions, the API's description.
#pragma once

#include <memory>

#include "auth/session.h"
#include "svc/service.h"

namespace v100::gateway {

class Front;

struct OwnParts {
  Clock& clock;
  auth::Sessions* sessions = nullptr;      // null: no session lane
  const xwing::PrivateKey* kem = nullptr;  // what sessions are encapsulated to
  Front* front = nullptr;                  // whose routes /openapi.json describes
};

// All references must outlive the service.
std::unique_ptr<Service> make_gateway_service(OwnParts parts);

}  // namespace v100::gateway
