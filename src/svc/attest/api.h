// What other services may ask of attest. In process the hot path does not come here: it hands its
// leaves to the shard's merkle::Intake (merkle/intake.h), which main hands to both.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "merkle/leaf.h"

namespace v100::attest {

// METHOD "append": a leaf from a service (key events, records); `wait` answers when it is durable,
// else at once. Answer: an encoded Reference. Errors: unavailable (the log is not open), busy.
struct Append {
  merkle::Leaf leaf;  // time 0: the log's clock
  bool wait = false;
};

// The leaf of a key event (docs/spec/attestation.md §2.1): `state` is the key's new state as the
// service writes it, `key` its thumbprint. Time 0: the log's clock.
merkle::Leaf key_event(std::uint8_t service, Bytes state, const merkle::Hash& key);

// METHOD "receipt": the request is a reference's id as text; the answer the receipt's text
// (docs/spec/attestation.md §5), once the leaf is durable. Errors: not_found (no such leaf yet, or
// the salt is another's), malformed.

Buffer encode(const Append& m);
Buffer encode(const merkle::Reference& m);
Result<Append> decode_append(Bytes bytes);
Result<merkle::Reference> decode_reference(Bytes bytes);

}  // namespace v100::attest
