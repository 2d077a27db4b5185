// Statements and error codes of SQLite behind Result.
#include "store/database.h"

#include <sqlite3.h>

namespace v100::store {

namespace {

// Ends the use of a kept statement however the function is left.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  // Blobs compare byte by byte, which is the order that scan() promises. The bytes stay borrowed.
  void bind(int index, std::string_view bytes) {
    sqlite3_bind_blob64(statement_, index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                        SQLITE_STATIC);
  }
  void bind(int index, std::int64_t number) { sqlite3_bind_int64(statement_, index, number); }
  int step() { return sqlite3_step(statement_); }
  Bytes column(int index) {
    const void* data = sqlite3_column_blob(statement_, index);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, index));
    return {static_cast<const std::uint8_t*>(data), size};
  }

 private:
  sqlite3_stmt* statement_;
};

// The least text above all that start with prefix; empty when there is none.
std::string behind(std::string_view prefix) {
  std::string bound(prefix);
  while (!bound.empty() && static_cast<unsigned char>(bound.back()) == 0xFF) {
    bound.pop_back();
  }
  if (!bound.empty()) {
    bound.back() = static_cast<char>(static_cast<unsigned char>(bound.back()) + 1);
  }
  return bound;
}

}  // namespace

void DatabaseClose::operator()(sqlite3* database) const noexcept { sqlite3_close(database); }

void StatementFinalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<void> Database::failure(int code) const {
  switch (code & 0xFF) {
    case SQLITE_NOTADB:
      return fail(Errc::malformed, "store: the file is not a database");
    case SQLITE_CORRUPT:
      return fail(Errc::malformed, "store: the file is damaged");
    case SQLITE_FULL:
      return fail(Errc::unavailable, "store: disk full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Errc::unavailable, "store: locked by another process");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(Errc::unavailable, "store: no permission to write");
    case SQLITE_CANTOPEN:
      return fail(Errc::unavailable, "store: the file cannot be opened");
    case SQLITE_TOOBIG:
      return fail(Errc::too_large, "store: record too large");
    default:
      return fail(Errc::unavailable, "store: input or output failed");
  }
}

Result<Database> Database::open(const std::string& path, std::int64_t lock_wait_ms) {
  Database out;
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  out.database_.reset(raw);
  if (code != SQLITE_OK) {
    return fail(out.failure(code).error().code, out.failure(code).error().what);
  }
  sqlite3_busy_timeout(raw, static_cast<int>(lock_wait_ms));
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY(out.run("PRAGMA journal_mode=WAL"));
  TRY(out.run("PRAGMA synchronous=FULL"));
  return out;
}

Result<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Result<void>() : failure(code);
}

Result<std::int64_t> Database::number(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
  const Statement statement(raw);
  if (code == SQLITE_OK) {
    code = sqlite3_step(raw);
  }
  if (code != SQLITE_ROW) {
    TRY(failure(code));
  }
  return sqlite3_column_int64(raw, 0);
}

Result<sqlite3_stmt*> Database::prepared(std::string_view sql, std::string_view table) {
  std::string text;
  for (const char c : sql) {
    if (c == '%') {
      text.append("\"t_").append(table).push_back('"');
    } else {
      text.push_back(c);
    }
  }
  const auto known = statements_.find(text);
  if (known != statements_.end()) {
    return known->second.get();
  }
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), text.c_str(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw);
  if (code != SQLITE_OK) {
    TRY(failure(code));
  }
  statements_.emplace(std::move(text), std::move(statement));
  return raw;
}

Result<bool> Database::has_table(std::string_view table) {
  if (tables_.contains(table)) {
    return true;
  }
  Use use(TRY(
      prepared("SELECT 1 FROM sqlite_master WHERE type='table' AND name=CAST(?1 AS TEXT)", {})));
  const std::string full = "t_" + std::string(table);
  use.bind(1, full);
  const int code = use.step();
  if (code == SQLITE_ROW) {
    tables_.emplace(table, true);
    return true;
  }
  if (code != SQLITE_DONE) {
    TRY(failure(code));
  }
  return false;
}

Result<void> Database::create_table(std::string_view table) {
  if (TRY(has_table(table))) {
    return {};
  }
  const std::string sql = "CREATE TABLE IF NOT EXISTS \"t_" + std::string(table) +
                          "\" (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
  return run(sql.c_str());
}

Result<void> Database::put(std::string_view table, std::string_view key, Bytes value) {
  Use use(
      TRY(prepared("INSERT INTO % (key, value) VALUES (?1, ?2) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   table)));
  use.bind(1, key);
  use.bind(2, as_text(value));
  const int code = use.step();
  return code == SQLITE_DONE ? Result<void>() : failure(code);
}

Result<void> Database::erase(std::string_view table, std::string_view key) {
  Use use(TRY(prepared("DELETE FROM % WHERE key = ?1", table)));
  use.bind(1, key);
  const int code = use.step();
  return code == SQLITE_DONE ? Result<void>() : failure(code);
}

Result<Buffer> Database::get(std::string_view table, std::string_view key) {
  if (!TRY(has_table(table))) {
    return fail(Errc::not_found, "store: no such record");
  }
  Use use(TRY(prepared("SELECT value FROM % WHERE key = ?1", table)));
  use.bind(1, key);
  const int code = use.step();
  if (code == SQLITE_ROW) {
    return to_buffer(use.column(0));
  }
  if (code != SQLITE_DONE) {
    TRY(failure(code));
  }
  return fail(Errc::not_found, "store: no such record");
}

Result<std::vector<Record>> Database::scan(std::string_view table, std::string_view prefix,
                                           std::size_t limit) {
  std::vector<Record> out;
  if (!TRY(has_table(table))) {
    return out;
  }
  const std::string end = behind(prefix);
  Use use(TRY(prepared(end.empty() ? "SELECT key, value FROM % WHERE key >= ?1 AND ?2 = x'' "
                                     "ORDER BY key LIMIT ?3"
                                   : "SELECT key, value FROM % WHERE key >= ?1 AND key < ?2 "
                                     "ORDER BY key LIMIT ?3",
                       table)));
  use.bind(1, prefix);
  use.bind(2, end);
  use.bind(3, static_cast<std::int64_t>(limit));
  int code = use.step();
  for (; code == SQLITE_ROW; code = use.step()) {
    out.push_back({std::string(as_text(use.column(0))), to_buffer(use.column(1))});
  }
  if (code != SQLITE_DONE) {
    TRY(failure(code));
  }
  return out;
}

}  // namespace v100::store
