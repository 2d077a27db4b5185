// What packer, matcher and key holder say to each other: docs/spec/match.md. Every message carries
// the batch's header as the packer signed it, so that no part of one batch fits into another.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "crypto/mldsa/mldsa.h"
#include "svc/match/engine.h"

namespace v100::match {

using UserId = ByteArray<16>;   // zeros: an empty slot
using BatchId = ByteArray<16>;  // random
using KeyId = ByteArray<32>;    // SHA3-256 of the public key's encoding

using Signer = mldsa::PreparedSigner<mldsa::Mldsa65>;
using Verifier = mldsa::PreparedVerifier<mldsa::Mldsa65>;

KeyId key_id(const bfv::Params& params, const bfv::PublicKey& key);

// SHA3-256 over the length and the SHA3-256 of eight equal pieces (the last may be short), which
// are hashed side by side: 96 KB in a sixth of the time.
ByteArray<32> wide_hash(Bytes bytes);

struct Header {
  bfv::ParamsId params{};
  KeyId key{};
  BatchId batch{};
  WallTime time;
  std::uint32_t policy = 0;    // which threshold the key holder applies
  std::vector<UserId> users;   // one a slot: who each probe says it is
  ByteArray<32> ciphertext{};  // wide_hash of its bytes
  Buffer bytes() const;        // what is signed, in the context below
};

struct ProbeMessage {
  Header header;
  Bytes signature;   // the packer's
  Bytes ciphertext;  // he/bfv/serial.h
};
struct AnswerMessage {
  Header header;
  Bytes packer_signature;
  Bytes matcher_signature;  // over hash(header bytes) || wide_hash(answer)
  Bytes answer;
};
// Bits of slots. `locked`: not decided, the user has too many failures.
struct Decision {
  ByteArray<32> header{};  // SHA3-256 of its bytes
  std::uint64_t accepted = 0;
  std::uint64_t locked = 0;
  Buffer signed_bytes() const;
};
struct DecisionMessage {
  Decision decision;
  Bytes signature;  // the key holder's
};

inline constexpr std::string_view probe_context = "v100 match probe 1";
inline constexpr std::string_view answer_context = "v100 match answer 1";
inline constexpr std::string_view decision_context = "v100 match decision 1";

Buffer encode(const ProbeMessage& m);
Buffer encode(const AnswerMessage& m);
Buffer encode(const DecisionMessage& m);
// malformed: anything but what encode() writes. Spans point into `bytes`.
Result<ProbeMessage> decode_probe(Bytes bytes);
Result<AnswerMessage> decode_answer_message(Bytes bytes);
Result<DecisionMessage> decode_decision(Bytes bytes);

// What the matcher's signature is over.
Buffer answer_signed_bytes(const Header& header, Bytes answer);

// "V1MA" | 1 | parts (1 or 2) | 2 zero bytes | parameters 8 | packed c1 | packed c2 | block sums
// packed at their primes' widths.
Buffer encode(const bfv::Params& params, const Answer& answer);
Result<Answer> decode_answer(const bfv::Params& params, Bytes bytes);

}  // namespace v100::match
