// The keys that may sign requests, as the Gate asks for them; svc/identity keeps them.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/units.h"
#include "keys/keys.h"

namespace v100::auth {

// RFC 7638 thumbprint of the AKP JWK, SHA-256, raw; on the wire 43 characters of base64url.
using KeyId = ByteArray<32>;

struct KeyIdHash {  // a hash already
  std::size_t operator()(const KeyId& id) const noexcept {
    return static_cast<std::size_t>(load_le<std::uint64_t>(id.data()));
  }
};

struct KeyRecord {
  keys::Algorithm algorithm = keys::Algorithm::mldsa65;  // an ML-DSA one
  Buffer public_key;
  WallTime not_before{0};
  WallTime not_after{INT64_MAX};
  bool revoked = false;
  std::uint64_t owner = 0;   // the user, device or service account, as identity numbers them
  std::uint64_t scopes = 0;  // a bit each, as identity names them
};

class KeyDirectory {
 public:
  virtual ~KeyDirectory() = default;
  // Null: not known. Valid until the directory's owner next changes it, which happens only between
  // calls of the Gate, on the Gate's thread.
  virtual const KeyRecord* find(const KeyId& id) const = 0;
  // Grows with every change, so that what was found before is looked up again.
  virtual std::uint64_t generation() const = 0;
};

}  // namespace v100::auth
