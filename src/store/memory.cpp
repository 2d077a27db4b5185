// Two pictures of the tables: what is durable, and what reads see.
#include "store/memory.h"

#include <utility>

namespace v100::store {

Result<Buffer> MemoryStore::get(std::string_view table, std::string_view key) {
  const auto found = visible_.find(table);
  if (found != visible_.end()) {
    const auto record = found->second.find(key);
    if (record != found->second.end()) {
      return record->second;
    }
  }
  return fail(Errc::not_found, "store: no such record");
}

Result<std::vector<Record>> MemoryStore::scan(std::string_view table, std::string_view prefix,
                                              std::size_t limit) {
  std::vector<Record> out;
  const auto found = visible_.find(table);
  if (found == visible_.end()) {
    return out;
  }
  for (auto it = found->second.lower_bound(prefix);
       it != found->second.end() && it->first.starts_with(prefix) && out.size() < limit; ++it) {
    out.push_back({it->first, it->second});
  }
  return out;
}

void MemoryStore::commit(Batch batch, Done done) {
  apply(visible_, batch);
  jobs_.push_back({std::move(batch), std::move(done)});
}

bool MemoryStore::turn(const std::function<bool()>& fails) {
  std::vector<Job> jobs;
  jobs.swap(jobs_);
  std::vector<Result<void>> results;
  bool failed = false;
  for (const Job& job : jobs) {
    if (fails()) {
      failed = true;
      results.push_back(fail(Errc::unavailable, "store: input or output failed"));
    } else {
      apply(durable_, job.batch);
      results.push_back({});
    }
  }
  if (failed) {
    visible_ = durable_;  // nothing else is on its way: jobs_ was emptied above
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].done != nullptr) {
      jobs[i].done(results[i]);
    }
  }
  return !jobs.empty();
}

void MemoryStore::apply(Tables& tables, const Batch& batch) {
  for (const Batch::Write& write : batch.writes()) {
    if (write.erase) {
      tables[write.table].erase(write.key);
    } else {
      tables[write.table][write.key] = write.value;
    }
  }
}

}  // namespace v100::store
