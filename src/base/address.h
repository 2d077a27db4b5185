// A UDP or TCP endpoint: a 16-byte IPv6 address (IPv4 mapped as ::ffff:a.b.c.d) and a port.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"

namespace v100 {

struct Address {
  ByteArray<16> ip{};      // network order
  std::uint16_t port = 0;  // host order

  // Four bytes in network order, as the socket interface keeps them.
  static Address from_ipv4(FixedBytes<4> ip, std::uint16_t port) noexcept;
  // "192.0.2.1" or "2001:db8::1"; anything else, names included, is malformed.
  static Result<Address> parse(std::string_view ip, std::uint16_t port);

  bool is_ipv4() const noexcept;
  FixedBytes<4> ipv4() const noexcept { return Bytes(ip).last<4>(); }  // only if is_ipv4()
  std::string ip_text() const;                                         // without the port
  std::string text() const;  // "1.2.3.4:5" or "[2001:db8::1]:5"

  friend auto operator<=>(const Address&, const Address&) = default;
};

// One UDP datagram: where it came from, or goes to. The bytes are borrowed, and may be decrypted in
// place by the receiver.
struct Datagram {
  Address peer;
  MutBytes bytes;
  Instant arrived{};  // received ones: when the kernel got it, which may be well before it is read
};

}  // namespace v100

template <>
struct std::hash<v100::Address> {
  std::size_t operator()(const v100::Address& a) const noexcept {
    const std::uint64_t high = v100::load_be<std::uint64_t>(a.ip.data());
    const std::uint64_t low = v100::load_be<std::uint64_t>(a.ip.data() + 8);
    std::uint64_t mixed = (high ^ (low * 0x9E3779B97F4A7C15u)) + a.port;  // golden ratio, odd
    mixed ^= mixed >> 29;
    return static_cast<std::size_t>(mixed * 0xBF58476D1CE4E5B9u);  // splitmix64's multiplier
  }
};
