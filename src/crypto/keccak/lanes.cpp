#include "crypto/keccak/lanes.h"

#include <algorithm>

#include "base/secret.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

// The narrowest group for the first `count` lanes.
std::size_t group_for(std::size_t count) noexcept { return count > 4 ? 8 : count > 1 ? 4 : 1; }

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

std::size_t smaller(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }

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
  std::size_t at = 0;
  while (lanes_[at].phase != Phase::idle) {
    ++at;
  }
  Lane& lane = lanes_[at];
  lane.phase = job.resume ? Phase::squeezing : Phase::absorbing;
  lane.fresh = true;
  lane.part = 0;
  lane.position = 0;
  lane.given = 0;
  lane.job = job;
  ++active_;
}

// A group that is wider than needed wastes permutations of a narrow kernel; one that AVX-512 has at
// full width costs no more than a smaller one, so it stays.
void Lanes::choose_width() noexcept {
  std::size_t end = 0;
  bool any_state = false;
  for (std::size_t at = 0; at < lanes_max; ++at) {
    if (lanes_[at].phase != Phase::idle) {
      end = at + 1;
      any_state = any_state || !lanes_[at].fresh;
    }
  }
  const std::size_t wanted = active_ > 1 && native_ == 8 ? 8 : group_for(active_);
  if (!any_state) {
    width_ = 0;
    move_lanes(wanted);
  } else if (end > width_ || (wanted < width_ && native_ < 8)) {
    move_lanes(wanted);
  }
}

// Moves the active lanes together into a group of `width`.
void Lanes::move_lanes(std::size_t width) noexcept {
  alignas(64) std::uint64_t moved[25 * lanes_max];
  std::size_t to = 0;
  for (std::size_t at = 0; at < lanes_max; ++at) {
    if (lanes_[at].phase == Phase::idle) {
      continue;
    }
    if (!lanes_[at].fresh) {
      for (std::size_t w = 0; w < 25; ++w) {
        moved[w * width + to] = words_[w * width_ + at];
      }
    }
    if (to != at) {
      lanes_[to] = lanes_[at];
      lanes_[at].phase = Phase::idle;
    }
    ++to;
  }
  if (width_ == 0) {  // nothing to keep
    std::fill_n(words_, 25 * width, 0);
  } else {
    for (std::size_t lane = 0; lane < width; ++lane) {
      for (std::size_t w = 0; w < 25 && (lane >= to || lanes_[lane].fresh); ++w) {
        moved[w * width + lane] = 0;
      }
    }
    std::memcpy(words_, moved, 200 * width);
    wipe_object(moved);
  }
  width_ = width;
}

// FIPS 202, Algorithm 8 (SPONGE): the next block of a lane's padded input. Whole blocks inside one
// part are read where they lie.
const std::uint8_t* Lanes::next_block(std::size_t at) noexcept {
  Lane& lane = lanes_[at];
  const std::size_t rate = lane.job.rate;
  constexpr std::size_t parts = std::extent_v<decltype(LaneJob::parts)>;
  while (lane.part < parts && lane.position == lane.job.parts[lane.part].size()) {
    ++lane.part;
    lane.position = 0;
  }
  if (lane.part < parts && lane.job.parts[lane.part].size() - lane.position >= rate) {
    const std::uint8_t* block = lane.job.parts[lane.part].data() + lane.position;
    lane.position += rate;
    return block;
  }
  std::uint8_t* staged = staged_[at];
  std::size_t have = 0;
  while (lane.part < parts && have < rate) {
    const Bytes rest = lane.job.parts[lane.part].subspan(lane.position);
    const std::size_t now = smaller(rest.size(), rate - have);
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
    lane.phase = Phase::squeezing;
  }
  return staged;
}

void Lanes::absorb() noexcept {
  const std::uint8_t* blocks[lanes_max] = {};
  std::uint8_t counts[lanes_max] = {};
  unsigned fresh = 0;
  bool any = false;
  for (std::size_t at = 0; at < width_; ++at) {
    Lane& lane = lanes_[at];
    blocks[at] = staged_[at];
    if (lane.phase == Phase::absorbing) {
      fresh |= static_cast<unsigned>(lane.fresh) << at;
      counts[at] = static_cast<std::uint8_t>(lane.job.rate / 8);
      blocks[at] = next_block(at);
      any = true;
    } else if (lane.phase == Phase::squeezing && lane.fresh) {
      for (std::size_t w = 0; w < 25; ++w) {
        words_[w * width_ + at] = lane.job.state[w];
      }
    }
    lane.fresh = false;
  }
  if (!any) {
    return;
  }
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
  CHECK(active_ > 0);
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

// Whole words of several lanes are read by one transposition, as many in every lane: where that is
// too much for an output's end, they go through staged_.
void Lanes::squeeze() noexcept {
  std::size_t now[lanes_max] = {};
  std::size_t words = 0, readers = 0;
  for (std::size_t at = 0; at < width_; ++at) {
    const Lane& lane = lanes_[at];
    if (lane.phase == Phase::squeezing) {
      now[at] = smaller(lane.job.rate, lane.job.out.size() - lane.given);
      words = now[at] / 8 > words ? now[at] / 8 : words;
      readers += now[at] >= 8;
    }
  }
  const bool transpose = readers > 2 && width_ > 1;
  if (transpose) {
    std::uint8_t* to[lanes_max];
    for (std::size_t at = 0; at < lanes_max; ++at) {
      const Lane& lane = lanes_[at];
      const bool fits = now[at] >= 8 && lane.job.out.size() - lane.given >= 8 * words;
      to[at] = fits ? lane.job.out.data() + lane.given : staged_[at];
    }
    (width_ == 8 ? kernel().read_x8 : kernel().read_x4)(to, words_, static_cast<int>(words));
    for (std::size_t at = 0; at < width_; ++at) {
      if (lanes_[at].phase == Phase::squeezing) {
        read_lane(at, lanes_[at].job.out.subspan(lanes_[at].given, now[at]), to[at]);
      }
    }
  } else {
    for (std::size_t at = 0; at < width_; ++at) {
      if (lanes_[at].phase == Phase::squeezing) {
        read_lane(at, lanes_[at].job.out.subspan(lanes_[at].given, now[at]), nullptr);
      }
    }
  }
}

// The rest of a block's output; `whole_words` is where its whole words are already.
void Lanes::read_lane(std::size_t at, MutBytes out, const std::uint8_t* whole_words) noexcept {
  const std::size_t whole = whole_words == nullptr ? 0 : out.size() / 8 * 8;
  if (whole != 0 && whole_words != out.data()) {
    std::memcpy(out.data(), whole_words, whole);
  }
  read_words(out.subspan(whole), words_ + whole / 8 * width_ + at, width_);
  Lane& lane = lanes_[at];
  lane.given += out.size();
  if (lane.given < lane.job.out.size()) {
    return;
  }
  if (lane.job.state != nullptr) {
    for (std::size_t w = 0; w < 25; ++w) {
      lane.job.state[w] = words_[w * width_ + at];
    }
  }
  lane.phase = Phase::finished;
}

bool Lanes::take_finished(std::uint32_t& tag) noexcept {
  for (Lane& lane : lanes_) {
    if (lane.phase == Phase::finished) {
      lane.phase = Phase::idle;
      --active_;
      tag = lane.job.tag;
      return true;
    }
  }
  return false;
}

}  // namespace v100::keccak
