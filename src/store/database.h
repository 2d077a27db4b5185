// One SQLite connection with prepared statements kept: what the store's reader and writer share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "svc/service.h"

struct sqlite3;
struct sqlite3_stmt;

namespace v100::store {

struct DatabaseClose {
  void operator()(sqlite3* database) const noexcept;
};
struct StatementFinalize {
  void operator()(sqlite3_stmt* statement) const noexcept;
};

// Used by one thread at a time.
class Database {
 public:
  // WAL, synchronous FULL. malformed: no database, or damaged. unavailable: all else.
  static Result<Database> open(const std::string& path, std::int64_t lock_wait_ms);

  Result<void> run(const char* sql);
  Result<std::int64_t> number(const char* sql);  // the first column of the first row

  Result<void> create_table(std::string_view table);
  Result<void> put(std::string_view table, std::string_view key, Bytes value);
  Result<void> erase(std::string_view table, std::string_view key);
  Result<Buffer> get(std::string_view table, std::string_view key);  // not_found
  Result<std::vector<Record>> scan(std::string_view table, std::string_view prefix,
                                   std::size_t limit);

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, StatementFinalize>;
  Database() = default;
  Result<bool> has_table(std::string_view table);
  // "SELECT … FROM %" with the table's name for '%', prepared once.
  Result<sqlite3_stmt*> prepared(std::string_view sql, std::string_view table);
  Result<void> failure(int code) const;

  std::unique_ptr<sqlite3, DatabaseClose> database_;  // declared first: closed last
  std::map<std::string, Statement, std::less<>> statements_;
  std::map<std::string, bool, std::less<>> tables_;  // those known to be there
};

}  // namespace v100::store
