// The identity service: which devices were seen, which are revoked, and all verification of their
// signatures: gathered over a loop turn, done as one batch, with prepared keys kept. And accounts:
// whose keys may sign API requests.
#pragma once

#include <memory>
#include <string>

#include "auth/directory.h"
#include "svc/service.h"

namespace v100::identity {

class IdentityService : public Service {
 public:
  // Who may sign requests: for the Gate of this thread. Lives as long as the service.
  virtual const auth::KeyDirectory& directory() const = 0;
  // While nobody can sign: the token by which a first key is enrolled (`v100 admin enrol`). A
  // restart makes another. Empty once there is a key, and while the store is away.
  virtual std::string first_token() = 0;
};

// All references must outlive the service.
std::unique_ptr<IdentityService> make_identity(Env env);

}  // namespace v100::identity
