// How a log comes back: from its newest published checkpoint, then batch by batch over what was
// committed since. The first record that does not hold ends the log, if nothing after it was ever
// acknowledged; else the disk has lost something, and the log stays shut.
#include <algorithm>
#include <bit>

#include "svc/attest/calendar.h"
#include "svc/attest/log.h"

namespace v100::attest {

using merkle::Hash;
using merkle::leaf_bytes;
using merkle::LeafContent;

std::string date_of(std::uint64_t day) {
  // Years begin in March here, so that the leap day is a year's last.
  const std::uint64_t shifted = day + 719468;  // days from 0000-03-01
  const std::uint64_t era = shifted / 146097, of_era = shifted % 146097;
  const std::uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::uint64_t month = (5 * of_year + 2) / 153;
  const std::uint64_t date = of_year - (153 * month + 2) / 5 + 1;
  const auto two = [](std::uint64_t n) {
    return std::string(1, static_cast<char>('0' + n / 10)) + static_cast<char>('0' + n % 10);
  };
  const std::uint64_t shown = year + era * 400 + (month >= 10 ? 1 : 0);
  return std::to_string(shown) + "-" + two(month < 10 ? month + 3 : month - 9) + "-" + two(date);
}

bool is_date(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') {
      return false;
    }
  }
  return text.size() == 10;
}

namespace {

constexpr Error lost{Errc::malformed,
                     "attest: the log on disk lacks leaves that were acknowledged"};
constexpr Error torn{Errc::malformed, "attest: a batch that does not hold"};

}  // namespace

Result<std::unique_ptr<Log>> Log::open(LogOptions options, const LogKeys& keys, Env env,
                                       Files& files, merkle::Intake& intake) {
  CHECK(std::has_single_bit(options.batch_leaves) && options.batch_leaves <= 65536);
  std::unique_ptr<Log> log(new Log(options, keys, env, files, intake));
  TRY(log->recover());
  return log;
}

Result<BatchRecord> Log::read_record(std::uint64_t number) {
  const Buffer bytes =
      TRY(files_.read(Stream::batches, number * BatchRecord::size, BatchRecord::size));
  return parse_record(FixedBytes<BatchRecord::size>(bytes.data(), BatchRecord::size));
}

