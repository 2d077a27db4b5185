// A batch as it is kept: what was signed, the signature, and a checksum by which recovery tells a
// torn write from a whole one. docs/spec/attestation.md §6.
#pragma once

#include <cstdint>

#include "crypto/mldsa/mldsa.h"
#include "merkle/checkpoint.h"

namespace v100::attest {

// magic 4 | time_ms 8 | start 8 | end 8 | durable 8 | sha3 root 32 | root 32 | signature 3309 |
// checksum 8 (the first of SHA-256 over what precedes)
struct BatchRecord {
  static constexpr std::size_t size = 4 + 4 * 8 + 2 * 32 + mldsa::Mldsa65::signature_bytes + 8;
  merkle::BatchClaim claim;   // claim.start is a multiple of the batch's width
  std::uint64_t end = 0;      // the log's size with this batch
  std::uint64_t durable = 0;  // leaves that were durable when it was sealed
  merkle::Hash root{};        // of the SHA-256 tree of `end` leaves
  ByteArray<mldsa::Mldsa65::signature_bytes> signature{};

  merkle::Checkpoint checkpoint(const std::string& origin) const { return {origin, end, root}; }
};
void append_record(Buffer& out, const BatchRecord& record);
// malformed: torn or foreign.
Result<BatchRecord> parse_record(FixedBytes<BatchRecord::size> bytes);

}  // namespace v100::attest
