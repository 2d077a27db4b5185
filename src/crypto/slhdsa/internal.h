// What the files of this module share: addresses, the tweakable hashes under one key, trees, and
// the three layers of the scheme (WOTS+, FORS, hypertree). Not a front door.
#pragma once

#include "base/ct.h"
#include "base/secret.h"
#include "crypto/slhdsa/kernel.h"
#include "crypto/slhdsa/slhdsa.h"

namespace v100::slhdsa {

const SlhKernel& kernel() noexcept;

using Word = std::uint64_t;
inline constexpr std::size_t words_max = 4;    // of a node
inline constexpr std::size_t chains_max = 67;  // of WOTS+
inline constexpr std::size_t trees_max = 35;   // of FORS
inline constexpr std::size_t lane_count = lanes;

// One node, or any n bytes, as words in its family's byte order.
using Node = std::array<Word, words_max>;

// Eight nodes, interleaved (kernel.h).
struct NodeLanes {
  alignas(64) Word words[words_max * lane_count] = {};
  void put(std::size_t lane, const Word* node, std::size_t count) noexcept {
    for (std::size_t w = 0; w < count; ++w) {
      words[w * lane_count + lane] = node[w];
    }
  }
  void get(std::size_t lane, Word* node, std::size_t count) const noexcept {
    for (std::size_t w = 0; w < count; ++w) {
      node[w] = words[w * lane_count + lane];
    }
  }
};

// FIPS 205, section 4.2. The last two fields are (chain, hash) or (height, index).
enum class AddressType : std::uint32_t {
  wots_hash = 0,
  wots_public_key = 1,
  tree = 2,
  fors_tree = 3,
  fors_roots = 4,
  wots_prf = 5,
  fors_prf = 6,
};
struct Address {
  std::uint32_t layer = 0;
  std::uint64_t tree = 0;
  AddressType type = AddressType::wots_hash;
  std::uint32_t key_pair = 0;
  std::uint32_t third = 0;
  std::uint32_t fourth = 0;

  std::array<Word, 4> words(Family family) const noexcept;
};
struct AddressLanes {
  alignas(64) Word words[4 * lane_count] = {};
  void put(std::size_t lane, const Address& address, Family family) noexcept;
};

// The hash functions of FIPS 205, section 11, under one PK.seed.
class Hasher {
 public:
  Hasher(const Params& params, Bytes pk_seed) noexcept;

  const Params& params() const noexcept { return params_; }
  std::size_t n() const noexcept { return params_.n; }
  std::size_t words() const noexcept { return params_.words(); }

  Node load(Bytes node) const noexcept;
  void store(MutBytes out, const Word* node) const noexcept;
  void put(AddressLanes& to, std::size_t lane, const Address& address) const noexcept {
    to.put(lane, address, params_.family);
  }

  // PRF, F, H and T_l, eight at once: `count` words of input a lane. PRF and F are those with one
  // node of input.
  void hash_lanes(const AddressLanes& address, const Word* in, std::size_t count,
                  Word* out) const noexcept;
  // FIPS 205, Algorithm 5 (chain), eight at once: counts the hash number of the addresses up.
  void chain_lanes(AddressLanes& address, NodeLanes& node, std::size_t steps) const noexcept;
  // One F step in which one lane belongs to a longer SHAKE256 hash.
  void chain_step_with(AddressLanes& address, NodeLanes& node,
                       const GuestLane& guest) const noexcept;
  // H and T_l, one alone.
  Node hash_one(const Address& address, const Word* in, std::size_t count) const noexcept;

  // PRF_msg and H_msg of a message in parts.
  void prf_msg(MutBytes out, Bytes sk_prf, Bytes opt_rand,
               std::span<const Bytes> message) const noexcept;
  void h_msg(MutBytes out, Bytes r, Bytes pk_root, std::span<const Bytes> message) const noexcept;

  const Node& seed() const noexcept { return seed_; }

