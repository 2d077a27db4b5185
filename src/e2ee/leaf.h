// A leaf: one device in one call. Its ML-DSA-65 device key signs a fresh X-Wing key, and a MAC
// under the link's secret shows that the device was invited (docs/spec/e2ee.md §3).
#pragma once

#include "base/units.h"
#include "crypto/mldsa/mldsa.h"
#include "e2ee/ids.h"

namespace v100::e2ee {

using DeviceKey = mldsa::PublicKey<mldsa::Mldsa65>;
using DeviceSignature = mldsa::Signature<mldsa::Mldsa65>;

// FIPS 204 context strings, one for each thing a device signs.
inline constexpr std::string_view context_leaf = "V100 leaf v1";
inline constexpr std::string_view context_statement = "V100 statement v1";
inline constexpr std::string_view context_key = "V100 key v1";
inline constexpr std::string_view context_signal = "V100 signal v1";

//  offset  size  field
//  0       1     version = 1
//  1       32    room_hash
//  33      1952  device_pk
//  1985    1216  kem_pk
//  3201    16    nonce
//  3217    8     created (ms since 1970)
//  3225    32    invite = MAC(room_secret, "V100 invite v1", bytes 0..3224)
//  3257    3309  signature = Sign("V100 leaf v1", bytes 0..3256)
//
// A value of this type has the right form, is this room's, and its signature verified. Whether it
// was invited only those can say who have the link. Public data; copied freely.
class Leaf {
 public:
  static constexpr std::size_t size = 6566;
  static constexpr std::size_t invited_bytes = 3225;  // what the invite covers
  static constexpr std::size_t body_bytes = 3257;     // what the signature covers

  // malformed: size, version, or a KEM key that fails FIPS 203's check. forbidden: another room's.
  // unauthenticated: bad signature.
  static Result<Leaf> parse(Bytes bytes, const RoomHash& room);

  FixedBytes<size> bytes() const noexcept { return bytes_; }
  const LeafId& id() const noexcept { return id_; }
  SenderId sender() const noexcept { return sender_id(id_); }
  const Fingerprint& device() const noexcept { return device_; }
  const DeviceKey& device_key() const noexcept { return key_; }
  FixedBytes<kem_key_bytes> kem_key() const noexcept {
    return FixedBytes<size>(bytes_).subspan<1985, kem_key_bytes>();
  }
  WallTime created() const noexcept;
  // True when `invite` was made with this link's secret. Constant time.
  bool invited(const RoomSecret& secret) const noexcept;

 private:
  Leaf(FixedBytes<size> bytes, const DeviceKey& key);
  ByteArray<size> bytes_;
  DeviceKey key_;
  LeafId id_;
  Fingerprint device_;
};

// A leaf before its signature, which may be made elsewhere and later (WebCrypto): body() goes to
// the signer with context_leaf, finish() takes what comes back.
class LeafDraft {
 public:
  struct Fields {
    RoomHash room;
    FixedBytes<device_key_bytes> device_key;
    FixedBytes<kem_key_bytes> kem_key;
    FixedBytes<16> nonce;  // random
    WallTime created;
  };
  LeafDraft(const Fields& fields, const RoomSecret& secret) noexcept;
  FixedBytes<Leaf::body_bytes> body() const noexcept { return body_; }
  LeafId id() const noexcept;
  // malformed, unauthenticated: not a signature by this device key over body().
  Result<Leaf> finish(Bytes signature) const;

 private:
  ByteArray<Leaf::body_bytes> body_;
  RoomHash room_;
};

}  // namespace v100::e2ee