// The number of the first record that ends after `sequence`. Records that do not hold count as
// ending after it: only the tail that was never acknowledged has such.
Result<std::uint64_t> Log::record_after(std::uint64_t sequence, std::uint64_t records) {
  std::uint64_t low = 0, high = records;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const Result<BatchRecord> record = read_record(middle);
    if (!record && record.error().code != Errc::malformed) {
      return std::unexpected(record.error());
    }
    if (!record || record->end > sequence) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// The size of the newest published checkpoint; 0: none.
Result<std::uint64_t> Log::read_published() {
  const Result<Buffer> note = files_.read_public("checkpoint");
  if (!note) {
    return note.error().code == Errc::not_found ? Result<std::uint64_t>(0)
                                                : std::unexpected(note.error());
  }
  const Result<merkle::OpenedCheckpoint> opened =
      merkle::open_checkpoint(as_text(*note), keys_.vkeys());
  if (!opened || opened->checkpoint.origin != keys_.name()) {
    return fail(Errc::malformed, "attest: the checkpoint on disk is not signed by this log's keys");
  }
  const std::uint64_t size = opened->checkpoint.size;
  tree_ = TRY(merkle::GrowingTree::restore(size, [this](const merkle::TileId& id) {
    const Result<Buffer> partial = files_.read_public(merkle::tile_path(id));
    return partial
               ? partial
               : files_.read_public(merkle::tile_path({id.level, id.index, merkle::tile_width}));
  }));
  if (tree_.root() != opened->checkpoint.root) {
    return fail(Errc::malformed, "attest: the tiles on disk do not lead to the signed root");
  }
  return size;
}

// The entries of the partial bundle and batch at `size`.
Result<void> Log::load_edge(std::uint64_t from, std::uint64_t size) {
  const auto count = static_cast<std::size_t>(size - from);
  const Buffer leaves = TRY(files_.read(Stream::leaves, from * leaf_bytes, count * leaf_bytes));
  std::vector<LeafContent> contents(count);
  if (count > 0) {
    std::memcpy(contents.data(), leaves.data(), leaves.size());
  }
  std::vector<Hash> entries(count);
  merkle::entries_of(entries, contents);
  const std::uint64_t bundle_from = size / merkle::tile_width * merkle::tile_width;
  const std::uint64_t batch_from = size / options_.batch_leaves * options_.batch_leaves;
  bundle_.assign(entries.begin() + static_cast<std::ptrdiff_t>(bundle_from - from), entries.end());
  batch_.assign(entries.begin() + static_cast<std::ptrdiff_t>(batch_from - from), entries.end());
  return {};
}

Result<void> Log::replay_one(const BatchRecord& record) {
  const std::uint64_t from = tree_.size();
  if (record.claim.start != from / options_.batch_leaves * options_.batch_leaves ||
      record.end <= from || record.end - record.claim.start > options_.batch_leaves) {
    return std::unexpected(torn);
  }
  const auto count = static_cast<std::size_t>(record.end - from);
  const Buffer leaves = TRY(files_.read(Stream::leaves, from * leaf_bytes, count * leaf_bytes));
  std::vector<LeafContent> contents(count);
  std::memcpy(contents.data(), leaves.data(), leaves.size());
  std::vector<Hash> entries(count);
  merkle::entries_of(entries, contents);
  std::vector<Hash> batch;
  if (record.claim.start < from) {
    batch = batch_;
  }
  batch.insert(batch.end(), entries.begin(), entries.end());
  if (merkle::root<merkle::Sha3>(batch) != record.claim.sha3_root) {
    return std::unexpected(torn);
  }
  TRY(keys_.verify_batch(
      merkle::batch_message(keys_.name(), record.claim, record.checkpoint(keys_.name())),
      record.signature));
  add_leaves(entries);
  if (tree_.root() != record.root) {
    // Signed, whole, and yet not this tree's: no crash does that.
    return fail(Errc::unavailable, "attest: a signed batch contradicts the tree");
  }
  return {};
}

// Records from `from` on were not taken. None of them may say that leaves beyond the tree were
// durable already.
Result<void> Log::refuse_damage(std::uint64_t from, std::uint64_t records) {
  for (std::uint64_t i = from; i < records; ++i) {
    const Result<BatchRecord> record = read_record(i);
    if (record && record->durable > tree_.size()) {
      return std::unexpected(lost);
    }
  }
  return {};
}

Result<void> Log::replay(std::uint64_t first_record, std::uint64_t records) {
  std::uint64_t at = first_record;
  for (; at < records; ++at) {
    const Result<BatchRecord> record = read_record(at);
    const Result<void> held = record ? replay_one(*record) : std::unexpected(record.error());
    if (!held) {
      if (held.error().code == Errc::unavailable) {
        return held;
      }
      break;
    }
    last_ = *record;
  }
  TRY(refuse_damage(at, records));
  records_ = at;
  return {};
}

Result<void> Log::recover() {
  const std::uint64_t size = TRY(read_published());
  const std::uint64_t records = TRY(files_.size(Stream::batches)) / BatchRecord::size;
  std::uint64_t first = 0;
  if (size > 0) {
    first = TRY(record_after(size - 1, records));
    const Result<BatchRecord> record = first < records ? read_record(first) : std::unexpected(lost);
    if (!record || record->end != size || TRY(files_.size(Stream::leaves)) < size * leaf_bytes) {
      return std::unexpected(lost);
    }
    last_ = *record;
    ++first;
    const std::uint64_t width = std::max<std::uint64_t>(merkle::tile_width, options_.batch_leaves);
    TRY(load_edge(size / width * width, size));
  }
  published_ = size;
  TRY(replay(first, records));
  const std::uint64_t recovered = tree_.size();
  const std::uint64_t leaves = TRY(files_.size(Stream::leaves));
  const std::uint64_t batches = TRY(files_.size(Stream::batches));
  if (leaves != recovered * leaf_bytes || batches != records_ * BatchRecord::size) {
    env_.meter.count("v100_attest_torn_tails_total", "", 1);
    env_.log.write(Level::warning, "attest.torn_tail_cut",
                   {{"leaves", recovered}, {"records", records_}});
  }
  // Also when nothing is cut: what a killed process left to the system may not be on the disk yet,
  // and from here on it counts as durable.
  TRY(files_.cut(Stream::batches, records_ * BatchRecord::size));
  TRY(files_.cut(Stream::leaves, recovered * leaf_bytes));
  const std::uint64_t today = last_.claim.time_ms / ms_per_day;
  daily_day_ = files_.read_public("daily/" + date_of(today)) ? today : 0;
  intake_.open(recovered);
  return {};
}

}  // namespace v100::attest
