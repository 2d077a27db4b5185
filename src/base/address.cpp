#include "base/address.h"

#include <arpa/inet.h>
#include <cstring>

namespace v100 {
namespace {

constexpr ByteArray<12> mapped_prefix{0, 0, 0, 0, 0,    0,
                                      0, 0, 0, 0, 0xFF, 0xFF};  // RFC 4291 §2.5.5.2

}  // namespace

Address Address::from_ipv4(FixedBytes<4> ip, std::uint16_t port) noexcept {
  Address out;
  copy(MutBytes(out.ip).first(12), mapped_prefix);
  copy(MutBytes(out.ip).last(4), ip);
  out.port = port;
  return out;
}

Result<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  ByteArray<16> raw{};
  if (inet_pton(AF_INET, text.c_str(), raw.data()) == 1) {
    return from_ipv4(Bytes(raw).first<4>(), port);
  }
  if (inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) {
    Address out;
    out.ip = raw;
    out.port = port;
    return out;
  }
  return fail(Errc::malformed, "address: neither IPv4 nor IPv6");
}

bool Address::is_ipv4() const noexcept { return same(Bytes(ip).first(12), mapped_prefix); }

std::string Address::ip_text() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_ipv4()) {
    inet_ntop(AF_INET, ipv4().data(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::string Address::text() const {
  const std::string port_text = std::to_string(port);
  return is_ipv4() ? ip_text() + ":" + port_text : "[" + ip_text() + "]:" + port_text;
}

}  // namespace v100
