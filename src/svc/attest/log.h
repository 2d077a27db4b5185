// One shard's log: takes leaves from the intake, seals batches (trees, signature), commits them in
// groups, publishes tiles and checkpoints, and proves. Pure: its disk is Files, its time and
// randomness Env's. docs/spec/attestation.md §6 says what survives what.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "merkle/intake.h"
#include "merkle/receipt.h"
#include "merkle/tiles.h"
#include "svc/attest/batch_record.h"
#include "svc/attest/files.h"
#include "svc/attest/log_keys.h"
#include "svc/service.h"

namespace v100::attest {

struct LogOptions {
  std::size_t batch_leaves = 32;  // a power of two
  Duration batch_wait = Duration::milliseconds(10);
  Duration publish_every = Duration::seconds(1);
  Duration retry_after = Duration::milliseconds(200);  // after a failed write
};

class Log {
 public:
  // Recovers what is durable and opens the intake. Errors: malformed with a sentence when the log
  // on disk is not one that this program wrote or has lost what was acknowledged; unavailable.
  static Result<std::unique_ptr<Log>> open(LogOptions options, const LogKeys& keys, Env env,
                                           Files& files, merkle::Intake& intake);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Seals what fills a batch, or what has waited long enough; starts writes that are due.
  void work(Instant now);
  // Seals all that is there. True: everything is durable and published.
  bool flush(Instant now);

  std::uint64_t committed_size() const noexcept { return intake_.committed_size(); }
  std::uint64_t published_size() const noexcept { return published_; }
  bool failing() const noexcept { return failing_; }
  const std::string& origin() const noexcept { return keys_.name(); }

  // docs/spec/attestation.md §5, once the leaf is durable. not_found: it is not, or the salt is
  // another's: who has not got the leaf learns nothing of it.
  Result<std::string> receipt(const merkle::Reference& reference);
  // The salt that was given belongs to this leaf, durable or not.
  bool opens(const merkle::Reference& reference);
  // A published file, or a tile that will be. not_found.
  Result<Buffer> public_file(std::string_view path);

 private:
  Log(LogOptions options, const LogKeys& keys, Env env, Files& files, merkle::Intake& intake);

  // recovery.cpp
  Result<void> recover();
  Result<std::uint64_t> read_published();
  Result<std::uint64_t> record_after(std::uint64_t sequence, std::uint64_t records);
  Result<BatchRecord> read_record(std::uint64_t number);
  Result<void> replay(std::uint64_t first_record, std::uint64_t records);
  Result<void> replay_one(const BatchRecord& record);
  Result<void> refuse_damage(std::uint64_t from, std::uint64_t records);
  Result<void> load_edge(std::uint64_t from, std::uint64_t size);

  void add_leaves(std::span<const merkle::Hash> entries);
  void seal(std::size_t count, Instant now);
  void submit(Instant now);
  void on_committed(Result<void> result);
  void take_snapshot(Instant now);
  void start_publishing();
  void on_published(Result<void> result);
  void note_failure(const char* what, Error error);
  std::uint64_t wall_ms();
  Result<std::string> note_of(const BatchRecord& record);
  Result<PublicFile> daily_of(const BatchRecord& record, std::uint64_t day);
  Result<Buffer> tile(const merkle::TileId& id);
  std::vector<PublicFile> edge_files() const;
  merkle::TileSource source() {
    return [this](const merkle::TileId& id) { return tile(id); };
  }

  const LogOptions options_;
  const LogKeys& keys_;
  Env env_;
  Files& files_;
  merkle::Intake& intake_;

  merkle::GrowingTree tree_;          // of all sealed leaves
  std::vector<merkle::Hash> bundle_;  // entries of the last, partial bundle
  std::vector<merkle::Hash> batch_;   // entries of the batch that is being filled: since its start
  BatchRecord last_;                  // the newest sealed; end 0: none yet
  std::uint64_t records_ = 0;         // batch records sealed, durable or not

  Group next_;   // sealed, waits for its turn
  Group group_;  // on its way to the disk
  std::uint64_t group_end_ = 0;
  BatchRecord group_last_;
  bool committing_ = false, failing_ = false;
  Instant retry_at_;
  Instant oldest_;  // when the oldest unsealed leaf was first seen
  bool has_oldest_ = false;

  // Full tiles and bundles that are not on the disk yet, by path.
  std::map<std::string, Buffer, std::less<>> fresh_;
  std::vector<PublicFile> snapshot_;  // for the group that is on its way, or being published
  std::uint64_t snapshot_size_ = 0;
  std::uint64_t snapshot_day_ = 0;
  bool publishing_ = false;
  std::uint64_t published_ = 0;
  std::uint64_t daily_day_ = 0;  // of the newest daily root, in days since 1970
  Instant publish_at_;
  std::map<std::uint64_t, Buffer> cosignatures_;  // by size: made when first asked for
};

}  // namespace v100::attest
