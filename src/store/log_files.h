// A shard's log on a disk: attest's Files in one folder. Two streams that are fsynced before a
// commit is reported, and static files below public/ that any web server can serve.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "svc/attest/files.h"

namespace v100::store {

// What the writer's thread asks of the system, so that a test can break it. The functions return
// what the system calls of the same name return, errno set.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual int open(const char* path, int flags, unsigned mode);
  virtual long pwrite(int fd, const void* data, std::size_t bytes, std::int64_t at);
  virtual int sync(int fd);      // fdatasync
  virtual int sync_all(int fd);  // syncfs: all that was written to this file system
  virtual int rename(const char* from, const char* to);
};

struct LogFilesOptions {
  std::string folder;  // made when it is not there
  std::function<void(std::move_only_function<void()>)> post_to_loop;
  Disk* disk = nullptr;  // null: the real one
};

// Outlives the Log that uses it. Closing waits for the write in hand.
// forbidden, unavailable: the folder cannot be used.
Result<std::unique_ptr<attest::Files>> open_log_files(LogFilesOptions options);

}  // namespace v100::store
