// Several sponges in one interleaved state group: equal work in step (ShakeBatch), and messages of
// any lengths on lanes that take the next message when theirs is done (the batch hashes).
#include "base/secret.h"
#include "crypto/keccak/keccak.h"
#include "crypto/keccak/lanes.h"
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

// Hands the messages of a batch to the lanes.
template <class Outs>
struct BatchSource {
  std::size_t rate;
  Sponge::Domain domain;
  const Outs& outs;
  std::span<const Bytes> messages;
  std::size_t taken = 0;

  bool next(LaneJob& job) noexcept {
    if (taken == messages.size()) {
      return false;
    }
    job.rate = rate;
    job.domain = domain;
    job.parts[0] = messages[taken];
    job.out = outs[taken];
    ++taken;
    return true;
  }
  void done(std::uint32_t) noexcept {}
};
template <class Outs>
void hash_all(std::size_t rate, Sponge::Domain domain, const Outs& outs,
              std::span<const Bytes> messages) noexcept {
  CHECK(outs.size() == messages.size());
  BatchSource<Outs> source{rate, domain, outs, messages};
  Lanes lanes;
  lanes.run(source);
}

}  // namespace

void sha3_256_batch(std::span<const FixedMutBytes<32>> outs,
                    std::span<const Bytes> messages) noexcept {
  hash_all(rate_256, Sponge::Domain::sha3, outs, messages);
}
void sha3_512_batch(std::span<const FixedMutBytes<64>> outs,
                    std::span<const Bytes> messages) noexcept {
  hash_all(rate_512, Sponge::Domain::sha3, outs, messages);
}
void shake256_batch(std::span<const MutBytes> outs, std::span<const Bytes> messages) noexcept {
  hash_all(rate_256, Sponge::Domain::shake, outs, messages);
}

namespace {

struct HashSource {
  std::span<const HashItem> items;
  std::size_t taken = 0;

  bool next(LaneJob& job) noexcept {
    if (taken == items.size()) {
      return false;
    }
    const HashItem& item = items[taken++];
    constexpr std::size_t rates[] = {rate_256, rate_512, rate_128, rate_256};
    const bool fixed = item.hash == Hash::sha3_256 || item.hash == Hash::sha3_512;
    CHECK(!fixed || item.out.size() == (item.hash == Hash::sha3_256 ? 32u : 64u));
    job.rate = rates[static_cast<std::size_t>(item.hash)];
    job.domain = fixed ? Sponge::Domain::sha3 : Sponge::Domain::shake;
    job.parts[0] = item.message;
    job.out = item.out;
    return true;
  }
  void done(std::uint32_t) noexcept {}
};

}  // namespace

void hash_batch(std::span<const HashItem> items) noexcept {
  HashSource source{items};
  Lanes lanes;
  lanes.run(source);
}

}  // namespace v100::keccak
