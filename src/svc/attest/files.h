// Where a shard's log is kept, as the attest service sees it: two streams that only grow, and
// public files. store/log_files.h keeps them on a disk; tests in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::attest {

enum class Stream : std::uint8_t {
  leaves,   // contents, 132 bytes each: not public, salts are in them
  batches,  // batch records (batch_record.h), one after another
};

// Bytes for the ends of the two streams.
struct Group {
  std::uint64_t leaves_at = 0;
  Buffer leaves;
  std::uint64_t batches_at = 0;
  Buffer batches;
};

struct PublicFile {
  std::string path;  // relative, as in c2sp.org/tlog-tiles
  Buffer content;
};

// All calls from the loop's thread; errors: not_found, unavailable (input/output, disk full).
class Files {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  virtual ~Files() = default;

  virtual Result<std::uint64_t> size(Stream stream) = 0;
  // Exactly `bytes` bytes; malformed when there are fewer.
  virtual Result<Buffer> read(Stream stream, std::uint64_t at, std::size_t bytes) = 0;
  // Shortens a stream, durably. For recovery.
  virtual Result<void> cut(Stream stream, std::uint64_t size) = 0;
  // Writes both and makes them durable, then runs `done` in a later turn. `group` stays as it is
  // until then. After a failure the same places may be written again. One at a time.
  virtual void commit(const Group& group, Done done) = 0;
  // Writes each file whole; the last one appears only when all before it are durable. `files` stay
  // as they are until `done`. One at a time; beside a commit.
  virtual void publish(const std::vector<PublicFile>& files, Done done) = 0;
  virtual Result<Buffer> read_public(std::string_view path) = 0;
};

}  // namespace v100::attest
