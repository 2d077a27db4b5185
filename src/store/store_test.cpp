// If this fails, what the server said was kept is lost, or a bad disk takes the server down
// without a word.
#include "store/store.h"

#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/memory.h"
#include "store/store_suite.h"

namespace v100::store {
namespace {

using Task = std::move_only_function<void()>;

// The loop of these tests: tasks posted from the writer's thread, run by turn().
class Tasks {
 public:
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    some_.notify_one();
  }
  void turn() {
    std::vector<Task> now;
    {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [this] { return !tasks_.empty(); });
      now.swap(tasks_);
    }
    for (Task& task : now) {
      task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::vector<Task> tasks_;
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "v100-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file() const { return (path_ / "v100.db").string(); }

 private:
  std::filesystem::path path_;
};

SqliteOptions options(const Folder& folder, Tasks& tasks) {
  SqliteOptions out;
  out.path = folder.file();
  out.post_to_loop = [&tasks](Task task) { tasks.post(std::move(task)); };
  out.lock_wait_ms = 50;
  return out;
}

class SqliteFixture final : public StoreFixture {
 public:
  SqliteFixture() : store_(std::move(*open_sqlite(options(folder_, tasks_)))) {}
  Store& store() override { return *store_; }
  void turn() override { tasks_.turn(); }

 private:
  Folder folder_;
  Tasks tasks_;
  std::unique_ptr<SqliteStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite,
                         testing::Values([] { return std::make_unique<SqliteFixture>(); }));

class MemoryFixture final : public StoreFixture {
 public:
  Store& store() override { return store_; }
  void turn() override { store_.turn(); }

 private:
  MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite,
                         testing::Values([] { return std::make_unique<MemoryFixture>(); }));

// Commits one record and waits for the verdict.
Result<void> put(SqliteStore& store, Tasks& tasks, std::string_view key, Bytes value) {
  Batch batch;
  batch.put("things", key, value);
  bool done = false;
  Result<void> verdict;
  store.commit(std::move(batch), [&](Result<void> result) {
    verdict = result;
    done = true;
  });
  while (!done) {
    tasks.turn();
  }
  return verdict;
}

TEST(SqliteStore, KeepsAcrossReopeningAndReportsAllOnClose) {
  const Folder folder;
  Tasks tasks;
  int reported = 0;
  {
    auto store = std::move(*open_sqlite(options(folder, tasks)));
    for (int i = 0; i < 100; ++i) {
      Batch batch;
      batch.put("things", std::to_string(i), as_bytes("v"));
      store->commit(std::move(batch), [&](Result<void> result) { reported += result ? 1 : 0; });
    }
    EXPECT_GT(store->in_flight(), 0u);
    store->close();
    EXPECT_EQ(reported, 100);
    EXPECT_EQ(store->in_flight(), 0u);
  }
  auto store = std::move(*open_sqlite(options(folder, tasks)));
  EXPECT_EQ(store->scan("things", "", 1000)->size(), 100u);
}

// The child commits and tells what was acknowledged; it is killed in the middle of it.
TEST(SqliteStore, WhatWasAcknowledgedSurvivesKill) {
  const Folder folder;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Tasks tasks;
    auto store = open_sqlite(options(folder, tasks));
    for (std::uint32_t i = 0; store && i < 100000; ++i) {
      Batch batch;
      batch.put("things", std::to_string(i), Buffer(1200, 7));
      (*store)->commit(std::move(batch), [i, &pipe_ends](Result<void> result) {
        if (!result || write(pipe_ends[1], &i, sizeof i) != sizeof i) {
          _exit(1);
        }
      });
      if ((*store)->in_flight() > 20) {
        tasks.turn();
      }
    }
    _exit(1);
  }
  close(pipe_ends[1]);
  std::uint32_t last = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  }
  kill(child, SIGKILL);
  while (read(pipe_ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);

  Tasks tasks;
  const auto store = open_sqlite(options(folder, tasks));
  ASSERT_TRUE(store.has_value()) << store.error().what;
  for (std::uint32_t i = 0; i <= last; ++i) {
    const Result<Buffer> value = (*store)->get("things", std::to_string(i));
    ASSERT_TRUE(value.has_value()) << i;
    EXPECT_EQ(value->size(), 1200u);
  }
}

TEST(SqliteStore, ADamagedOrForeignFileIsNamedAsSuch) {
  const Folder folder;
  Tasks tasks;
  std::ofstream(folder.file()) << "certainly no database, but long enough to look for a header";
  EXPECT_EQ(open_sqlite(options(folder, tasks)).error().code, Errc::malformed);
  std::filesystem::remove(folder.file());

  sqlite3* foreign = nullptr;
  sqlite3_open(folder.file().c_str(), &foreign);
  sqlite3_exec(foreign, "CREATE TABLE x (y)", nullptr, nullptr, nullptr);
  sqlite3_close(foreign);
  EXPECT_EQ(open_sqlite(options(folder, tasks)).error().code, Errc::malformed);
  std::filesystem::remove(folder.file());

  {
    auto store = std::move(*open_sqlite(options(folder, tasks)));
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(put(*store, tasks, std::to_string(i), Buffer(2000, 1)).has_value());
    }
  }
  const auto bytes = std::filesystem::file_size(folder.file());
  {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes / 2));
    file << std::string(8192, '\x5a');
  }
  const auto damaged = open_sqlite(options(folder, tasks));
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Errc::malformed);
  EXPECT_STREQ(damaged.error().what, "store: the file is damaged");
}

