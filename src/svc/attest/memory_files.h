// For tests: attest's Files in memory, on a disk that fills up, fails, and at a crash keeps of what
// was not yet synced whatever sectors it likes.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "svc/attest/files.h"

namespace v100::attest {

class MemoryFiles final : public Files {
 public:
  bool full = false;                    // every write fails, after it has written a part
  std::map<std::string, Buffer> files;  // public
  Buffer streams[2];                    // as the system shows them

  Result<std::uint64_t> size(Stream s) override { return of(s).size(); }
  Result<Buffer> read(Stream s, std::uint64_t at, std::size_t bytes) override {
    if (at + bytes > of(s).size()) {
      return fail(Errc::malformed, "ends early");
    }
    const auto from = of(s).begin() + static_cast<std::ptrdiff_t>(at);
    return Buffer(from, from + static_cast<std::ptrdiff_t>(bytes));
  }
  Result<void> cut(Stream s, std::uint64_t bytes) override {
    of(s).resize(static_cast<std::size_t>(bytes));
    synced_[static_cast<int>(s)] = of(s);
    return {};
  }
  void commit(const Group& group, Done done) override {
    jobs_.push_back({&group, nullptr, std::move(done)});
  }
  void publish(const std::vector<PublicFile>& list, Done done) override {
    jobs_.push_back({nullptr, &list, std::move(done)});
  }
  Result<Buffer> read_public(std::string_view path) override {
    const auto found = files.find(std::string(path));
    return found == files.end() ? fail(Errc::not_found, "no such file")
                                : Result<Buffer>(found->second);
  }

  // Does what waits. False: nothing did.
  bool turn() {
    if (jobs_.empty()) {
      return false;
    }
    Job job = std::move(jobs_.front());
    jobs_.erase(jobs_.begin());
    if (full) {
      if (job.group != nullptr) {
        write(Stream::leaves, job.group->leaves_at,
              Bytes(job.group->leaves).first(job.group->leaves.size() / 2));
      }
      job.done(fail(Errc::unavailable, "log: the disk is full"));
      return true;
    }
    if (job.group != nullptr) {
      write_group(*job.group);
      synced_[0] = streams[0];
      synced_[1] = streams[1];
    } else {
      for (const PublicFile& file : *job.list) {
        files[file.path] = file.content;
      }
    }
    job.done({});
    return true;
  }

  // The process dies while a job is in hand, and with it the machine: sectors of what was written
  // and not synced are there or not, as `random` likes. Public files appear up to some place.
  template <class Random>
  void crash(Random& random) {
    if (!jobs_.empty() && random.one_in(2)) {
      if (const Job& job = jobs_.front(); job.group != nullptr) {
        write_group(*job.group);
      } else {
        const std::size_t count = random.below(job.list->size());
        for (std::size_t i = 0; i < count; ++i) {
          files[(*job.list)[i].path] = (*job.list)[i].content;
        }
      }
    }
    jobs_.clear();
    for (int s = 0; s < 2; ++s) {
      Buffer kept = synced_[s];
      for (std::size_t at = kept.size() / 512 * 512; at < streams[s].size(); at += 512) {
        const std::size_t end = std::min(at + 512, streams[s].size());
        if (random.one_in(3)) {
          continue;
        }
        const std::size_t before = kept.size();
        kept.resize(std::max(kept.size(), end));
        for (std::size_t i = std::max(at, std::min(before, end)); i < end; ++i) {
          kept[i] = streams[s][i];
        }
        std::copy(streams[s].begin() + static_cast<std::ptrdiff_t>(at),
                  streams[s].begin() + static_cast<std::ptrdiff_t>(end),
                  kept.begin() + static_cast<std::ptrdiff_t>(at));
      }
      streams[s] = synced_[s] = kept;
    }
  }

 private:
  struct Job {
    const Group* group;
    const std::vector<PublicFile>* list;
    Done done;
  };
  Buffer& of(Stream s) { return streams[static_cast<int>(s)]; }
  void write(Stream s, std::uint64_t at, Bytes bytes) {
    const auto place = static_cast<std::size_t>(at);
    of(s).resize(std::max(of(s).size(), place + bytes.size()));
    std::copy(bytes.begin(), bytes.end(), of(s).begin() + static_cast<std::ptrdiff_t>(place));
  }
  void write_group(const Group& group) {
    write(Stream::leaves, group.leaves_at, group.leaves);
    write(Stream::batches, group.batches_at, group.batches);
  }
  Buffer synced_[2];
  std::vector<Job> jobs_;
};

}  // namespace v100::attest
