#include "io/machine.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/file.h"
#include "io/socket_address.h"

namespace v100::io {
namespace {

bool is_reachable(const ifaddrs& entry) noexcept {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0 ||
      (entry.ifa_flags & IFF_LOOPBACK) != 0) {
    return false;
  }
  if (entry.ifa_addr->sa_family == AF_INET) {
    return true;
  }
  return entry.ifa_addr->sa_family == AF_INET6 &&
         !IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr);
}

}  // namespace

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::vector<Address> local_addresses() {
  std::vector<Address> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return out;
  }
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      if (is_reachable(*entry) && entry->ifa_addr->sa_family == family) {
        sockaddr_storage storage{};
        std::copy_n(reinterpret_cast<const char*>(entry->ifa_addr),
                    family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6),
                    reinterpret_cast<char*>(&storage));
        out.push_back(from_kernel(storage));
        out.back().port = 0;
      }
    }
  }
  freeifaddrs(list);
  return out;
}

ProcessUsage process_usage() {
  ProcessUsage usage;
  if (const Result<Buffer> statm = read_file("/proc/self/statm", 4096)) {
    const std::string text(as_text(*statm));
    unsigned long total = 0;
    unsigned long resident = 0;
    if (std::sscanf(text.c_str(), "%lu %lu", &total, &resident) == 2) {
      usage.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
  }
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  for (const timeval& t : {used.ru_utime, used.ru_stime}) {
    usage.cpu_us +=
        static_cast<std::uint64_t>(t.tv_sec) * 1000000 + static_cast<std::uint64_t>(t.tv_usec);
  }
  if (DIR* folder = opendir("/proc/self/fd")) {
    while (readdir(folder) != nullptr) {
      ++usage.open_files;
    }
    closedir(folder);
    usage.open_files -=
        std::min<std::uint64_t>(usage.open_files, 3);  // ".", ".." and the folder itself
  }
  return usage;
}

std::uint64_t raise_open_files() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

Result<Fd> lock_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return fail(Errc::forbidden, "lock: the file cannot be opened");
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::conflict, "lock: another process holds it");
  }
  return fd;
}

}  // namespace v100::io
