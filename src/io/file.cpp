#include "io/file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

namespace v100::io {
namespace {

std::unexpected<Error> file_error() noexcept {
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
      return fail(Errc::not_found, "file: not there");
    case EACCES:
    case EPERM:
    case EROFS:
      return fail(Errc::forbidden, "file: no permission");
    case ENOSPC:
    case EDQUOT:
      return fail(Errc::unavailable, "file: the disk is full");
    default:
      return fail(Errc::unavailable, "file: input/output error");
  }
}

Result<void> write_all(int fd, Bytes content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno != EINTR) {
      return file_error();
    }
    content = content.subspan(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<Buffer> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return file_error();
  }
  Buffer content;
  for (;;) {
    const std::size_t had = content.size();
    content.resize(had + 16 * 1024);
    const ssize_t n = ::read(fd.get(), content.data() + had, content.size() - had);
    content.resize(had + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n < 0 && errno != EINTR) {
      return file_error();
    }
    if (content.size() > bytes_max) {
      return fail(Errc::too_large, "file: over the limit");
    }
    if (n == 0) {
      return content;
    }
  }
}

Result<void> write_file(const std::string& path, Bytes content, WriteOptions options) {
  const std::string beside = path + ".new";
  {
    const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, options.mode));
    if (!fd.valid()) {
      return file_error();
    }
    if (::fchmod(fd.get(), options.mode) != 0) {
      return file_error();
    }
    TRY(write_all(fd.get(), content));
    if (::fsync(fd.get()) != 0) {
      return file_error();
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    return file_error();
  }
  const Fd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) {
    ::fsync(folder.get());
  }
  return {};
}

Result<void> make_folder(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at < path.size() && path[at] != '/') {
      continue;
    }
    if (::mkdir(path.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) {
      return file_error();
    }
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return fail(Errc::conflict, "file: a folder is wanted where something else lies");
  }
  return {};
}

bool exists(const std::string& path) noexcept { return ::access(path.c_str(), F_OK) == 0; }

std::string absolute(const std::string& path) {
  if (char* real = ::realpath(path.c_str(), nullptr)) {
    std::string out(real);
    std::free(real);
    return out;
  }
  return path;
}

}  // namespace v100::io
