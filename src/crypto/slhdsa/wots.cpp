// FIPS 205, section 5: WOTS+, eight chains at once. Signing walks one chain of eight neighbouring
// key pairs in step; verification has one key pair, whose chains are of different lengths and take
// whatever lane is free.
#include "crypto/keccak/keccak.h"
#include "crypto/keccak/pick.h"
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

constexpr unsigned chain_steps = 15;  // w - 1

}  // namespace

// FIPS 205, Algorithm 7, lines 1 to 7: base 16 digits, then those of the checksum.
Digits wots_digits(const Hasher& hasher, const Node& message) noexcept {
  ByteArray<8 * words_max> bytes;
  hasher.store(MutBytes(bytes).first(hasher.n()), message.data());
  Digits digits{};
  unsigned checksum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < hasher.n(); ++i) {
    digits[count++] = bytes[i] >> 4;
    digits[count++] = bytes[i] & 15;
    checksum += 2 * chain_steps - (bytes[i] >> 4) - (bytes[i] & 15);
  }
  for (const unsigned shift : {8u, 4u, 0u}) {
    digits[count++] = static_cast<std::uint8_t>((checksum >> shift) & 15);
  }
  return digits;
}

void wots_leaves(const Hasher& hasher, const NodeLanes& sk_seed, const Address& where,
                 std::uint32_t first, NodeLanes& out, const WotsSigning* signing) noexcept {
  const std::size_t words = hasher.words();
  const bool here =
      signing != nullptr && signing->leaf >= first && signing->leaf - first < lane_count;
  alignas(64) Word ends[chains_max * words_max * lane_count];
  AddressLanes addresses;
  const auto set_addresses = [&](AddressType type, std::uint32_t chain) {
    Address address = where;
    address.type = type;
    address.third = chain;
    for (std::uint32_t lane = 0; lane < lane_count; ++lane) {
      address.key_pair = first + lane;
      hasher.put(addresses, lane, address);
    }
  };
  NodeLanes node;
  for (std::uint32_t chain = 0; chain < hasher.params().chains(); ++chain) {
    set_addresses(AddressType::wots_prf, chain);
    hasher.hash_lanes(addresses, sk_seed.words, words, node.words);
    set_addresses(AddressType::wots_hash, chain);
    const unsigned stop = here ? (*signing->digits)[chain] : chain_steps;
    hasher.chain_lanes(addresses, node, stop);
    if (here) {
      Node value;
      node.get(signing->leaf - first, value.data(), words);
      hasher.store({signing->out + chain * hasher.n(), hasher.n()}, value.data());
      hasher.chain_lanes(addresses, node, chain_steps - stop);
    }
    std::memcpy(ends + chain * words * lane_count, node.words, words * lane_count * sizeof(Word));
  }
  set_addresses(AddressType::wots_public_key, 0);
  hasher.hash_lanes(addresses, ends, hasher.params().chains() * words, out.words);
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(out.words), sizeof out.words});
  wipe_object(node);
}

namespace {

// T_len of one key pair, absorbed block by block as its chains end: each block may ride as a guest
// in a lane that the chains leave free. SHAKE only.
class Compression {
 public:
  static constexpr std::size_t block_words = keccak::rate_256 / 8;
  static constexpr std::size_t words_most = words_max + 4 + chains_max * words_max + block_words;

  Compression(const Hasher& hasher, const Address& where) noexcept
      : words_(hasher.words()), head_(words_ + 4) {
    const std::size_t end = head_ + hasher.params().chains() * words_;
    blocks_ = end / block_words + 1;
    Address address = where;
    address.type = AddressType::wots_public_key;
    std::memcpy(stream_, hasher.seed().data(), hasher.n());
    std::memcpy(stream_ + words_, address.words(Family::shake).data(), 32);
    std::memset(stream_ + end, 0, (blocks_ * block_words - end) * sizeof(Word));
    stream_[end] = 0x1f;
    stream_[blocks_ * block_words - 1] |= Word{0x80} << 56;
  }

  std::size_t blocks() const noexcept { return blocks_; }
  Word* end(std::size_t chain) noexcept { return stream_ + head_ + chain * words_; }
  // The block after whose absorption a chain's end is used up.
  std::size_t block_of(std::size_t chain) const noexcept {
    return (head_ + (chain + 1) * words_ - 1) / block_words;
  }

  // Whether the next block's chains have ended, `count` of them from the first on.
  bool ready(std::size_t count) const noexcept {
    return next_ < blocks_ && head_ + count * words_ >= (next_ + 1) * block_words;
  }
  // The state to permute for the next block.
  Word* absorb() noexcept {
    for (std::size_t w = 0; w < block_words; ++w) {
      state_[w] ^= stream_[next_ * block_words + w];
    }
    ++next_;
    return state_;
  }
  Node finish() noexcept {
    while (next_ < blocks_) {
      keccak::kernel().permute_x1(absorb());
    }
    Node node{};
    std::memcpy(node.data(), state_, words_ * sizeof(Word));
    return node;
  }

 private:
  std::size_t words_;
  std::size_t head_;  // words before the first chain's end
  std::size_t blocks_;
  std::size_t next_ = 0;
  alignas(64) Word state_[25] = {};
  Word stream_[words_most];
};

// The chains of one signature, walked to their ends in any order.
class Chains {
 public:
  Chains(const Hasher& hasher, const Address& where, const Digits& digits, Bytes signature) noexcept
      : hasher_(hasher),
        where_(where),
        digits_(digits),
        signature_(signature),
        count_(hasher.params().chains()),
        compression_(hasher, where) {
    order();
  }

