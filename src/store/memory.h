// A Store in memory, for tests and simulation: the same promises as SQLite's but lasting, with
// failures on demand.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "svc/service.h"

namespace v100::store {

class MemoryStore final : public Store {
 public:
  Result<Buffer> get(std::string_view table, std::string_view key) override;
  Result<std::vector<Record>> scan(std::string_view table, std::string_view prefix,
                                   std::size_t limit) override;
  void commit(Batch batch, Done done) override;

  // Reports the commits made before this call; true if there was one. A commit for which `fails`
  // says true is taken back and reported unavailable.
  bool turn(const std::function<bool()>& fails);
  bool turn() {
    return turn([] { return false; });
  }
  std::size_t in_flight() const noexcept { return jobs_.size(); }

 private:
  using Table = std::map<std::string, Buffer, std::less<>>;
  using Tables = std::map<std::string, Table, std::less<>>;
  struct Job {
    Batch batch;
    Done done;
  };
  static void apply(Tables& tables, const Batch& batch);

  Tables durable_;
  Tables visible_;  // with what is on its way
  std::vector<Job> jobs_;
};

}  // namespace v100::store
