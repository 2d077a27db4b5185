// The store's two halves: the loop's thread with its reads and the overlay of what is still on its
// way to the disk, and the writer's thread that commits in groups.
#include "store/store.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/limits.h"
#include "store/database.h"

namespace v100::store {

namespace {

constexpr std::int64_t application_id = 0x76313030;  // "v100"
constexpr std::int64_t schema_version = 1;
constexpr std::size_t group_max = 1000;  // batches a transaction: bounds what one fsync delays

struct Job {
  std::uint64_t number = 0;
  Batch batch;
  Store::Done done;
  Result<void> result;
};

bool is_table_name(std::string_view name) {
  if (name.empty() || name.size() > 40) {
    return false;
  }
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
      return false;
    }
  }
  return true;
}

// A new file is made ours; another's is refused before it is touched.
Result<void> check_schema(Database& database) {
  const std::int64_t id = TRY(database.number("PRAGMA application_id"));
  const std::int64_t version = TRY(database.number("PRAGMA user_version"));
  if (id == 0 && version == 0) {
    if (TRY(database.number("SELECT count(*) FROM sqlite_master")) != 0) {
      return fail(Errc::malformed, "store: the file is another program's database");
    }
    TRY(database.run("PRAGMA application_id=1982935088"));
    static_assert(application_id == 1982935088);
    return database.run("PRAGMA user_version=1");
  }
  if (id != application_id) {
    return fail(Errc::malformed, "store: the file is another program's database");
  }
  if (version > schema_version) {
    return fail(Errc::unsupported, "store: the file was written by a newer version");
  }
  if (TRY(database.number("SELECT quick_check = 'ok' FROM pragma_quick_check(1)")) != 1) {
    return fail(Errc::malformed, "store: the file is damaged");
  }
  return {};
}

