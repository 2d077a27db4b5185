// Where a datagram comes from or goes to: one 18-byte value for IPv4 and IPv6, shared by the
// sockets (io) and by the pure layers that only compare, print and answer addresses (rtc, svc).
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100 {

struct Address {
  ByteArray<16> ip{};      // IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2)
  std::uint16_t port = 0;  // host order

  static constexpr Address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                              std::uint16_t port) noexcept {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, port};
  }
  constexpr bool is_v4() const noexcept {
    for (std::size_t i = 0; i < 10; ++i) {
      if (ip[i] != 0) {
        return false;
      }
    }
    return ip[10] == 0xff && ip[11] == 0xff;
  }
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Hash for tables keyed by addresses an attacker may choose. `seed` is drawn once per process.
constexpr std::uint64_t hash(const Address& address, std::uint64_t seed) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::uint64_t h = seed ^ load_le<std::uint64_t>(address.ip.data());
  h = (h ^ (h >> 32)) * odd;
  h ^= load_le<std::uint64_t>(address.ip.data() + 8);
  h = (h ^ (h >> 29)) * odd;
  h = (h ^ address.port ^ (h >> 32)) * odd;
  return h ^ (h >> 32);
}

// The IP alone, as SDP candidates write it: "192.0.2.1", "2001:db8::1" (RFC 5952).
std::string ip_text(const Address& address);
// With port, for logs: "192.0.2.1:443", "[2001:db8::1]:443".
std::string to_text(const Address& address);
// Dotted IPv4 or IPv6 text (no brackets, no zone) with the given port. Errors: malformed.
Result<Address> parse_ip(std::string_view text, std::uint16_t port);

// One UDP datagram: where it came from (received) or where it goes (to send). Bytes are borrowed.
struct Datagram {
  Address peer;
  MutBytes bytes;
};

}  // namespace v100
