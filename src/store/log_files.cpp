#include "store/log_files.h"

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "io/fd.h"
#include "io/file.h"

namespace v100::store {

int Disk::open(const char* path, int flags, unsigned mode) { return ::open(path, flags, mode); }
long Disk::pwrite(int fd, const void* data, std::size_t bytes, std::int64_t at) {
  return ::pwrite(fd, data, bytes, at);
}
int Disk::sync(int fd) { return ::fdatasync(fd); }
int Disk::sync_all(int fd) { return ::syncfs(fd); }
int Disk::rename(const char* from, const char* to) { return std::rename(from, to); }

namespace {

using attest::Files;
using attest::Group;
using attest::PublicFile;
using attest::Stream;

constexpr std::size_t public_bytes_max = 1024 * 1024;

std::unexpected<Error> system_error() noexcept {
  switch (errno) {
    case ENOENT:
      return fail(Errc::not_found, "log: no such file");
    case ENOSPC:
    case EDQUOT:
      return fail(Errc::unavailable, "log: the disk is full");
    default:
      return fail(Errc::unavailable, "log: input/output error");
  }
}

class LogFiles final : public Files {
 public:
  LogFiles(LogFilesOptions options, io::Fd leaves, io::Fd batches)
      : options_(std::move(options)),
        disk_(options_.disk != nullptr ? *options_.disk : real_),
        leaves_(std::move(leaves)),
        batches_(std::move(batches)),
        thread_([this] { write_until_closed(); }) {}

  ~LogFiles() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  Result<std::uint64_t> size(Stream stream) override {
    struct stat info{};
    if (::fstat(fd_of(stream), &info) != 0) {
      return system_error();
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<Buffer> read(Stream stream, std::uint64_t at, std::size_t bytes) override {
    Buffer out(bytes);
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t n =
          ::pread(fd_of(stream), out.data() + done, bytes - done, static_cast<off_t>(at + done));
      if (n < 0 && errno != EINTR) {
        return system_error();
      }
      if (n == 0) {
        return fail(Errc::malformed, "log: a stream that ends early");
      }
      done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    return out;
  }

  Result<void> cut(Stream stream, std::uint64_t size) override {
    const int fd = fd_of(stream);
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0 || ::fsync(fd) != 0) {
      return system_error();
    }
    return {};
  }

  void commit(const Group& group, Done done) override {
    give({[this, &group] { return write_group(group); }, std::move(done), {}});
  }
  void publish(const std::vector<PublicFile>& files, Done done) override {
    give({[this, &files] { return write_files(files); }, std::move(done), {}});
  }
  Result<Buffer> read_public(std::string_view path) override {
    return io::read_file(public_path(path), public_bytes_max);
  }

 private:
  struct Job {
    std::move_only_function<Result<void>()> work;
    Done done;
    Result<void> result;
  };

  int fd_of(Stream stream) const noexcept {
    return stream == Stream::leaves ? leaves_.get() : batches_.get();
  }
  std::string public_path(std::string_view path) const {
    return options_.folder + "/public/" + std::string(path);
  }

  void give(Job job) {
    const std::lock_guard lock(mutex_);
    CHECK(!closed_);
    jobs_.push_back(std::move(job));
    wake_.notify_one();
  }

  void report() {
    std::deque<Job> finished;
    {
      const std::lock_guard lock(mutex_);
      finished.swap(finished_);
    }
    for (Job& job : finished) {
      job.done(job.result);
    }
  }

  void write_until_closed() {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (jobs_.empty()) {
          return;
        }
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job.result = job.work();
      const std::lock_guard lock(mutex_);
      finished_.push_back(std::move(job));
      if (finished_.size() == 1) {
        options_.post_to_loop([alive = std::weak_ptr<int>(alive_), this] {
          if (!alive.expired()) {
            report();
          }
        });
      }
    }
  }

