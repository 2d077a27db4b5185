// Ed25519 (RFC 8032), for notes that other logs and witnesses sign. Not a front door.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace v100::merkle {

// malformed: wrong lengths; unauthenticated: no.
Result<void> verify_ed25519(Bytes public_key, Bytes message, Bytes signature);

}  // namespace v100::merkle
