// FIPS 205, section 5: WOTS+, eight chains at once. Signing walks one chain of eight neighbouring
// key pairs in step; verification has one key pair, whose chains are of different lengths and take
// whatever lane is free.
#include "crypto/keccak/keccak.h"
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

// The chains of one signature, walked to their ends in any order.
class Chains {
 public:
  Chains(const Hasher& hasher, const Address& where, const Digits& digits, Bytes signature) noexcept
      : hasher_(hasher), where_(where), digits_(digits), signature_(signature) {
    sort();
  }

  // The ends, one after another, as T_len takes them.
  const Word* run() noexcept {
    refill();
    while (active_ > 0) {
      unsigned steps = chain_steps;
      for (const Lane& lane : lanes_) {
        steps = lane.left > 0 && lane.left < steps ? lane.left : steps;
      }
      hasher_.chain_lanes(addresses_, nodes_, steps);
      for (std::size_t i = 0; i < lane_count; ++i) {
        Lane& lane = lanes_[i];
        if (lane.left == 0) {
          continue;
        }
        lane.left -= steps;
        if (lane.left == 0) {
          nodes_.get(i, end(lane.chain), hasher_.words());
          --active_;
        }
      }
      refill();
    }
    return ends_;
  }

 private:
  struct Lane {
    std::uint32_t chain = 0;
    unsigned left = 0;
  };

  Word* end(std::uint32_t chain) noexcept { return ends_ + chain * hasher_.words(); }
  unsigned length(std::uint32_t chain) const noexcept { return chain_steps - digits_[chain]; }

  // Longest first, so that the lanes end together.
  void sort() noexcept {
    for (unsigned steps = chain_steps; steps > 0; --steps) {
      for (std::uint32_t chain = 0; chain < hasher_.params().chains(); ++chain) {
        if (length(chain) == steps) {
          order_[count_++] = static_cast<std::uint8_t>(chain);
        }
      }
    }
  }

  Node value(std::uint32_t chain) const noexcept {
    return hasher_.load(signature_.subspan(chain * hasher_.n(), hasher_.n()));
  }

  void refill() noexcept {
    if (next_ == 0) {
      for (std::uint32_t chain = 0; chain < hasher_.params().chains(); ++chain) {
        if (length(chain) == 0) {
          std::memcpy(end(chain), value(chain).data(), hasher_.n());
        }
      }
    }
    for (std::size_t i = 0; i < lane_count && next_ < count_; ++i) {
      if (lanes_[i].left > 0) {
        continue;
      }
      const std::uint32_t chain = order_[next_++];
      lanes_[i] = {chain, length(chain)};
      nodes_.put(i, value(chain).data(), hasher_.words());
      Address address = where_;
      address.type = AddressType::wots_hash;
      address.third = chain;
      address.fourth = digits_[chain];
      hasher_.put(addresses_, i, address);
      ++active_;
    }
  }

  const Hasher& hasher_;
  const Address& where_;
  const Digits& digits_;
  Bytes signature_;
  std::array<std::uint8_t, chains_max> order_{};
  std::size_t count_ = 0;  // chains with steps to go
  std::size_t next_ = 0;   // in order_
  std::size_t active_ = 0;
  Lane lanes_[lane_count];
  AddressLanes addresses_;
  NodeLanes nodes_;
  alignas(64) Word ends_[chains_max * words_max];
};

}  // namespace

Node wots_public_key(const Hasher& hasher, const Address& where, const Node& message,
                     Bytes signature) noexcept {
  const Digits digits = wots_digits(hasher, message);
  Chains chains(hasher, where, digits, signature);
  Address address = where;
  address.type = AddressType::wots_public_key;
  return hasher.hash_one(address, chains.run(), hasher.params().chains() * hasher.words());
}

}  // namespace v100::slhdsa
