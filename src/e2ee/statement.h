// A statement: what a host or co-host says about the room, signed by its device key so that a
// server can pass it on but not make one up (docs/spec/e2ee.md §4).
#pragma once

#include "e2ee/leaf.h"

namespace v100::e2ee {

enum class StatementKind : std::uint8_t {
  policy = 1,
  admit = 2,
  remove = 3,
  grant = 4,
  end = 5,
  ask_to_mute = 6,
};

//  offset  size  field
//  0       1     version = 1
//  1       1     kind
//  2       32    room_hash
//  34      32    issuer     fp of the signing device
//  66      8     seq
//  74      32    subject    leaf_id, device fp, or zero: see the spec's table
//  106     1     argument
//  107     3309  signature = Sign("V100 statement v1", bytes 0..106)
struct StatementFields {
  StatementKind kind = StatementKind::policy;
  RoomHash room;
  Fingerprint issuer;
  std::uint64_t seq = 0;
  Hash subject{};
  std::uint8_t argument = 0;

  friend bool operator==(const StatementFields&, const StatementFields&) = default;
};

inline constexpr std::uint8_t policy_lobby = 1;
inline constexpr std::uint8_t policy_locked = 2;
inline constexpr std::uint8_t grant_guest = 0;
inline constexpr std::uint8_t grant_cohost = 1;

// Well-formed and of this room. verify() says whether its issuer really said it; whether the issuer
// may say it is the Roster's matter (and the server's).
class Statement {
 public:
  static constexpr std::size_t size = 3416;
  static constexpr std::size_t body_bytes = 107;

  // malformed: size, version, kind, or a subject or argument that the kind does not take.
  // forbidden: another room's.
  static Result<Statement> parse(Bytes bytes, const RoomHash& room);

  const StatementFields& fields() const noexcept { return fields_; }
  FixedBytes<size> bytes() const noexcept { return bytes_; }
  // unauthenticated: `key` is not the issuer's (fingerprints differ) or the signature is wrong.
  Result<void> verify(const DeviceKey& key) const;

 private:
  Statement() : bytes_{} {}
  StatementFields fields_;
  ByteArray<size> bytes_;
};

// The bytes that the issuer signs with context_statement; signature appended, it is a statement.
ByteArray<Statement::body_bytes> statement_body(const StatementFields& fields) noexcept;

}  // namespace v100::e2ee
