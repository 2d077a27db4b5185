// The binary frame around every client message (docs/spec/signaling.md §1).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "e2ee/ids.h"

namespace v100::signaling {

//   0     1        9             3318
//   +-----+--------+-------------+---------------------+
//   |0x01 | seq u64| signature   | payload: JSON, UTF-8|
//   +-----+--------+-------------+---------------------+
struct ClientFrame {
  static constexpr std::size_t header_bytes = 9 + e2ee::signature_bytes;
  std::uint64_t seq = 0;
  Bytes signature;
  Bytes payload;  // not empty
};

// malformed: too short, or another version. The spans point into `message`.
Result<ClientFrame> parse_frame(Bytes message);

using Nonce = ByteArray<32>;
// nonce || seq || payload: what the signature covers, with e2ee::context_signal.
Buffer signed_bytes(const Nonce& nonce, std::uint64_t seq, Bytes payload);
// The frame with its signature, as a client sends it.
Buffer make_frame(std::uint64_t seq, Bytes signature, Bytes payload);

}  // namespace v100::signaling
