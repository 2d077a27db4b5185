// What this machine and this process are: name, addresses, resources in use; and a lock on a
// folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "io/fd.h"

namespace v100::io {

std::string host_name();
// Addresses of interfaces that are up, without loopback and link-local ones; IPv4 first. Ports are
// 0.
std::vector<Address> local_addresses();

struct ProcessUsage {
  std::uint64_t resident_bytes = 0;
  std::uint64_t cpu_us = 0;  // user and system
  std::uint64_t open_files = 0;
};
ProcessUsage process_usage();

// Raises the limit on open files to what the system allows; returns it.
std::uint64_t raise_open_files() noexcept;

// Held as long as the descriptor lives. conflict: another process has it.
Result<Fd> lock_file(const std::string& path);

}  // namespace v100::io
