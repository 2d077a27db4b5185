#include "crypto/keccak/lanes.h"

#include <algorithm>

#include "base/secret.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

constexpr std::size_t parts_max = sizeof(LaneJob::parts) / sizeof(Bytes);

// The narrowest group for the first `count` lanes.
std::size_t group_for(std::size_t count) noexcept { return count > 4 ? 8 : count > 1 ? 4 : 1; }

std::size_t lowest(unsigned mask) noexcept { return static_cast<std::size_t>(__builtin_ctz(mask)); }

void xor_block(std::uint64_t* words, const std::uint8_t* block, std::size_t count) noexcept {
  for (std::size_t w = 0; w < count; ++w) {
    words[w] ^= load_le<std::uint64_t>(block + 8 * w);
  }
}

void read_words(MutBytes out, const std::uint64_t* words, std::size_t stride) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= out.size(); i += 8) {
    store_le(out.data() + i, words[i / 8 * stride]);
  }
  for (; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(words[i / 8 * stride] >> (8 * (i % 8)));
  }
}

}  // namespace

Lanes::Lanes() noexcept
    : capacity_(kernel().lanes > 1 ? lanes_max : 1),
      native_(static_cast<std::size_t>(kernel().lanes)) {}

Lanes::~Lanes() {
  wipe_object(words_);
  wipe_object(staged_);
}

void Lanes::start(const LaneJob& job) noexcept {
  CHECK(has_free());
  const std::size_t at = first_free();
  lanes_[at].job = job;
  begin(at);
}

void Lanes::begin(std::size_t at) noexcept {
  Lane& lane = lanes_[at];
  lane.part = lane.position = 0;
  lane.to = lane.job.out.data();
  lane.left = lane.job.out.size();
  const unsigned bit = 1u << at;
  busy_ |= bit;
  fresh_ |= bit;
  absorbing_ |= lane.job.resume && lane.job.parts[0].empty() ? 0 : bit;
}

// A group that is wider than needed wastes permutations of a narrow kernel; one that AVX-512 has at
// full width costs no more than a smaller one, so it stays.
void Lanes::choose_width() noexcept {
  const std::size_t count = active();
  const std::size_t wanted = count > 1 && native_ == 8 ? 8 : group_for(count);
  if (busy_ == fresh_) {
    width_ = width_ == wanted && (busy_ >> width_) == 0 ? width_ : 0;
    if (width_ == 0) {
      move_lanes(wanted);
    }
  } else if ((busy_ >> width_) != 0 || (wanted < width_ && native_ < 8)) {
    move_lanes(wanted);
  }
}

// Moves the busy lanes together into a group of `width`.
void Lanes::move_lanes(std::size_t width) noexcept {
  alignas(64) std::uint64_t moved[25 * lanes_max];
  std::fill_n(moved, 25 * width, 0);
  unsigned to = 0, fresh = 0, absorbing = 0;
  for (unsigned left = busy_; left != 0; left &= left - 1, ++to) {
    const std::size_t at = lowest(left);
    fresh |= (fresh_ >> at & 1) << to;
    absorbing |= (absorbing_ >> at & 1) << to;
    if ((fresh_ >> at & 1) == 0) {
      for (std::size_t w = 0; w < 25; ++w) {
        moved[w * width + to] = words_[w * width_ + at];
      }
    }
    if (to != at) {
      lanes_[to] = lanes_[at];
    }
  }
  busy_ = (1u << to) - 1;
  fresh_ = fresh;
  absorbing_ = absorbing;
  std::copy_n(moved, 25 * width, words_);
  wipe({reinterpret_cast<std::uint8_t*>(moved), 200 * width});
  width_ = width;
}

// FIPS 202, Algorithm 8 (SPONGE): the next block of a lane's padded input. Whole blocks inside one
// part are read where they lie.
const std::uint8_t* Lanes::next_block(std::size_t at) noexcept {
  Lane& lane = lanes_[at];
  if (lane.job.padded != nullptr) {
    absorbing_ &= ~(1u << at);
    return lane.job.padded;
  }
  while (lane.part < parts_max && lane.position == lane.job.parts[lane.part].size()) {
    ++lane.part;
    lane.position = 0;
  }
  const std::size_t rate = lane.job.rate;
  if (lane.part < parts_max && lane.job.parts[lane.part].size() - lane.position >= rate) {
    const std::uint8_t* block = lane.job.parts[lane.part].data() + lane.position;
    lane.position += rate;
    if (lane.job.more && lane.position == lane.job.parts[0].size()) {
      absorbing_ &= ~(1u << at);
    }
    return block;
  }
  return stage_block(at);
}

const std::uint8_t* Lanes::stage_block(std::size_t at) noexcept {
  Lane& lane = lanes_[at];
  const std::size_t rate = lane.job.rate;
  std::uint8_t* staged = staged_[at];
  std::size_t have = 0;
  while (lane.part < parts_max && have < rate) {
    const Bytes rest = lane.job.parts[lane.part].subspan(lane.position);
    const std::size_t now = std::min(rest.size(), rate - have);
    if (now != 0) {
      std::memcpy(staged + have, rest.data(), now);
    }
    have += now;
    lane.position += now;
    if (now == rest.size()) {
      ++lane.part;
      lane.position = 0;
    }
  }
  if (have < rate) {
    std::memset(staged + have, 0, rate - have);
    staged[have] = static_cast<std::uint8_t>(lane.job.domain);
    staged[rate - 1] |= 0x80;
    absorbing_ &= ~(1u << at);
  }
  return staged;
}

