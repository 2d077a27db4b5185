// What stands for a private key where one value has to do, in JWK and COSE_Key: the seed, or all of
// an SLH-DSA key. Not a front door.
#pragma once

#include "keys/keys.h"

namespace v100::keys {

Result<Bytes> single_form(const PrivateKey& key);  // not_found: the seed is not known
Result<PrivateKey> from_single_form(Algorithm algorithm, Bytes value);

}  // namespace v100::keys
