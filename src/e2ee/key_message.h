// A key message: one sender's epoch secret for one recipient, under X-Wing, bound to both leaves
// and to the roster, signed by the sender's device (docs/spec/e2ee.md §6).
#pragma once

#include "crypto/hybrid/xwing.h"
#include "e2ee/leaf.h"
#include "e2ee/sframe.h"

namespace v100::e2ee {

//  offset  size  field
//  0       1     version = 1
//  1       32    room_hash
//  33      4     epoch
//  37      32    sender       leaf_id
//  69      32    recipient    leaf_id
//  101     32    kem_hash     H("v100 kem key", recipient kem_pk)
//  133     8     kid          sender_id << 24 | (epoch mod 2^16) << 8
//  141     32    roster_hash
//  173     1120  kem_ct
//  1293    48    wrapped
//  1341    3309  signature = Sign("V100 key v1", bytes 0..1340)
struct KeyFields {
  RoomHash room;
  Epoch epoch;
  LeafId sender;
  LeafId recipient;
  Hash kem_hash{};
  RosterHash roster;
};

using WrapKey = Secret<32, struct WrapKeyTag>;  // AES-256-GCM, used once
inline constexpr std::size_t wrapped_bytes = base_key_bytes + 16;

Hash kem_key_hash(FixedBytes<kem_key_bytes> kem_key) noexcept;

// Well-formed, of this room, with the KID that its sender and epoch give.
class KeyMessage {
 public:
  static constexpr std::size_t size = 4650;
  static constexpr std::size_t bound_bytes = 1293;  // wrap_key and the AEAD cover these
  static constexpr std::size_t signed_bytes = 1341;

  // malformed: size, version, epoch 0, or a KID that does not belong. forbidden: another room's.
  static Result<KeyMessage> parse(Bytes bytes, const RoomHash& room);

  const KeyFields& fields() const noexcept { return fields_; }
  FixedBytes<size> bytes() const noexcept { return bytes_; }
  FixedBytes<bound_bytes> bound() const noexcept { return bytes().first<bound_bytes>(); }
  FixedBytes<kem_ciphertext_bytes> kem_ciphertext() const noexcept {
    return bytes().subspan<173, kem_ciphertext_bytes>();
  }
  FixedBytes<wrapped_bytes> wrapped() const noexcept {
    return bytes().subspan<bound_bytes, wrapped_bytes>();
  }
  // unauthenticated: not signed by this device.
  Result<void> verify(const DeviceKey& key) const;

 private:
  KeyMessage() : bytes_{} {}
  KeyFields fields_;
  ByteArray<size> bytes_;
};

// The first 1,293 bytes of a key message.
ByteArray<KeyMessage::bound_bytes> key_message_bound(
    const KeyFields& fields, FixedBytes<kem_ciphertext_bytes> ciphertext) noexcept;

// MAC(xwing_ss || room_secret, "V100 wrap v1", bound). Constant time.
WrapKey wrap_key(const xwing::SharedSecret& kem, const RoomSecret& room,
                 FixedBytes<KeyMessage::bound_bytes> bound) noexcept;

}  // namespace v100::e2ee
