#include "main/keytool/common.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "io/fd.h"
#include "io/file.h"
#include "io/world.h"

namespace v100::keytool {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::uint64_t progress_from = 64 * 1024 * 1024;

std::string display(const std::string& path, const char* stream) {
  return path == "-" ? stream : path;
}

class ProgressLine {
 public:
  ProgressLine(Progress progress, std::uint64_t size)
      : size_(size),
        shown_(progress == Progress::always ||
               (progress == Progress::automatic && (size == 0 || size >= progress_from) &&
                ::isatty(STDERR_FILENO) == 1)) {}
  void at(std::uint64_t done) {
    const Instant now = clock_.now();
    if (!shown_ || (printed_ && now - last_ < Duration::milliseconds(250))) {
      return;
    }
    print(done);
    last_ = now;
  }
  void end(std::uint64_t done) {
    if (shown_) {
      print(done);
      std::fputc('\n', stderr);
    }
  }

 private:
  void print(std::uint64_t done) {
    const double mib = static_cast<double>(done) / (1024 * 1024);
    if (size_ > 0) {
      fmt::print(stderr, "\r{:.0f} MiB, {} %", mib, done * 100 / size_);
    } else {
      fmt::print(stderr, "\r{:.0f} MiB", mib);
    }
    std::fflush(stderr);
    printed_ = true;
  }
  io::SystemClock clock_;
  std::uint64_t size_;
  bool shown_;
  bool printed_ = false;
  Instant last_{};
};

}  // namespace

std::unexpected<Failure> could_not(std::string text) {
  return std::unexpected(Failure{2, std::move(text)});
}
std::unexpected<Failure> could_not(const std::string& subject, Error error) {
  const int code = error.code == Errc::unauthenticated ? 1 : 2;
  return std::unexpected(Failure{code, fmt::format("{}: {}", subject, error.what)});
}

Done<std::uint64_t> read_pieces(const std::string& path, Progress progress, const Take& take) {
  const std::string name = display(path, "standard input");
  const io::Fd file(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return could_not(fmt::format("{}: {}", name, std::strerror(errno)));
  }
  struct stat status{};
  const bool regular = ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  ProgressLine line(progress, regular ? static_cast<std::uint64_t>(status.st_size) : 0);
  Buffer piece(piece_bytes);
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t n = ::read(file.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return could_not(fmt::format("{}: {}", name, std::strerror(errno)));
    }
    if (n == 0) {
      break;
    }
    take(Bytes(piece).first(static_cast<std::size_t>(n)));
    total += static_cast<std::uint64_t>(n);
    line.at(total);
  }
  wipe(piece);
  line.end(total);
  return total;
}

Done<Buffer> read_input(const std::string& path, std::size_t bytes_max) {
  Buffer content;
  bool fits = true;
  const auto take = [&](Bytes piece) {
    fits = fits && content.size() + piece.size() <= bytes_max;
    if (fits) {
      append(content, piece);
    }
  };
  const auto read = read_pieces(path, Progress::never, take);
  if (!read) {
    return std::unexpected(read.error());
  }
  if (!fits) {
    wipe(content);
    return could_not(
        fmt::format("{}: larger than {} bytes", display(path, "standard input"), bytes_max));
  }
  return content;
}

Done<void> write_output(const std::string& path, Bytes content, Access access, bool force) {
  if (path == "-") {
    const bool good = std::fwrite(content.data(), 1, content.size(), stdout) == content.size() &&
                      std::fflush(stdout) == 0;
    return good ? Done<void>() : could_not("standard output: cannot be written");
  }
  if (!force && io::exists(path)) {
    return could_not(fmt::format("{}: is there already (--force replaces it)", path));
  }
  const auto written =
      io::write_file(path, content, {.mode = access == Access::owner ? 0600u : 0644u});
  if (!written) {
    return could_not(path, written.error());
  }
  return {};
}

Done<keys::Key> read_key_file(const std::string& path) {
  auto content = read_input(path, keys::key_file_bytes_max);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto key = keys::read_key(*content);
  wipe(*content);
  if (!key) {
    return could_not(display(path, "standard input"), key.error());
  }
  return std::move(*key);
}

Done<keys::PrivateKey> read_private_key(const std::string& path) {
  auto key = read_key_file(path);
  if (!key) {
    return std::unexpected(key.error());
  }
  if (!key->secret) {
    return could_not(fmt::format("{}: a public key, where a private one is needed",
                                 display(path, "standard input")));
  }
  return std::move(*key->secret);
}

int run_line(CommandLine& line, int argc, char** argv, const std::function<Done<int>()>& work) {
  if (const auto ended = line.parse(argc, argv)) {
    return *ended;
  }
  const Done<int> done = work();
  if (!done) {
    fmt::print(stderr, "{}: {}\n", line.name(), done.error().text);
    return done.error().code;
  }
  return *done;
}

}  // namespace v100::keytool