class Sqlite final : public SqliteStore {
 public:
  Sqlite(SqliteOptions options, Database reader, Database writer)
      : options_(std::move(options)),
        reader_(std::move(reader)),
        writer_(std::move(writer)),
        thread_([this] { write_until_closed(); }) {}
  ~Sqlite() override { close(); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  Result<Buffer> get(std::string_view table, std::string_view key) override {
    CHECK(is_table_name(table));
    const auto pending = overlay_.find(table);
    if (pending != overlay_.end()) {
      const auto record = pending->second.find(key);
      if (record != pending->second.end()) {
        if (!record->second.value) {
          return fail(Errc::not_found, "store: no such record");
        }
        return *record->second.value;
      }
    }
    return reader_.get(table, key);
  }

  Result<std::vector<Record>> scan(std::string_view table, std::string_view prefix,
                                   std::size_t limit) override {
    CHECK(is_table_name(table));
    const auto pending = overlay_.find(table);
    if (pending == overlay_.end()) {
      return reader_.scan(table, prefix, limit);
    }
    // Each pending erasure may take one record away from the front.
    std::map<std::string, Buffer, std::less<>> merged;
    for (Record& record : TRY(reader_.scan(table, prefix, limit + pending->second.size()))) {
      merged.emplace(std::move(record.key), std::move(record.value));
    }
    for (auto it = pending->second.lower_bound(prefix);
         it != pending->second.end() && it->first.starts_with(prefix); ++it) {
      if (it->second.value) {
        merged[it->first] = *it->second.value;
      } else {
        merged.erase(it->first);
      }
    }
    std::vector<Record> out;
    for (auto it = merged.begin(); it != merged.end() && out.size() < limit; ++it) {
      out.push_back({it->first, std::move(it->second)});
    }
    return out;
  }

  void commit(Batch batch, Done done) override {
    for (const Batch::Write& write : batch.writes()) {
      CHECK(is_table_name(write.table));
    }
    Job job{++last_number_, std::move(batch), std::move(done), {}};
    ++in_flight_;
    const std::lock_guard lock(mutex_);
    if (closed_ || queue_.size() >= limits::store_queue) {
      job.result = closed_ ? fail(Errc::unavailable, "store: closed")
                           : fail(Errc::busy, "store: too many commits wait");
      finish(std::move(job));
      return;
    }
    for (const Batch::Write& write : job.batch.writes()) {
      Pending& pending = overlay_[write.table][write.key];
      pending.number = job.number;
      pending.value = write.erase ? std::nullopt : std::optional<Buffer>(write.value);
    }
    queue_.push_back(std::move(job));
    wake_.notify_one();
  }

  void close() override {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) {
        return;
      }
      closed_ = true;
      wake_.notify_one();
    }
    thread_.join();
    report();
  }

  std::size_t in_flight() const override { return in_flight_; }

 private:
  struct Pending {
    std::uint64_t number = 0;  // the last batch that wrote it
    std::optional<Buffer> value;
  };

  // With the lock held. One posted task takes all that finished before it runs.
  void finish(Job job) {
    finished_.push_back(std::move(job));
    if (finished_.size() == 1) {
      options_.post_to_loop([this] { report(); });
    }
  }

  // On the loop's thread.
  void report() {
    std::vector<Job> finished;
    {
      const std::lock_guard lock(mutex_);
      finished.swap(finished_);
    }
    for (Job& job : finished) {
      for (const Batch::Write& write : job.batch.writes()) {
        forget(write, job.number);
      }
      --in_flight_;
      if (job.done != nullptr) {
        job.done(job.result);
      }
    }
  }

  void forget(const Batch::Write& write, std::uint64_t number) {
    const auto table = overlay_.find(write.table);
    if (table == overlay_.end()) {
      return;
    }
    const auto record = table->second.find(write.key);
    if (record != table->second.end() && record->second.number == number) {
      table->second.erase(record);
      if (table->second.empty()) {
        overlay_.erase(table);
      }
    }
  }

  // The writer's thread.
  void write_until_closed() {
    std::vector<Job> group;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
        if (queue_.empty()) {
          return;
        }
        while (!queue_.empty() && group.size() < group_max) {
          group.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
      }
      write_group(group);
      const std::lock_guard lock(mutex_);
      for (Job& job : group) {
        finish(std::move(job));
      }
      group.clear();
    }
  }

  void write_group(std::vector<Job>& group) {
    Result<void> all = writer_.run("BEGIN IMMEDIATE");
    if (all) {
      for (Job& job : group) {
        job.result = write_batch(job.batch);
      }
      all = writer_.run("COMMIT");
      if (!all) {
        (void)writer_.run("ROLLBACK");
      }
    }
    for (Job& job : group) {
      if (!all && job.result) {
        job.result = all;
      }
    }
  }

  // Whole or not at all: a batch that fails takes back its own writes and no other's.
  Result<void> write_batch(const Batch& batch) {
    TRY(writer_.run("SAVEPOINT one"));
    Result<void> result;
    for (const Batch::Write& write : batch.writes()) {
      result = write_one(write);
      if (!result) {
        break;
      }
    }
    if (!result) {
      (void)writer_.run("ROLLBACK TO one");
    }
    const Result<void> released = writer_.run("RELEASE one");
    return result ? released : result;
  }

  Result<void> write_one(const Batch::Write& write) {
    TRY(writer_.create_table(write.table));
    return write.erase ? writer_.erase(write.table, write.key)
                       : writer_.put(write.table, write.key, write.value);
  }

  const SqliteOptions options_;
  Database reader_;  // the loop's thread only
  Database writer_;  // the writer's thread only
  std::uint64_t last_number_ = 0;
  std::size_t in_flight_ = 0;
  std::map<std::string, std::map<std::string, Pending, std::less<>>, std::less<>> overlay_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;      // guarded by mutex_
  std::vector<Job> finished_;  // guarded by mutex_
  bool closed_ = false;        // guarded by mutex_
  std::thread thread_;         // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<SqliteStore>> open_sqlite(SqliteOptions options) {
  CHECK(options.post_to_loop != nullptr);
  Database writer = TRY(Database::open(options.path, options.lock_wait_ms));
  TRY(check_schema(writer));
  if (options.bytes_max != 0) {
    const std::int64_t page_bytes = TRY(writer.number("PRAGMA page_size"));
    const auto pages = static_cast<std::int64_t>(options.bytes_max) / page_bytes;
    TRY(writer.run(("PRAGMA max_page_count=" + std::to_string(pages)).c_str()));
  }
  Database reader = TRY(Database::open(options.path, options.lock_wait_ms));
  return std::make_unique<Sqlite>(std::move(options), std::move(reader), std::move(writer));
}

}  // namespace v100::store
