// What other services may ask of identity: call("identity", METHOD, encode(request)).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "e2ee/ids.h"

namespace v100::identity {

// METHOD "verify": is `signature` this device's ML-DSA-65 signature over context and message?
// Empty answer: yes. Errors: unauthenticated (no), forbidden (yes, but the device is revoked),
// malformed, busy (this address has spent its budget of failed verifications).
// The spans are borrowed: they end with the bytes they were decoded from.
struct Verify {
  ByteArray<16> address{};  // the client's IP (base/address.h); failures count against it
  bool seen = false;        // on success note the device as seen now
  Bytes device_key;         // 1,952 bytes
  Bytes context;            // at most 255 bytes
  Bytes message;
  Bytes signature;  // 3,309 bytes
};

// METHOD "device": the request is a fingerprint (32 bytes); the answer an encoded Device, or
// not_found.
struct Device {
  WallTime first_seen;
  WallTime last_seen;
  bool revoked = false;
};

// METHOD "revoke": the request is a fingerprint; from now on its signatures are refused.
// Answered when durable. A device never seen can be revoked.

Buffer encode(const Verify& m);
Buffer encode(const Device& m);
Result<Verify> decode_verify(Bytes bytes);
Result<Device> decode_device(Bytes bytes);

}  // namespace v100::identity
