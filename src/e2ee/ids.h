// The names that the protocol gives to rooms, devices and leaves, and its labelled hash and MAC
// (docs/spec/e2ee.md §1, §2).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/strong.h"

namespace v100::e2ee {

using Hash = ByteArray<32>;
using RoomHash = Strong<Hash, struct RoomHashTag>;
using RosterHash = Strong<Hash, struct RosterHashTag>;
using Fingerprint = Strong<Hash, struct FingerprintTag>;     // of a device key
using LeafId = Strong<Hash, struct LeafIdTag>;               // of a device in one call
using SenderId = Strong<std::uint32_t, struct SenderIdTag>;  // 24 bits, first three of the leaf id
using RoomSecret = Secret<32, struct RoomSecretTag>;

inline constexpr std::size_t device_key_bytes = 1952;  // ML-DSA-65 public key
inline constexpr std::size_t signature_bytes = 3309;   // ML-DSA-65
inline constexpr std::size_t kem_key_bytes = 1216;     // X-Wing public key
inline constexpr std::size_t kem_ciphertext_bytes = 1120;

// H(label, parts…) of §1. `label` is at most 255 bytes (CHECK), each part below 4 GiB.
Hash labelled_hash(std::string_view label, std::initializer_list<Bytes> parts) noexcept;

// MAC(key, label, data) of §1, KMAC256. Constant time in key and data.
void mac(FixedMutBytes<32> out, Bytes key, std::string_view label, Bytes data) noexcept;

Fingerprint fingerprint(FixedBytes<device_key_bytes> device_key) noexcept;
SenderId sender_id(const LeafId& leaf) noexcept;

// A room's id: 12 Crockford characters in lower case with hyphens, "abcd-efgh-jkmn" (60 bits).
class RoomId {
 public:
  static constexpr std::size_t size = 14;
  // Takes upper case and misses hyphens, and reads i, l as 1 and o as 0; else malformed.
  static Result<RoomId> parse(std::string_view text);
  static RoomId from_random(FixedBytes<8> random) noexcept;
  std::string_view text() const noexcept { return {text_.data(), text_.size()}; }
  RoomHash hash() const noexcept;
  friend bool operator==(const RoomId&, const RoomId&) = default;

 private:
  RoomId() = default;
  std::array<char, size> text_{};
};

// From hex or raw bytes of exactly 32; malformed otherwise.
Result<Hash> hash_from_hex(std::string_view text);
Result<Hash> hash_from(Bytes bytes);

}  // namespace v100::e2ee
