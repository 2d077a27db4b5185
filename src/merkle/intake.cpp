#include "merkle/intake.h"

#include <algorithm>
#include <array>

#include "base/secret.h"
#include "crypto/keccak/keccak.h"

namespace v100::merkle {

Intake::Intake(std::uint16_t shard, std::size_t capacity, Random& random)
    : shard_(shard), capacity_(capacity), random_(random), salts_(salts_max) {
  CHECK(capacity > 0);
}

Intake::~Intake() { give_up({Errc::unavailable, "attest: closed"}); }

// Salts come from SHAKE256 over fresh randomness, eight lanes at a time: a system call for each
// would cost more than the leaf. Each seed is used once.
void Intake::make_salts() noexcept {
  constexpr std::size_t lanes = keccak::ShakeBatch::lanes_max;
  constexpr std::size_t lane_bytes = salts_max * salt_bytes / lanes;
  static_assert(lane_bytes * lanes == salts_max * salt_bytes);
  std::array<ByteArray<33>, lanes> seeds;
  ByteArray<32> seed;
  random_.fill(seed);
  std::array<Bytes, lanes> in;
  std::array<MutBytes, lanes> out;
  auto* bytes = reinterpret_cast<std::uint8_t*>(salts_.data());
  for (std::size_t i = 0; i < lanes; ++i) {
    std::memcpy(seeds[i].data(), seed.data(), seed.size());
    seeds[i][32] = static_cast<std::uint8_t>(i);
    in[i] = seeds[i];
    out[i] = MutBytes(bytes + i * lane_bytes, lane_bytes);
  }
  keccak::ShakeBatch shake(keccak::rate_256, lanes);
  shake.absorb(in);
  shake.squeeze(out);
  wipe(seed);
  wipe_object(seeds);
  salts_left_ = salts_max;
}

const Salt& Intake::next_salt() noexcept {
  if (salts_left_ == 0) {
    make_salts();
  }
  return salts_[--salts_left_];
}

Result<Reference> Intake::append(const Leaf& leaf) {
  if (!open_) {
    return fail(Errc::unavailable, "attest: the log is not open");
  }
  if (count_ >= capacity_) {
    return fail(Errc::busy, "attest: too many leaves wait for the disk");
  }
  Reference out;
  out.shard = shard_;
  out.sequence = next();
  out.salt = next_salt();
  encode_leaf(contents_.emplace_back(), leaf, out.salt);
  out.entry = entry_of(contents_.back());
  entries_.push_back(out.entry);
  ++count_;
  return out;
}

Result<void> Intake::append(std::span<const Leaf> leaves, std::span<Reference> outs) {
  CHECK(leaves.size() == outs.size());
  if (!open_) {
    return fail(Errc::unavailable, "attest: the log is not open");
  }
  if (leaves.size() > capacity_ - count_) {
    return fail(Errc::busy, "attest: too many leaves wait for the disk");
  }
  const std::size_t at = contents_.size();
  contents_.resize(at + leaves.size());
  entries_.resize(at + leaves.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    outs[i].shard = shard_;
    outs[i].sequence = next() + i;
    outs[i].salt = next_salt();
    encode_leaf(contents_[at + i], leaves[i], outs[i].salt);
  }
  entries_of(std::span(entries_).subspan(at), std::span<const LeafContent>(contents_).subspan(at));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    outs[i].entry = entries_[at + i];
  }
  count_ += leaves.size();
  return {};
}

void Intake::when_committed(std::uint64_t sequence, Committed done) {
  CHECK(sequence < next());
  if (sequence < committed_) {
    done({});
    return;
  }
  auto at = waiters_.end();
  while (at != waiters_.begin() && std::prev(at)->sequence > sequence) {
    --at;
  }
  waiters_.insert(at, Waiter{sequence, std::move(done)});
}

void Intake::open(std::uint64_t size) {
  if (count_ == 0) {
    first_ = sealed_ = committed_ = size;
  }
  CHECK(committed_ == size);
  open_ = true;
}

std::span<const LeafContent> Intake::contents(std::size_t count) noexcept {
  CHECK(count <= unsealed());
  const auto at = head_ + static_cast<std::size_t>(sealed_ - first_);
  return std::span<const LeafContent>(contents_).subspan(at, count);
}

std::span<const Hash> Intake::entries(std::size_t count) noexcept {
  CHECK(count <= unsealed());
  const auto at = head_ + static_cast<std::size_t>(sealed_ - first_);
  return std::span<const Hash>(entries_).subspan(at, count);
}

const LeafContent& Intake::pending(std::uint64_t sequence) const noexcept {
  CHECK(sequence >= first_ && sequence < next());
  return contents_[head_ + static_cast<std::size_t>(sequence - first_)];
}

void Intake::seal(std::size_t count) noexcept {
  CHECK(count <= unsealed());
  sealed_ += count;
}

void Intake::committed(std::uint64_t size) {
  CHECK(size >= committed_ && size <= sealed_);
  const auto done = static_cast<std::size_t>(size - first_);
  committed_ = first_ = size;
  head_ += done;
  count_ -= done;
  compact();
  // A waiter may append and wait anew; those it adds are not durable yet.
  while (!waiters_.empty() && waiters_.front().sequence < committed_) {
    Committed next_done = std::move(waiters_.front().done);
    waiters_.pop_front();
    next_done({});
  }
}

void Intake::compact() {
  if (count_ == 0) {
    contents_.clear();
    entries_.clear();
    head_ = 0;
  } else if (head_ > count_) {
    contents_.erase(contents_.begin(), contents_.begin() + static_cast<std::ptrdiff_t>(head_));
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void Intake::give_up(Error error) {
  open_ = false;
  std::deque<Waiter> waiters;
  waiters.swap(waiters_);
  for (Waiter& waiter : waiters) {
    waiter.done(std::unexpected(error));
  }
}

}  // namespace v100::merkle
