// Address to and from the kernel's structures. Internal to io.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/address.h"

namespace v100::io {

// Always AF_INET6 (IPv4 mapped) unless `v6` is false, for kernels without IPv6. Returns the length.
socklen_t to_kernel(const Address& address, bool v6, sockaddr_storage& out) noexcept;
Address from_kernel(const sockaddr_storage& in) noexcept;

// A non-blocking bound socket of `type`; falls back to IPv4 where the kernel has no IPv6.
// Returns the descriptor, or -1 with errno. `v6` says what it became.
struct BoundSocket {
  int fd = -1;
  bool v6 = true;
};
BoundSocket bind_socket(int type, const Address& address, bool reuse_port) noexcept;
Address local_address(int fd) noexcept;

}  // namespace v100::io