 private:
  const Params& params_;
  ByteArray<32> seed_bytes_{};
  Node seed_{};
  std::uint32_t seeded_256_[8];  // SHA-2 after the padded PK.seed
  std::uint64_t seeded_512_[8];
};

// What FIPS 205, Algorithm 19, lines 6 to 10 take out of the digest.
struct Place {
  std::uint64_t tree;
  std::uint32_t leaf;
  std::array<std::uint32_t, trees_max> fors;  // a leaf a FORS tree
};
Place place_of(const Params& params, Bytes digest) noexcept;

// Where an authentication path goes: `leaf` is a leaf's number as addresses count it.
struct Path {
  std::uint64_t leaf;
  std::uint8_t* out;  // a node a level
};
// Reduces `nodes`, the 2^levels neighbours from number `first` on at height `from`, to their root
// in nodes[0]. `address` has its type, tree and key pair set. `path` may be null.
void reduce(const Hasher& hasher, Address address, unsigned from, unsigned levels,
            std::uint64_t first, std::span<Node> nodes, const Path* path) noexcept;

// The root of the tree of `height` whose first leaf is number `first`; leaves(i, out) gives the
// eight leaves from number i on. Trees that are higher than a chunk are done a chunk at a time.
inline constexpr unsigned chunk_height = 9;
template <class Leaves>
Node tree_root(const Hasher& hasher, const Address& address, unsigned height, std::uint64_t first,
               const Leaves& leaves, const Path* path) noexcept {
  const unsigned low = height < chunk_height ? height : chunk_height;
  std::array<Node, std::size_t{1} << chunk_height> nodes;
  std::array<Node, 32> tops;
  CHECK(height >= 3 && height - low <= 5);
  const std::size_t chunks = std::size_t{1} << (height - low);
  const std::size_t in_chunk = std::size_t{1} << low;
  for (std::size_t c = 0; c < chunks; ++c) {
    const std::uint64_t start = first + c * in_chunk;
    for (std::size_t i = 0; i < in_chunk; i += lane_count) {
      NodeLanes group;
      leaves(start + i, group);
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        group.get(lane, nodes[i + lane].data(), hasher.words());
      }
    }
    reduce(hasher, address, 0, low, start, std::span(nodes).first(in_chunk), path);
    tops[c] = nodes[0];
  }
  reduce(hasher, address, low, height - low, first >> low, std::span(tops).first(chunks), path);
  return tops[0];
}

// wots.cpp
using Digits = std::array<std::uint8_t, chains_max>;
Digits wots_digits(const Hasher& hasher, const Node& message) noexcept;  // with the checksum
struct WotsSigning {
  std::uint32_t leaf;
  const Digits* digits;
  std::uint8_t* out;  // chains * n bytes
};
// Eight neighbouring WOTS+ public keys, and the signature of one of them where `signing` asks.
// FIPS 205, Algorithms 6 and 7. `sk_seed` has the seed in every lane.
void wots_leaves(const Hasher& hasher, const NodeLanes& sk_seed, const Address& where,
                 std::uint32_t first, NodeLanes& out, const WotsSigning* signing) noexcept;
// FIPS 205, Algorithm 8. `where` has layer, tree and key pair.
Node wots_public_key(const Hasher& hasher, const Address& where, const Node& message,
                     Bytes signature) noexcept;

// fors.cpp: FIPS 205, Algorithms 16 and 17. Both give the FORS public key.
Node fors_sign(const Hasher& hasher, const NodeLanes& sk_seed, const Place& place,
               MutBytes out) noexcept;
Node fors_public_key(const Hasher& hasher, const Place& place, Bytes signature) noexcept;

// hypertree.cpp: FIPS 205, Algorithms 12 and 13.
Node hypertree_root(const Hasher& hasher, const NodeLanes& sk_seed) noexcept;  // PK.root
void hypertree_sign(const Hasher& hasher, const NodeLanes& sk_seed, const Place& place,
                    const Node& message, MutBytes out) noexcept;
Node hypertree_verify_root(const Hasher& hasher, const Place& place, const Node& message,
                           Bytes signature) noexcept;

// M' of FIPS 205, Algorithms 22 and 23, in parts; the arrays outlive the use.
class Framed {
 public:
  static Result<Framed> pure(Bytes message, Bytes context);
  static Result<Framed> prehash(const Digest& digest, Bytes context);
  std::span<const Bytes> parts() const noexcept { return std::span(parts_).first(count_); }
  Framed(const Framed&) = delete;
  Framed& operator=(const Framed&) = delete;
  Framed(Framed&& other) noexcept;

 private:
  Framed() noexcept = default;
  ByteArray<2> head_{};
  ByteArray<11> oid_{};
  std::array<Bytes, 4> parts_{};
  std::size_t count_ = 0;
};

}  // namespace v100::slhdsa
