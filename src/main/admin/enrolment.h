// What a new key signs to show that it is there: svc/identity/accounts.h says over what.
#pragma once

#include <string>

#include "base/result.h"
#include "keys/keys.h"

namespace v100::admin {

// The members "key" and "proof" of a request, without braces. malformed: not a token or key id.
Result<std::string> proof_for_token(const keys::PrivateKey& key, const std::string& token);
Result<std::string> proof_for_rotation(const keys::PrivateKey& key, const std::string& old_id);

}  // namespace v100::admin