  Node run() noexcept {
    const bool shake = hasher_.params().family == Family::shake;
    for (fill_lanes(shake); active_ != 0; fill_lanes(shake)) {
      const unsigned steps = guest_ == no_lane ? least_left() : 1;
      if (guest_ == no_lane) {
        hasher_.chain_lanes(addresses_, nodes_, steps);
      } else {
        hasher_.chain_step_with(addresses_, nodes_,
                                {static_cast<int>(guest_), compression_.absorb()});
      }
      finish_lanes(steps);
    }
    if (shake) {
      return compression_.finish();
    }
    Address address = where_;
    address.type = AddressType::wots_public_key;
    return hasher_.hash_one(address, compression_.end(0), count_ * hasher_.words());
  }

 private:
  static constexpr std::size_t no_lane = lane_count;

  // No branches on the lanes: which ones end with a step cannot be predicted.
  unsigned least_left() const noexcept {
    unsigned least = chain_steps;
    for (std::size_t i = 0; i < lane_count; ++i) {
      const unsigned left = left_[i] != 0 ? left_[i] : chain_steps;
      least = left < least ? left : least;
    }
    return least;
  }
  unsigned length(std::size_t chain) const noexcept { return chain_steps - digits_[chain]; }
  Node value(std::size_t chain) const noexcept {
    return hasher_.load(signature_.subspan(chain * hasher_.n(), hasher_.n()));
  }

  // Longest first, so that the lanes end together; but chains that an early block of T_len waits
  // for count as two steps longer a block, or T_len would be left over at the end. Counting sort.
  void order() noexcept {
    constexpr std::size_t ranks = chain_steps + 2 * 17 + 1;
    std::array<std::uint8_t, chains_max> rank{};
    std::array<std::uint8_t, ranks + 1> starts{};
    for (std::size_t chain = 0; chain < count_; ++chain) {
      if (length(chain) == 0) {
        std::memcpy(compression_.end(chain), value(chain).data(), hasher_.n());
        ended_[chain] = true;
        continue;
      }
      const std::size_t later = compression_.block_of(chain) + 2;
      const std::size_t bonus =
          compression_.blocks() > later ? 2 * (compression_.blocks() - later) : 0;
      rank[chain] = static_cast<std::uint8_t>(ranks - length(chain) - bonus);
      ++starts[rank[chain] + 1u];
      ++waiting_;
    }
    for (std::size_t r = 0; r < ranks; ++r) {
      starts[r + 1] = static_cast<std::uint8_t>(starts[r + 1] + starts[r]);
    }
    for (std::size_t chain = 0; chain < count_; ++chain) {
      if (!ended_[chain]) {
        order_[starts[rank[chain]]++] = static_cast<std::uint8_t>(chain);
      }
    }
  }

  void fill_lanes(bool shake) noexcept {
    while (ended_first_ < count_ && ended_[ended_first_]) {
      ++ended_first_;
    }
    unsigned free = ~active_ & ((1u << lane_count) - 1);
    if (free != 0 && shake && compression_.ready(ended_first_)) {
      guest_ = static_cast<std::size_t>(__builtin_ctz(free));
      free &= free - 1;
    }
    for (; free != 0 && next_ < waiting_; free &= free - 1) {
      start(static_cast<std::size_t>(__builtin_ctz(free)), order_[next_++]);
    }
  }

  void start(std::size_t lane, std::uint32_t chain) noexcept {
    chain_[lane] = static_cast<std::uint8_t>(chain);
    left_[lane] = static_cast<std::uint8_t>(length(chain));
    active_ |= 1u << lane;
    Address address = where_;
    address.type = AddressType::wots_hash;
    address.third = chain;
    address.fourth = digits_[chain];
    const std::array<Word, 4> words = address.words(hasher_.params().family);
    const int at = static_cast<int>(lane);
    kernel().put(nodes_.words, at, value(chain).data(), static_cast<int>(hasher_.words()));
    kernel().put(addresses_.words, at, words.data(), 4);
  }

  void finish_lanes(unsigned steps) noexcept {
    guest_ = no_lane;
    unsigned ended = 0;
    for (std::size_t i = 0; i < lane_count; ++i) {
      const unsigned active = active_ >> i & 1;
      left_[i] = static_cast<std::uint8_t>(left_[i] - (steps & (0u - active)));
      ended |= (active & static_cast<unsigned>(left_[i] == 0)) << i;
    }
    active_ &= ~ended;
    for (; ended != 0; ended &= ended - 1) {
      const auto lane = static_cast<std::size_t>(__builtin_ctz(ended));
      nodes_.get(lane, compression_.end(chain_[lane]), hasher_.words());
      ended_[chain_[lane]] = true;
    }
  }

  const Hasher& hasher_;
  const Address& where_;
  const Digits& digits_;
  Bytes signature_;
  std::size_t count_;
  Compression compression_;
  std::array<std::uint8_t, chains_max> order_{};
  std::array<bool, chains_max> ended_{};
  std::size_t ended_first_ = 0;  // chains from the first on that have ended
  std::size_t waiting_ = 0;      // in order_
  std::size_t next_ = 0;         // in order_
  unsigned active_ = 0;          // lanes with a chain, by bit
  std::size_t guest_ = no_lane;  // the lane that T_len has for one step
  std::uint8_t chain_[lane_count] = {};
  std::uint8_t left_[lane_count] = {};  // steps of it; 0 without one
  AddressLanes addresses_;
  NodeLanes nodes_;
};

}  // namespace

Node wots_public_key(const Hasher& hasher, const Address& where, const Node& message,
                     Bytes signature) noexcept {
  const Digits digits = wots_digits(hasher, message);
  return Chains(hasher, where, digits, signature).run();
}

}  // namespace v100::slhdsa
