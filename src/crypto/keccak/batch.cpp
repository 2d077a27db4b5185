// Several sponges in one interleaved state group: equal work in step (ShakeBatch) and messages of
// any lengths with lanes that take the next message when theirs is done (the batch hashes).
#include "base/secret.h"
#include "crypto/keccak/keccak.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

void permute_group(std::uint64_t* words, std::size_t width) noexcept {
  const KeccakKernel& k = kernel();
  if (width == 8) {
    k.permute_x8(words);
  } else if (width == 4) {
    k.permute_x4(words);
  } else {
    k.permute_x1(words);
  }
}

std::size_t width_for(std::size_t lanes) noexcept { return lanes > 4 ? 8 : lanes > 1 ? 4 : 1; }

// Bytes `at`.. of lane `lane` of a group, within one block.
void xor_lane(std::uint64_t* words, std::size_t width, std::size_t lane, std::size_t at,
              Bytes in) noexcept {
  std::size_t i = 0;
  while (i < in.size()) {
    std::uint64_t& word = words[(at + i) / 8 * width + lane];
    if ((at + i) % 8 == 0 && in.size() - i >= 8) {
      word ^= load_le<std::uint64_t>(in.data() + i);
      i += 8;
    } else {
      word ^= static_cast<std::uint64_t>(in[i]) << (8 * ((at + i) % 8));
      ++i;
    }
  }
}

void read_lane(MutBytes out, const std::uint64_t* words, std::size_t width, std::size_t lane,
               std::size_t at) noexcept {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t word = words[(at + i) / 8 * width + lane];
    if ((at + i) % 8 == 0 && out.size() - i >= 8) {
      store_le(out.data() + i, word);
      i += 8;
    } else {
      out[i] = static_cast<std::uint8_t>(word >> (8 * ((at + i) % 8)));
      ++i;
    }
  }
}

}  // namespace

ShakeBatch::ShakeBatch(std::size_t rate, std::size_t lanes) noexcept
    : rate_(rate), lanes_(lanes), width_(width_for(lanes)) {
  CHECK((rate == rate_128 || rate == rate_256) && lanes >= 1 && lanes <= lanes_max);
  reset();
}

ShakeBatch::~ShakeBatch() { wipe({reinterpret_cast<std::uint8_t*>(words_), 200 * width_}); }

void ShakeBatch::reset() noexcept {
  std::memset(words_, 0, 200 * width_);
  position_ = 0;
  squeezing_ = false;
}

void ShakeBatch::permute() noexcept {
  permute_group(words_, width_);
  position_ = 0;
}

void ShakeBatch::absorb(std::span<const Bytes> inputs) noexcept {
  CHECK(!squeezing_ && inputs.size() == lanes_);
  const std::size_t size = inputs[0].size();
  std::size_t done = 0;
  while (done < size) {
    const std::size_t now = size - done < rate_ - position_ ? size - done : rate_ - position_;
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      CHECK(inputs[lane].size() == size);
      xor_lane(words_, width_, lane, position_, inputs[lane].subspan(done, now));
    }
    position_ += now;
    done += now;
    if (position_ == rate_) {
      permute();
    }
  }
}

// The first `count` words of the block to each lane's output, from `at` on.
void ShakeBatch::read_whole_words(std::span<const MutBytes> outs, std::size_t at,
                                  std::size_t count) noexcept {
  if (count == 0) {
    return;
  }
  std::uint8_t unused[rate_128];  // what the lanes beyond lanes_ hold, the same in all
  std::uint8_t* to[lanes_max];
  for (std::size_t lane = 0; lane < lanes_max; ++lane) {
    to[lane] = lane < lanes_ ? outs[lane].data() + at : unused;
  }
  (width_ == 8 ? kernel().read_x8 : kernel().read_x4)(to, words_, static_cast<int>(count));
}

void ShakeBatch::squeeze(std::span<const MutBytes> outs) noexcept {
  CHECK(outs.size() == lanes_);
  if (!squeezing_) {
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      words_[position_ / 8 * width_ + lane] ^= std::uint64_t{0x1f} << (8 * (position_ % 8));
      words_[(rate_ / 8 - 1) * width_ + lane] ^= std::uint64_t{0x80} << 56;
    }
    permute();
    squeezing_ = true;
  }
  const std::size_t size = outs[0].size();
  for (const MutBytes out : outs) {
    CHECK(out.size() == size);
  }
  std::size_t done = 0;
  while (done < size) {
    if (position_ == rate_) {
      permute();
    }
    const std::size_t now = size - done < rate_ - position_ ? size - done : rate_ - position_;
    const std::size_t whole = width_ > 1 && position_ == 0 ? now / 8 : 0;
    read_whole_words(outs, done, whole);
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      read_lane(outs[lane].subspan(done + 8 * whole, now - 8 * whole), words_, width_, lane,
                position_ + 8 * whole);
    }
    position_ += now;
    done += now;
  }
}