  Result<void> write_at(int fd, Bytes content, std::uint64_t at) {
    while (!content.empty()) {
      const long n =
          disk_.pwrite(fd, content.data(), content.size(), static_cast<std::int64_t>(at));
      if (n < 0 && errno != EINTR) {
        return system_error();
      }
      if (n > 0) {
        at += static_cast<std::uint64_t>(n);
        content = content.subspan(static_cast<std::size_t>(n));
      }
    }
    return {};
  }

  // Leaves before the batches that speak of them, though recovery does not rely on it.
  Result<void> write_group(const Group& group) {
    TRY(write_at(leaves_.get(), group.leaves, group.leaves_at));
    TRY(write_at(batches_.get(), group.batches, group.batches_at));
    if (disk_.sync(leaves_.get()) != 0 || disk_.sync(batches_.get()) != 0) {
      return system_error();
    }
    return {};
  }

  // Folders below public/, for everybody to read.
  Result<void> make_public(const std::string& folder) {
    for (std::size_t at = options_.folder.size() + 1; at <= folder.size(); ++at) {
      if ((at == folder.size() || folder[at] == '/') &&
          ::mkdir(folder.substr(0, at).c_str(), 0755) != 0 && errno != EEXIST) {
        return system_error();
      }
    }
    return {};
  }

  // Beside and renamed over, so that a web server sees whole files only.
  Result<void> write_file(const PublicFile& file) {
    const std::string path = public_path(file.path);
    const std::string folder = path.substr(0, path.rfind('/'));
    if (!folders_.contains(folder)) {
      TRY(make_public(folder));
      if (folders_.size() > 4096) {
        folders_.clear();
      }
      folders_.insert(folder);
    }
    const std::string beside = path + ".new";
    const io::Fd fd(disk_.open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd.valid()) {
      folders_.erase(folder);
      return system_error();
    }
    TRY(write_at(fd.get(), file.content, 0));
    if (disk_.rename(beside.c_str(), path.c_str()) != 0) {
      return system_error();
    }
    return {};
  }

  Result<void> write_files(const std::vector<PublicFile>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (i + 1 == files.size() && disk_.sync_all(leaves_.get()) != 0) {
        return system_error();
      }
      TRY(write_file(files[i]));
    }
    // The checkpoint's own rename is durable before anybody may rely on it being the newest.
    if (disk_.sync_all(leaves_.get()) != 0) {
      return system_error();
    }
    for (const PublicFile& file : files) {
      if (file.path.starts_with("tile/") && file.path.find(".p/") == std::string::npos) {
        remove_partials(public_path(file.path) + ".p");
      }
    }
    return {};
  }

  // c2sp.org/tlog-tiles: a partial tile may go once the full one is there.
  static void remove_partials(const std::string& folder) {
    DIR* dir = ::opendir(folder.c_str());
    if (dir == nullptr) {
      return;
    }
    while (const dirent* entry = ::readdir(dir)) {
      (void)::unlink((folder + "/" + entry->d_name).c_str());
    }
    ::closedir(dir);
    (void)::rmdir(folder.c_str());
  }

  const LogFilesOptions options_;
  Disk real_;
  Disk& disk_;
  const io::Fd leaves_, batches_;
  std::set<std::string> folders_;  // the writer's thread: made already
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;      // guarded by mutex_
  std::deque<Job> finished_;  // guarded by mutex_
  bool closed_ = false;       // guarded by mutex_
  std::thread thread_;        // last: it uses all of the above
};

io::Fd open_stream(const std::string& path) {
  return io::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

}  // namespace

Result<std::unique_ptr<Files>> open_log_files(LogFilesOptions options) {
  CHECK(options.post_to_loop != nullptr);
  TRY(io::make_folder(options.folder));
  io::Fd leaves = open_stream(options.folder + "/leaves");
  io::Fd batches = open_stream(options.folder + "/batches");
  const io::Fd folder(::open(options.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!leaves.valid() || !batches.valid() || !folder.valid() || ::fsync(folder.get()) != 0) {
    return system_error();
  }
  return std::make_unique<LogFiles>(std::move(options), std::move(leaves), std::move(batches));
}

}  // namespace v100::store
