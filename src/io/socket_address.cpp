#include "io/socket_address.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace v100::io {

socklen_t to_kernel(const Address& address, bool v6, sockaddr_storage& out) noexcept {
  out = sockaddr_storage{};
  if (!v6) {
    auto& in4 = reinterpret_cast<sockaddr_in&>(out);
    in4.sin_family = AF_INET;
    in4.sin_port = htons(address.port);
    if (address.is_ipv4()) {
      std::memcpy(&in4.sin_addr, address.ipv4().data(), 4);
    }
    return sizeof(sockaddr_in);
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(address.port);
  std::memcpy(&in6.sin6_addr, address.ip.data(), 16);
  return sizeof(sockaddr_in6);
}

Address from_kernel(const sockaddr_storage& in) noexcept {
  Address out;
  if (in.ss_family == AF_INET) {
    const auto& in4 = reinterpret_cast<const sockaddr_in&>(in);
    ByteArray<4> ip;
    std::memcpy(ip.data(), &in4.sin_addr, 4);
    out = Address::from_ipv4(ip, ntohs(in4.sin_port));
  } else if (in.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(in);
    std::memcpy(out.ip.data(), &in6.sin6_addr, 16);
    out.port = ntohs(in6.sin6_port);
  }
  return out;
}

BoundSocket bind_socket(int type, const Address& address, bool reuse_port) noexcept {
  BoundSocket result;
  const int one = 1;
  const int zero = 0;
  result.fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (result.fd < 0 && (errno == EAFNOSUPPORT || errno == EPERM)) {
    result.v6 = false;
    result.fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }
  if (result.fd < 0) {
    return result;
  }
  if (result.v6) {
    setsockopt(result.fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  }
  if (type == SOCK_STREAM) {
    setsockopt(result.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  }
  if (reuse_port) {
    setsockopt(result.fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  }
  sockaddr_storage where{};
  const socklen_t size = to_kernel(address, result.v6, where);
  if (bind(result.fd, reinterpret_cast<const sockaddr*>(&where), size) != 0) {
    const int error = errno;
    close(result.fd);
    result.fd = -1;
    // IPv6 compiled in but switched off: the wildcard is then IPv4's.
    if (error == EADDRNOTAVAIL && result.v6 && address.ip == ByteArray<16>{}) {
      const Address any = Address::from_ipv4(ByteArray<4>{}, address.port);
      return bind_socket(type, any, reuse_port);
    }
    errno = error;
  }
  return result;
}

Address local_address(int fd) noexcept {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size);
  return from_kernel(where);
}

}  // namespace v100::io