TEST(SqliteStore, ANewerSchemaIsRefused) {
  const Folder folder;
  Tasks tasks;
  {
    ASSERT_TRUE(open_sqlite(options(folder, tasks)).has_value());
  }
  sqlite3* database = nullptr;
  sqlite3_open(folder.file().c_str(), &database);
  sqlite3_exec(database, "PRAGMA user_version=2", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  EXPECT_EQ(open_sqlite(options(folder, tasks)).error().code, Errc::unsupported);
}

TEST(SqliteStore, AFullDiskFailsTheCommitAndNothingElse) {
  const Folder folder;
  Tasks tasks;
  SqliteOptions small = options(folder, tasks);
  small.bytes_max = 100 * 1024;
  auto store = std::move(*open_sqlite(std::move(small)));
  ASSERT_TRUE(put(*store, tasks, "before", as_bytes("x")).has_value());
  const Result<void> full = put(*store, tasks, "large", Buffer(200 * 1024, 1));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, Errc::unavailable);
  EXPECT_STREQ(full.error().what, "store: disk full");
  EXPECT_EQ(store->get("things", "large").error().code, Errc::not_found);
  EXPECT_TRUE(store->get("things", "before").has_value());
  EXPECT_TRUE(put(*store, tasks, "after", as_bytes("x")).has_value());
}

TEST(SqliteStore, ALockedFileFailsTheCommitAndRecovers) {
  const Folder folder;
  Tasks tasks;
  auto store = std::move(*open_sqlite(options(folder, tasks)));
  ASSERT_TRUE(put(*store, tasks, "before", as_bytes("x")).has_value());
  sqlite3* other = nullptr;
  sqlite3_open(folder.file().c_str(), &other);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Result<void> locked = put(*store, tasks, "during", as_bytes("x"));
  ASSERT_FALSE(locked.has_value());
  EXPECT_EQ(locked.error().code, Errc::unavailable);
  EXPECT_TRUE(store->get("things", "before").has_value());
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_TRUE(put(*store, tasks, "after", as_bytes("x")).has_value());
}

TEST(SqliteStore, ACannotOpenFileIsUnavailable) {
  Tasks tasks;
  SqliteOptions nowhere;
  nowhere.path = "/nonexistent-folder/v100.db";
  nowhere.post_to_loop = [](Task) {};
  EXPECT_EQ(open_sqlite(std::move(nowhere)).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace v100::store
