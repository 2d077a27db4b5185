// Store on SQLite: one file in WAL mode, a writer thread that commits in groups with synchronous
// FULL, and reads on the loop's thread that see what was committed a moment ago.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "svc/service.h"

namespace v100::store {

struct SqliteOptions {
  std::string path;  // of the database file; "-wal" and "-shm" lie beside it
  // Runs a task on the loop's thread in a later turn; called from the writer's thread. Must not run
  // tasks once the store is destroyed.
  std::function<void(std::move_only_function<void()>)> post_to_loop;
  std::uint64_t bytes_max = 0;       // of the file; 0: no bound. Above it commits fail as disk full
  std::int64_t lock_wait_ms = 2000;  // how long a commit waits for another process's lock
};

// Durable when `done` comes with success, whatever happens to the process or the machine after.
class SqliteStore : public Store {
 public:
  // Waits for all commits and calls each Done that is still owed, on this thread. After it commits
  // fail as unavailable; reads go on. Called by the destructor.
  virtual void close() = 0;
  // Commits accepted and not yet reported.
  virtual std::size_t in_flight() const = 0;
};

// Opens or makes the file. Errors: malformed (not our file, or damaged), unsupported (a newer
// schema), unavailable (cannot be opened, created or locked).
// get, scan, commit: on one thread. Table names are [a-z0-9_], 1 to 40 characters (CHECK).
Result<std::unique_ptr<SqliteStore>> open_sqlite(SqliteOptions options);

}  // namespace v100::store
