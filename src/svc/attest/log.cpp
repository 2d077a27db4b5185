#include "svc/attest/log.h"

#include <algorithm>

#include "base/ct.h"
#include "svc/attest/calendar.h"

namespace v100::attest {

using merkle::Hash;
using merkle::leaf_bytes;
using merkle::LeafContent;
using merkle::Sha256;
using merkle::Sha3;
using merkle::TileId;

namespace {

constexpr std::size_t group_bytes_max = 16 * 1024 * 1024;  // bounds what one fsync delays
constexpr std::size_t cosignatures_max = 512;              // 1.3 MB of kept signatures
constexpr std::size_t fresh_max = 16384;  // tiles that wait for the disk: 128 MiB, then no more

Buffer bytes_of(std::span<const Hash> hashes) {
  Buffer out(hashes.size_bytes());
  if (!hashes.empty()) {
    std::memcpy(out.data(), hashes.data(), out.size());
  }
  return out;
}

Buffer bundle_of(std::span<const Hash> entries) {
  Buffer out;
  out.reserve(entries.size() * (2 + sizeof(Hash)));
  for (const Hash& entry : entries) {
    merkle::append_entry(out, entry);
  }
  return out;
}

}  // namespace

Log::Log(LogOptions options, const LogKeys& keys, Env env, Files& files, merkle::Intake& intake)
    : options_(options), keys_(keys), env_(env), files_(files), intake_(intake) {}

// The wall clock may jump back; a log's time does not.
std::uint64_t Log::wall_ms() {
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(env_.clock.wall().value(), 0));
  if (now < last_.claim.time_ms) {
    env_.meter.count("v100_attest_clock_back_total", "", 1);
  }
  return std::max(now, last_.claim.time_ms);
}

// Grows trees and bundles; what has become full goes to fresh_.
void Log::add_leaves(std::span<const Hash> entries) {
  for (const Hash& entry : entries) {
    if (tree_.size() % options_.batch_leaves == 0) {
      batch_.clear();
    }
    batch_.push_back(entry);
    bundle_.push_back(entry);
    tree_.add(Sha256::leaf(entry));
    if (bundle_.size() == merkle::tile_width) {
      const std::uint64_t index = tree_.size() / merkle::tile_width - 1;
      fresh_[merkle::tile_path({TileId::entries, index, merkle::tile_width})] = bundle_of(bundle_);
      bundle_.clear();
    }
  }
  for (const merkle::GrowingTree::FullTile& full : tree_.take_full()) {
    fresh_[merkle::tile_path(full.id)] = bytes_of(full.hashes);
  }
}

// The intake's next `count` leaves become a batch, or go on with one that was begun.
void Log::seal(std::size_t count, Instant now) {
  const std::span<const LeafContent> contents = intake_.contents(count);
  const std::span<const Hash> entries = intake_.entries(count);
  add_leaves(entries);
  BatchRecord record;
  record.claim = {wall_ms(), tree_.size() - batch_.size(), merkle::root<Sha3>(batch_)};
  record.end = tree_.size();
  record.durable = intake_.committed_size();
  record.root = tree_.root();
  const Buffer message =
      merkle::batch_message(keys_.name(), record.claim, record.checkpoint(keys_.name()));
  const Result<Buffer> signature = keys_.sign_batch(message, env_.random);
  // Two spoiled signatures: this machine computes wrongly, and must not go on.
  CHECK(signature.has_value());
  copy(record.signature, *signature);
  for (const LeafContent& content : contents) {
    append(next_.leaves, content);
  }
  append_record(next_.batches, record);
  last_ = record;
  ++records_;
  intake_.seal(count);
  oldest_ = now;
  has_oldest_ = intake_.unsealed() > 0;
}

void Log::work(Instant now) {
  const auto room = [this] { return next_.leaves.size() + next_.batches.size() < group_bytes_max; };
  if (!has_oldest_ && intake_.unsealed() > 0) {
    has_oldest_ = true;
    oldest_ = now;
  }
  while (!failing_ && room() && intake_.unsealed() > 0) {
    const std::size_t missing =
        options_.batch_leaves - static_cast<std::size_t>(tree_.size() % options_.batch_leaves);
    if (intake_.unsealed() < missing && now - oldest_ < options_.batch_wait) {
      break;
    }
    seal(std::min(missing, intake_.unsealed()), now);
  }
  submit(now);
  const bool idle = !committing_ && next_.batches.empty() && snapshot_.empty();
  if (idle && committed_size() > published_ && now >= publish_at_) {
    take_snapshot(now);
    start_publishing();
  } else if (!snapshot_.empty() && !publishing_ && snapshot_size_ <= committed_size() &&
             now >= publish_at_) {
    start_publishing();  // again, after a failure
  }
}

