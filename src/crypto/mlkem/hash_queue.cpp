#include "crypto/mlkem/hash_queue.h"

#include <algorithm>

#include "base/secret.h"
#include "crypto/keccak/pick.h"
#include "crypto/mlkem/pick.h"

namespace v100::mlkem {
namespace {

constexpr std::uint64_t last_bit = std::uint64_t{1} << 63;

}  // namespace

HashQueue::HashQueue() noexcept : width_(static_cast<std::size_t>(kernel().hash_lanes)) {
  for (Lane& lane : lanes_) {
    lane.job = nullptr;
  }
}

HashQueue::~HashQueue() { wipe_object(words_); }

void HashQueue::run() noexcept {
  while (active_ > 0 || next_ < count_) {
    step();
  }
}

void HashQueue::step() noexcept {
  take();
  if (!absorb_alike()) {
    for (std::size_t lane = 0; lane < width_; ++lane) {
      if (lanes_[lane].job != nullptr && lanes_[lane].absorbing) {
        absorb(lane);
      }
    }
  }
  permute();
  squeeze();
}

// Gives free lanes the next jobs.
void HashQueue::take() noexcept {
  const bool empty = active_ == 0;
  if (empty) {
    std::memset(words_, 0, 200 * width_);
  }
  for (std::size_t lane = 0; lane < width_ && next_ < count_; ++lane) {
    if (lanes_[lane].job != nullptr) {
      continue;
    }
    lanes_[lane] = {&jobs_[next_++], 0, 0, 0, true};
    ++active_;
    if (!empty) {
      for (std::size_t w = 0; w < 25; ++w) {
        words_[w * width_ + lane] = 0;
      }
    }
  }
}

// Where all lanes are at the same place of inputs of one shape, as in batches and for noise, whole
// rows of words are written at once: a row written word by word would be slow to load.
bool HashQueue::absorb_alike() noexcept {
  const Lane* first = nullptr;
  for (std::size_t i = 0; i < width_; ++i) {
    const Lane& l = lanes_[i];
    if (l.job == nullptr) {
      continue;
    }
    if (first == nullptr) {
      first = &l;
    }
    if (!l.absorbing || l.absorbed != first->absorbed || l.job->words != first->job->words ||
        l.job->rate_words != first->job->rate_words) {
      return false;
    }
  }
  if (active_ < 3) {
    return false;
  }
  const HashJob& shape = *first->job;
  const std::uint32_t room = shape.rate_words;
  std::uint32_t absorbed = first->absorbed;
  std::uint32_t row = 0;
  if (absorbed == 0) {
    absorb_row(0, 4, [](const Lane& l) { return l.job->prefix; });
    row = absorbed = 4;
  }
  const std::uint32_t count = std::min(room - row, 4 + shape.words - absorbed);
  if (count > 0) {
    absorb_row(row, count,
               [absorbed](const Lane& l) { return l.job->data + std::size_t{8} * (absorbed - 4); });
  }
  const bool last = row + count < room;
  if (last) {
    absorb_row(row + count, 1,
               [](const Lane& l) { return reinterpret_cast<const std::uint8_t*>(&l.job->tail); });
    absorb_row(room - 1, 1,
               [](const Lane&) { return reinterpret_cast<const std::uint8_t*>(&last_bit); });
  }
  for (std::size_t i = 0; i < width_; ++i) {
    lanes_[i].absorbed = absorbed + count;
    lanes_[i].absorbing = !last;
  }
  return true;
}

// `count` words from what `source` says of each lane to the rows from `row` on. Lanes without a job
// get another's, which nobody reads.
template <class Source>
void HashQueue::absorb_row(std::uint32_t row, std::uint32_t count, const Source& source) noexcept {
  const std::uint8_t* ins[lanes_max];
  const std::uint8_t* some = nullptr;
  for (std::size_t i = 0; i < width_; ++i) {
    ins[i] = lanes_[i].job != nullptr ? source(lanes_[i]) : nullptr;
    some = ins[i] != nullptr ? ins[i] : some;
  }
  for (std::size_t i = 0; i < width_; ++i) {
    ins[i] = ins[i] != nullptr ? ins[i] : some;
  }
  kernel().absorb(words_ + row * width_, ins, static_cast<int>(count));
}

// The next block of one lane.
void HashQueue::absorb(std::size_t lane) noexcept {
  Lane& l = lanes_[lane];
  const HashJob& job = *l.job;
  std::uint64_t* word = words_ + lane;
  std::uint32_t room = job.rate_words;
  if (l.absorbed == 0) {
    for (; l.absorbed < 4; ++l.absorbed, --room, word += width_) {
      *word ^= load_le<std::uint64_t>(job.prefix + std::size_t{8} * l.absorbed);
    }
  }
  const std::uint32_t count = std::min(room, 4 + job.words - l.absorbed);
  const std::uint8_t* from = job.data + std::size_t{8} * (l.absorbed - 4);
  for (std::uint32_t i = 0; i < count; ++i, word += width_) {
    *word ^= load_le<std::uint64_t>(from + std::size_t{8} * i);
  }
  l.absorbed += count;
  if (count < room) {
    *word ^= job.tail;
    words_[(job.rate_words - std::size_t{1}) * width_ + lane] ^= last_bit;
    l.absorbing = false;
  }
}

void HashQueue::permute() noexcept {
  const keccak::KeccakKernel& keccak = keccak::kernel();
  if (width_ == 8) {
    return keccak.permute_x8(words_);  // costs no more than one state alone
  }
  if (width_ == 1) {
    return keccak.permute_x1(words_);
  }
  if (active_ > 1) {
    return keccak.permute_x4(words_);
  }
  std::size_t lane = 0;
  while (lanes_[lane].job == nullptr) {
    ++lane;
  }
  alignas(64) std::uint64_t alone[25];
  for (std::size_t w = 0; w < 25; ++w) {
    alone[w] = words_[w * width_ + lane];
  }
  keccak.permute_x1(alone);
  for (std::size_t w = 0; w < 25; ++w) {
    words_[w * width_ + lane] = alone[w];
  }
  wipe_object(alone);
}

// Words that a lane takes from the present block.
std::uint32_t HashQueue::wanted(const Lane& lane) const noexcept {
  if (lane.job == nullptr || lane.absorbing) {
    return 0;
  }
  const std::uint32_t rate_words = lane.job->rate_words;
  return lane.job->out_words == 0 ? rate_words
                                  : std::min(rate_words, lane.job->out_words - lane.squeezed);
}

void HashQueue::squeeze() noexcept {
  std::uint32_t wants[lanes_max];
  std::uint32_t most = 0;
  std::size_t with_most = 0;
  for (std::size_t lane = 0; lane < width_; ++lane) {
    const std::uint32_t now = wants[lane] = wanted(lanes_[lane]);
    with_most = now > most ? 1 : with_most + (now == most ? 1 : 0);
    most = std::max(most, now);
  }
  if (most == 0) {
    return;
  }
  // Lanes that want alike are read by one transposition, others word by word.
  const bool together = with_most > 1 && width_ > 1;
  std::uint8_t unused[8 * block_words];
  std::uint8_t* outs[lanes_max];
  for (std::size_t lane = 0; lane < width_; ++lane) {
    const Lane& l = lanes_[lane];
    const std::uint32_t now = wants[lane];
    outs[lane] = unused;
    if (now > 0) {
      std::uint8_t* out =
          (l.job->out_words == 0 ? buffer_[lane] : static_cast<std::uint8_t*>(l.job->out)) +
          std::size_t{8} * l.squeezed;
      if (together && now == most) {
        outs[lane] = out;
      } else {
        read_lane(lane, out, now);
      }
    }
  }
  if (together) {
    const keccak::KeccakKernel& keccak = keccak::kernel();
    (width_ == 8 ? keccak.read_x8 : keccak.read_x4)(outs, words_, static_cast<int>(most));
    wipe(unused);
  }
  for (std::size_t lane = 0; lane < width_; ++lane) {
    if (wants[lane] > 0) {
      advance(lanes_[lane], lane, wants[lane]);
    }
  }
}

void HashQueue::read_lane(std::size_t lane, std::uint8_t* out, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    store_le(out + std::size_t{8} * i, words_[i * width_ + lane]);
  }
}

// Books `count` words of output, and frees the lane if its job is done.
void HashQueue::advance(Lane& lane, std::size_t index, std::uint32_t count) noexcept {
  HashJob& job = *lane.job;
  lane.squeezed += count;
  if (job.out_words != 0) {
    job.done = lane.squeezed == job.out_words;
  } else if (lane.have > 0 || lane.squeezed == first_words) {
    lane.have = kernel().reject(static_cast<std::int16_t*>(job.out), lane.have, buffer_[index],
                                static_cast<int>(8 * lane.squeezed));
    lane.squeezed = 0;
    job.done = lane.have == 256;
  }
  if (job.done) {
    lane.job = nullptr;
    --active_;
  }
}

}  // namespace v100::mlkem
