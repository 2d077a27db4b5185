// What the log attests of one answered request or event: a leaf of fixed size, salted, so that its
// hash tells nothing to who has not got it, and the reference by which an answer names it.
// docs/spec/attestation.md §2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "merkle/merkle.h"

namespace v100::merkle {

inline constexpr std::size_t salt_bytes = 24;
// With its prefix and padding a leaf fills one Keccak block (136 bytes): one permutation a leaf.
inline constexpr std::size_t leaf_bytes = 132;

using Salt = ByteArray<salt_bytes>;
using LeafContent = ByteArray<leaf_bytes>;

enum class LeafKind : std::uint8_t {
  request = 1,    // a request was answered
  key_event = 2,  // a key was enrolled, rotated, revoked
  record = 3,     // anything else that a service hands in
};

// How the request was authenticated; the receipt says which.
enum class Lane : std::uint8_t {
  none = 0,     // no request (key events, records)
  header = 1,   // RFC 9421 signature
  fast = 2,     // COSE_Sign1 body
  session = 3,  // KMAC256 under a session
  unauthenticated = 4,
  internal = 5,  // between services
};

// The fields, as a caller hands them in. What the hashes are over: docs/spec/attestation.md §2.1
// (for a request SHA3-256 of what its lane signs, and of the answer's body).
struct Leaf {
  LeafKind kind = LeafKind::request;
  Lane lane = Lane::none;
  std::uint8_t service = 0;  // number of docs/spec/attestation.md §2.2
  WallTime time;             // milliseconds; not negative
  Hash request{};
  Hash answer{};
  Hash key{};  // RFC 7638 thumbprint of the requester's key; zeros: none
};

// The service's number, 0 for a name that has none. The order of the list never changes.
std::uint8_t service_number(std::string_view name) noexcept;
std::string_view service_name(std::uint8_t number) noexcept;  // empty: no such number

// version 1 | kind | lane | service | time_ms u64 | salt 24 | request 32 | answer 32 | key 32
void encode_leaf(LeafContent& out, const Leaf& leaf, const Salt& salt) noexcept;
struct SaltedLeaf {
  Leaf leaf;
  Salt salt;
};
// malformed: another length, version, kind or lane; a negative time.
Result<SaltedLeaf> decode_leaf(Bytes content);

// The log's public entry for a leaf: SHA3-256(0x00 || content), which is also the leaf's hash in
// the batch's SHA3 tree. The SHA-256 tree's leaf hash is Sha256::leaf(entry).
Hash entry_of(const LeafContent& content) noexcept;
// out[i] = entry_of(contents[i]), side by side.
void entries_of(std::span<Hash> out, std::span<const LeafContent> contents) noexcept;

// What an answer carries: enough to ask for the proof later, and to hold the log to it at once.
struct Reference {
  std::uint16_t shard = 0;
  std::uint64_t sequence = 0;  // the leaf's index in the shard's log
  Hash entry{};                // the leaf's hash, in the log for everybody to see
  Salt salt{};                 // opens the leaf; who has it may ask for the content

  // "SHARD-SEQUENCE-SALT", salt as base64url: the {id} of GET /v1/attestations/{id}. 57 bytes at
  // most.
  std::string id() const;
};
// An id parsed; `entry` stays zero. malformed: not an id as id() writes it.
Result<Reference> parse_reference(std::string_view id);

}  // namespace v100::merkle