bool Log::flush(Instant now) {
  while (!failing_ && intake_.unsealed() > 0) {
    const std::size_t missing =
        options_.batch_leaves - static_cast<std::size_t>(tree_.size() % options_.batch_leaves);
    seal(std::min(missing, intake_.unsealed()), now);
  }
  publish_at_ = std::min(publish_at_, now);
  work(now);
  return intake_.unsealed() == 0 && !committing_ && next_.batches.empty() &&
         published_ == tree_.size();
}

void Log::submit(Instant now) {
  if (committing_ || (failing_ && now < retry_at_)) {
    return;
  }
  if (group_.batches.empty()) {
    if (next_.batches.empty()) {
      return;
    }
    group_ = std::exchange(next_, {});
    group_.leaves_at = committed_size() * leaf_bytes;
    group_.batches_at = records_ * BatchRecord::size - group_.batches.size();
    group_end_ = tree_.size();
    group_last_ = last_;
    // The tree stands just where this group ends: the moment to see what will be published.
    if (snapshot_.empty() && now >= publish_at_) {
      take_snapshot(now);
    }
  }
  committing_ = true;
  files_.commit(group_, [this](Result<void> result) { on_committed(result); });
}

void Log::note_failure(const char* what, Error error) {
  env_.meter.count("v100_attest_write_failures_total", "", 1);
  if (!failing_) {
    env_.log.write(Level::error, "attest.write_failed", {{"what", what}, {"why", error.what}});
  }
}

void Log::on_committed(Result<void> result) {
  committing_ = false;
  const Instant now = env_.clock.now();
  if (!result) {
    note_failure("commit", result.error());
    failing_ = true;
    retry_at_ = now + options_.retry_after;
    intake_.shut();
    return;
  }
  group_ = {};
  if (failing_) {
    failing_ = false;
    env_.log.write(Level::info, "attest.writes_again", {});
  }
  intake_.committed(group_end_);
  if (!intake_.is_open() && fresh_.size() < fresh_max) {
    intake_.open(group_end_);
  }
  env_.meter.gauge("v100_attest_leaves", "", static_cast<std::int64_t>(group_end_));
  if (!snapshot_.empty() && !publishing_ && snapshot_size_ <= group_end_) {
    start_publishing();
  }
  submit(now);
}

// The right edge: partial tiles at every level, and the partial bundle.
std::vector<PublicFile> Log::edge_files() const {
  std::vector<PublicFile> out;
  for (unsigned level = 0; level < merkle::tile_levels; ++level) {
    if (const std::span<const Hash> edge = tree_.edge(level); !edge.empty()) {
      out.push_back({merkle::tile_path(tree_.edge_id(level)), bytes_of(edge)});
    }
  }
  if (!bundle_.empty()) {
    const TileId id{TileId::entries, tree_.size() / merkle::tile_width,
                    static_cast<std::uint32_t>(bundle_.size())};
    out.push_back({merkle::tile_path(id), bundle_of(bundle_)});
  }
  return out;
}

void Log::take_snapshot(Instant now) {
  const Result<std::string> note = note_of(last_);
  if (!note) {
    return;
  }
  snapshot_ = edge_files();
  for (const auto& [path, content] : fresh_) {
    snapshot_.push_back({path, content});
  }
  const std::uint64_t day = last_.claim.time_ms / ms_per_day;
  if (day != daily_day_) {
    if (Result<PublicFile> daily = daily_of(last_, day)) {
      snapshot_.push_back(std::move(*daily));
    }
  }
  snapshot_.push_back({"checkpoint", to_buffer(as_bytes(*note))});
  snapshot_size_ = tree_.size();
  snapshot_day_ = day;
  publish_at_ = now + options_.publish_every;
}

void Log::start_publishing() {
  publishing_ = true;
  files_.publish(snapshot_, [this](Result<void> result) { on_published(result); });
}

void Log::on_published(Result<void> result) {
  publishing_ = false;
  if (!result) {
    note_failure("publish", result.error());
    publish_at_ = env_.clock.now() + options_.retry_after;
    if (fresh_.size() >= fresh_max) {
      intake_.shut();
    }
    return;
  }
  for (const PublicFile& file : snapshot_) {
    fresh_.erase(file.path);
  }
  snapshot_.clear();
  published_ = snapshot_size_;
  daily_day_ = snapshot_day_;
  if (!intake_.is_open() && !failing_) {
    intake_.open(committed_size());
  }
  env_.meter.gauge("v100_attest_published_leaves", "", static_cast<std::int64_t>(published_));
}