namespace {

// Hashes a queue of messages on up to eight lanes. Which lane is at which block depends on message
// lengths only, which are public.
class LaneQueue {
 public:
  LaneQueue(std::size_t rate, Sponge::Domain domain, std::span<const Bytes> messages) noexcept
      : rate_(rate), domain_(domain), messages_(messages), width_(width_for(messages.size())) {
    std::memset(words_, 0, sizeof words_);
    for (std::size_t lane = 0; lane < width_; ++lane) {
      take_next(lane);
    }
  }
  LaneQueue(const LaneQueue&) = delete;
  LaneQueue& operator=(const LaneQueue&) = delete;
  ~LaneQueue() { wipe_object(words_); }

  // `outs` has one entry for each message.
  template <class Outs>
  void run(const Outs& outs) noexcept {
    while (active_ > 0) {
      for (std::size_t lane = 0; lane < width_; ++lane) {
        absorb_block(lane);
      }
      permute_group(words_, width_);
      for (std::size_t lane = 0; lane < width_; ++lane) {
        if (lanes_[lane].state == State::padded) {
          read_lane(MutBytes(outs[lanes_[lane].message]), words_, width_, lane, 0);
          --active_;
          take_next(lane);
        }
      }
      narrow();
    }
  }

 private:
  enum class State : std::uint8_t { idle, absorbing, padded };
  struct Lane {
    State state = State::idle;
    std::size_t message = 0;
    std::size_t offset = 0;
  };

  void take_next(std::size_t lane) noexcept {
    for (std::size_t w = 0; w < 25; ++w) {
      words_[w * width_ + lane] = 0;
    }
    lanes_[lane] = Lane{};
    if (next_ < messages_.size()) {
      lanes_[lane] = Lane{State::absorbing, next_++, 0};
      ++active_;
    }
  }

  void absorb_block(std::size_t lane) noexcept {
    Lane& l = lanes_[lane];
    if (l.state != State::absorbing) {
      return;
    }
    const Bytes rest = messages_[l.message].subspan(l.offset);
    if (rest.size() >= rate_) {
      xor_lane(words_, width_, lane, 0, rest.first(rate_));
      l.offset += rate_;
      return;
    }
    xor_lane(words_, width_, lane, 0, rest);
    const std::uint8_t first = static_cast<std::uint8_t>(domain_);
    const std::uint8_t last = 0x80;
    xor_lane(words_, width_, lane, rest.size(), {&first, 1});
    xor_lane(words_, width_, lane, rate_ - 1, {&last, 1});
    l.state = State::padded;
  }

  // Moves the last few lanes together once a smaller group holds them: a long message at the end
  // does not pay for empty lanes.
  void narrow() noexcept {
    const std::size_t narrower = width_for(active_);
    if (active_ == 0 || narrower == width_) {
      return;
    }
    alignas(64) std::uint64_t moved[25 * 8] = {};
    std::size_t to = 0;
    for (std::size_t lane = 0; lane < width_; ++lane) {
      if (lanes_[lane].state == State::idle) {
        continue;
      }
      for (std::size_t w = 0; w < 25; ++w) {
        moved[w * narrower + to] = words_[w * width_ + lane];
      }
      lanes_[to++] = lanes_[lane];
    }
    for (; to < narrower; ++to) {
      lanes_[to] = Lane{};
    }
    std::memcpy(words_, moved, sizeof words_);
    wipe_object(moved);
    width_ = narrower;
  }

  alignas(64) std::uint64_t words_[25 * 8];
  std::size_t rate_;
  Sponge::Domain domain_;
  std::span<const Bytes> messages_;
  std::size_t width_;
  std::size_t next_ = 0;    // the first message that no lane has taken
  std::size_t active_ = 0;  // lanes that hold a message
  Lane lanes_[8];
};

}  // namespace

void sha3_256_batch(std::span<const FixedMutBytes<32>> outs,
                    std::span<const Bytes> messages) noexcept {
  CHECK(outs.size() == messages.size());
  LaneQueue(rate_256, Sponge::Domain::sha3, messages).run(outs);
}

void sha3_512_batch(std::span<const FixedMutBytes<64>> outs,
                    std::span<const Bytes> messages) noexcept {
  CHECK(outs.size() == messages.size());
  LaneQueue(rate_512, Sponge::Domain::sha3, messages).run(outs);
}

void shake256_batch(std::span<const MutBytes> outs, std::span<const Bytes> messages) noexcept {
  CHECK(outs.size() == messages.size());
  for (const MutBytes out : outs) {
    CHECK(out.size() <= rate_256);
  }
  LaneQueue(rate_256, Sponge::Domain::shake, messages).run(outs);
}

}  // namespace v100::keccak