void Lanes::absorb() noexcept {
  for (unsigned rest = fresh_; rest != 0; rest &= rest - 1) {
    const std::size_t at = lowest(rest);
    if (!lanes_[at].job.resume) {
      continue;
    }
    fresh_ &= ~(1u << at);
    for (std::size_t w = 0; w < 25; ++w) {
      words_[w * width_ + at] = lanes_[at].job.state[w];
    }
  }
  if (absorbing_ == 0) {
    fresh_ = 0;
    return;
  }
  const std::uint8_t* blocks[lanes_max];
  std::uint8_t counts[lanes_max] = {};
  std::fill_n(blocks, lanes_max, staged_[0]);
  const unsigned fresh = fresh_ & absorbing_;
  for (unsigned left = absorbing_; left != 0; left &= left - 1) {
    const std::size_t at = lowest(left);
    counts[at] = static_cast<std::uint8_t>(lanes_[at].job.rate / 8);
    blocks[at] = next_block(at);
  }
  fresh_ = 0;
  if (width_ == 8) {
    kernel().absorb_x8(words_, blocks, counts, fresh);
  } else if (width_ == 4) {
    kernel().absorb_x4(words_, blocks, counts, fresh);
  } else {
    if (fresh != 0) {
      std::fill_n(words_, 25, 0);
    }
    xor_block(words_, blocks[0], counts[0]);
  }
}

void Lanes::step() noexcept {
  CHECK(busy_ != 0 && finished_ == 0);
  choose_width();
  absorb();
  if (width_ == 8) {
    kernel().permute_x8(words_);
  } else if (width_ == 4) {
    kernel().permute_x4(words_);
  } else {
    kernel().permute_x1(words_);
  }
  squeeze();
}

void Lanes::step_alone() noexcept {
  step();
  if (width_ != 1) {
    return;
  }
  while (absorbing_ != 0) {
    const std::size_t words = lanes_[0].job.rate / 8;
    xor_block(words_, next_block(0), words);
    kernel().permute_x1(words_);
    squeeze();
  }
}

// Whole words of several lanes are read by one transposition, as many in every lane: where that is
// too much for an output's end, they go through staged_. The loops go over all lanes, whatever is
// in them: which ones read changes from step to step, so that a branch on it would be mispredicted.
void Lanes::squeeze() noexcept {
  const unsigned readers = busy_ & ~absorbing_;
  if (width_ == 1 || __builtin_popcount(readers) <= 2) {
    for (unsigned rest = readers; rest != 0; rest &= rest - 1) {
      const std::size_t at = lowest(rest);
      const std::size_t bytes = lanes_[at].block();
      read_words(MutBytes(lanes_[at].to, bytes), words_ + at, width_);
      end_block(at, bytes);
    }
    return;
  }
  std::size_t bytes[lanes_max];
  std::size_t most = 0;
  for (std::size_t at = 0; at < lanes_max; ++at) {
    bytes[at] = lanes_[at].block() & (std::size_t{0} - (readers >> at & 1));
    most = std::max(most, bytes[at]);
  }
  most /= 8;
  std::uint8_t* to[lanes_max];
  unsigned by_hand = 0, ended = 0;
  for (std::size_t at = 0; at < lanes_max; ++at) {
    Lane& lane = lanes_[at];
    const unsigned reads = readers >> at & 1;
    const unsigned fits = reads & static_cast<unsigned>(lane.left >= 8 * most);
    to[at] = fits != 0 ? lane.to : staged_[at];
    by_hand |= (((fits ^ 1) & static_cast<unsigned>(bytes[at] != 0)) |
                static_cast<unsigned>(bytes[at] % 8 != 0))
               << at;
    lane.to += bytes[at];
    lane.left -= bytes[at];
    ended |= (reads & static_cast<unsigned>(lane.left == 0)) << at;
  }
  (width_ == 8 ? kernel().read_x8 : kernel().read_x4)(to, words_, static_cast<int>(most));
  for (; by_hand != 0; by_hand &= by_hand - 1) {
    const std::size_t at = lowest(by_hand);
    std::uint8_t* out = lanes_[at].to - bytes[at];
    const std::size_t whole = bytes[at] / 8 * 8;
    if (to[at] != out && whole != 0) {
      std::memcpy(out, to[at], whole);
    }
    read_words(MutBytes(out + whole, bytes[at] - whole), words_ + whole / 8 * width_ + at, width_);
  }
  for (; ended != 0; ended &= ended - 1) {
    end_block(lowest(ended), 0);
  }
}

// After `bytes` more of a lane's output are written.
void Lanes::end_block(std::size_t at, std::size_t bytes) noexcept {
  Lane& lane = lanes_[at];
  lane.to += bytes;
  lane.left -= bytes;
  if (lane.left != 0) {
    return;
  }
  if (lane.job.state != nullptr) {
    for (std::size_t w = 0; w < 25; ++w) {
      lane.job.state[w] = words_[w * width_ + at];
    }
  }
  finished_ |= 1u << at;
}

}  // namespace v100::keccak
