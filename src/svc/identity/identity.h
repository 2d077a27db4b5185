// The identity service: which devices were seen, which are revoked, and all verification of their
// signatures: gathered over a loop turn, done as one batch, with prepared keys kept.
#pragma once

#include <memory>

#include "svc/service.h"

namespace v100::identity {

// All references must outlive the service.
std::unique_ptr<Service> make_identity(Env env);

}  // namespace v100::identity