// The checkpoint where a batch ends, with the batch's line and the log's cosignature.
Result<std::string> Log::note_of(const BatchRecord& record) {
  const merkle::Checkpoint checkpoint = record.checkpoint(keys_.name());
  const std::uint64_t seconds = record.claim.time_ms / 1000;
  auto kept = cosignatures_.find(record.end);
  if (kept == cosignatures_.end()) {
    const Buffer message = merkle::cosigned_message(
        {keys_.name(), seconds, checkpoint.origin, {0, checkpoint.size}, checkpoint.root});
    Buffer signature = TRY(keys_.cosign(message, env_.random));
    if (cosignatures_.size() >= cosignatures_max) {
      cosignatures_.erase(cosignatures_.begin());
    }
    kept = cosignatures_.emplace(record.end, std::move(signature)).first;
  }
  merkle::Note note{merkle::checkpoint_text(checkpoint), {}};
  note.signatures.push_back(merkle::batch_line(keys_.batch_key(), record.claim, record.signature));
  note.signatures.push_back(merkle::cosignature_line(keys_.cosigner_key(), seconds, kept->second));
  return merkle::write_note(note);
}

Result<PublicFile> Log::daily_of(const BatchRecord& record, std::uint64_t day) {
  merkle::Note note = TRY(merkle::parse_note(TRY(note_of(record))));
  const merkle::Checkpoint checkpoint = record.checkpoint(keys_.name());
  const std::uint64_t time = record.claim.time_ms;
  const Buffer signature =
      TRY(keys_.sign_daily(merkle::daily_message(keys_.name(), time, checkpoint), env_.random));
  note.signatures.push_back(merkle::daily_line(keys_.daily_key(), time, signature));
  return PublicFile{"daily/" + date_of(day), to_buffer(as_bytes(merkle::write_note(note)))};
}

// A tile of any size that the log has had: from the right edge, from what waits, from the disk.
Result<Buffer> Log::tile(const TileId& id) {
  if (id.level < merkle::tile_levels) {
    const TileId edge = tree_.edge_id(id.level);
    if (edge.index == id.index && edge.width >= id.width && !tree_.edge(id.level).empty()) {
      return bytes_of(tree_.edge(id.level).first(id.width));
    }
  }
  const std::string full = merkle::tile_path({id.level, id.index, merkle::tile_width});
  if (const auto found = fresh_.find(full); found != fresh_.end()) {
    return found->second;
  }
  const Result<Buffer> whole = files_.read_public(full);
  return whole || id.full() ? whole : files_.read_public(merkle::tile_path(id));
}

Result<Buffer> Log::public_file(std::string_view path) {
  if (path == "keys") {
    return to_buffer(as_bytes(keys_.text()));
  }
  const bool known = path == "checkpoint" || merkle::parse_tile_path(path).has_value() ||
                     (path.starts_with("daily/") && is_date(path.substr(6)));
  return known ? files_.read_public(path) : fail(Errc::not_found, "attest: no such file");
}

bool Log::opens(const merkle::Reference& reference) {
  merkle::LeafContent content;
  if (reference.shard != intake_.shard() || reference.sequence >= intake_.next()) {
    return false;
  }
  if (reference.sequence >= committed_size()) {
    content = intake_.pending(reference.sequence);
  } else {
    const Result<Buffer> kept =
        files_.read(Stream::leaves, reference.sequence * leaf_bytes, leaf_bytes);
    if (!kept) {
      return false;
    }
    copy(content, *kept);
  }
  const Result<merkle::SaltedLeaf> leaf = merkle::decode_leaf(content);
  return leaf && ct::declassify(ct::equal(leaf->salt, reference.salt),
                                "whether a receipt is given is seen by who asks");
}

Result<std::string> Log::receipt(const merkle::Reference& reference) {
  constexpr Error absent{Errc::not_found, "attest: no such leaf"};
  if (reference.sequence >= committed_size() || !opens(reference)) {
    return std::unexpected(absent);
  }
  const std::uint64_t records = TRY(files_.size(Stream::batches)) / BatchRecord::size;
  const BatchRecord record =
      TRY(read_record(TRY(record_after(reference.sequence, std::min(records, records_)))));
  const std::uint64_t start = record.claim.start;
  const Buffer leaves = TRY(files_.read(Stream::leaves, start * leaf_bytes,
                                        static_cast<std::size_t>(record.end - start) * leaf_bytes));
  std::vector<LeafContent> contents(static_cast<std::size_t>(record.end - start));
  std::memcpy(contents.data(), leaves.data(), leaves.size());
  std::vector<Hash> entries(contents.size());
  merkle::entries_of(entries, contents);
  merkle::TlogProof proof;
  proof.index = reference.sequence;
  proof.hashes = TRY(merkle::TileTree(record.end, source()).inclusion(reference.sequence));
  proof.extra =
      merkle::encode_extra({contents[static_cast<std::size_t>(reference.sequence - start)],
                            merkle::prove_inclusion<Sha3>(entries, reference.sequence - start)});
  proof.checkpoint = TRY(note_of(record));
  return merkle::write_tlog_proof(proof);
}

}  // namespace v100::attest
