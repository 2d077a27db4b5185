// STUN messages (RFC 8489) as ICE uses them (RFC 8445 §7): a bounded reader that gives a view, and
// a writer. Integrity is HMAC-SHA1; the MAC itself is handed in, because wire knows no
// cryptography.
//
//    0                   1                   2                   3
//   |0 0|  message type (14)  |       message length (16)         |
//   |                    magic cookie 0x2112A442                  |
//   |                 transaction ID (96 bits)                    |
//   |  attribute type (16)    |  attribute length (16)            |  value, padded to 4 ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

inline constexpr std::size_t stun_header_bytes = 20;
inline constexpr std::size_t stun_mac_bytes = 20;            // HMAC-SHA1
inline constexpr std::size_t stun_username_bytes_max = 513;  // RFC 8489 §14.3: under 513 bytes
inline constexpr std::uint32_t stun_cookie = 0x2112A442;

// RFC 8489 §5: class bits 0x0110 around the method. Only Binding is named; TURN adds its own.
enum class StunType : std::uint16_t {
  binding_request = 0x0001,
  binding_indication = 0x0011,
  binding_response = 0x0101,
  binding_error = 0x0111,
};

using StunTransaction = ByteArray<12>;

// What one datagram says. Spans point into it. Only the first of a repeated attribute counts, and
// nothing after MESSAGE-INTEGRITY but FINGERPRINT (RFC 8489 §14.5).
struct StunMessage {
  StunType type{};  // any 14-bit value
  StunTransaction transaction{};
  std::optional<std::string_view> username;
  std::optional<std::uint32_t> priority;         // RFC 8445 §7.1.1
  std::optional<std::uint64_t> ice_controlling;  // RFC 8445 §7.1.3: tie-breakers
  std::optional<std::uint64_t> ice_controlled;
  bool use_candidate = false;
  std::optional<Address> xor_mapped_address;
  std::optional<std::uint16_t> error_code;  // 300..699
  bool has_fingerprint = false;             // when true it was checked: a wrong one is malformed
  // Comprehension-required types we do not know (RFC 8489 §6.3.1): the first four.
  std::uint16_t unknown_required[4]{};
  std::size_t unknown_required_count = 0;

  // MESSAGE-INTEGRITY covers integrity_header (the header with its length adjusted) followed by
  // integrity_body. Absent: has_integrity is false.
  bool has_integrity = false;
  ByteArray<stun_header_bytes> integrity_header{};
  Bytes integrity_body;
  Bytes integrity_mac;  // stun_mac_bytes, as received
};

// True when the first bytes can only be STUN's (RFC 8489 §5: two zero bits and the cookie).
bool looks_like_stun(Bytes datagram) noexcept;

// Errors: malformed (also a wrong FINGERPRINT or a length that leaves bytes over).
Result<StunMessage> parse_stun(Bytes datagram) noexcept;

// Writes one message into a caller's buffer. Attributes in the order called; integrity and
// fingerprint last. A buffer of stun_message_bytes_max holds whatever ICE says.
class StunWriter {
 public:
  StunWriter(MutBytes out, StunType type, const StunTransaction& transaction) noexcept;

  void username(std::string_view value) noexcept;
  void priority(std::uint32_t value) noexcept;
  void ice_controlling(std::uint64_t tie_breaker) noexcept;
  void ice_controlled(std::uint64_t tie_breaker) noexcept;
  void use_candidate() noexcept;
  void xor_mapped_address(const Address& address) noexcept;
  void error_code(std::uint16_t code, std::string_view reason) noexcept;
  void unknown_attributes(std::span<const std::uint16_t> types) noexcept;

  // MESSAGE-INTEGRITY: `mac(out, message)` writes the HMAC-SHA1 of the message so far.
  template <class Mac>
  void integrity(const Mac& mac) noexcept {
    const Bytes covered = covered_by_integrity();
    mac(attribute(0x0008, stun_mac_bytes), covered);
  }
  void fingerprint() noexcept;

  Bytes message() const noexcept { return out_.first(used_); }

 private:
  MutBytes attribute(std::uint16_t type, std::size_t bytes) noexcept;
  void set_length(std::size_t attribute_bytes) noexcept;
  Bytes covered_by_integrity() noexcept;

  MutBytes out_;
  std::size_t used_ = stun_header_bytes;
};

// User name, tie-breaker, priority, address, error, MAC and fingerprint together, rounded up.
inline constexpr std::size_t stun_message_bytes_max = 800;

}  // namespace v100::wire
