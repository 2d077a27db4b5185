// FIPS 205, sections 6 and 7: XMSS trees of WOTS+ keys, stacked.
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

// The address of one tree, and the step to the tree above it.
struct Climb {
  Address where;
  std::uint64_t tree;
  std::uint32_t leaf;

  explicit Climb(const Place& place) noexcept : tree(place.tree), leaf(place.leaf) {
    where.tree = tree;
  }
  void up(unsigned height) noexcept {
    leaf = static_cast<std::uint32_t>(tree & ((std::uint64_t{1} << height) - 1));
    tree >>= height;
    ++where.layer;
    where.tree = tree;
  }
  Address of_type(AddressType type) const noexcept {
    Address address = where;
    address.type = type;
    return address;
  }
};

}  // namespace

// FIPS 205, Algorithm 18, line 2
Node hypertree_root(const Hasher& hasher, const NodeLanes& sk_seed) noexcept {
  const Params& p = hasher.params();
  Address where;
  where.layer = p.d - 1;
  Address tree = where;
  tree.type = AddressType::tree;
  const auto leaves = [&](std::uint64_t first, NodeLanes& out) {
    wots_leaves(hasher, sk_seed, where, static_cast<std::uint32_t>(first), out, nullptr);
  };
  return tree_root(hasher, tree, p.tree_height(), 0, leaves, nullptr);
}

// FIPS 205, Algorithms 10 (xmss_sign) and 12 (ht_sign). The tree that a layer's authentication path
// comes from gives its root as well, so no layer is computed twice.
void hypertree_sign(const Hasher& hasher, const NodeLanes& sk_seed, const Place& place,
                    const Node& message, MutBytes out) noexcept {
  const Params& p = hasher.params();
  Climb climb(place);
  Node root = message;
  for (unsigned layer = 0; layer < p.d; ++layer) {
    const MutBytes part = out.subspan(layer * p.xmss_bytes(), p.xmss_bytes());
    const Digits digits = wots_digits(hasher, root);
    const WotsSigning signing{climb.leaf, &digits, part.data()};
    const auto leaves = [&](std::uint64_t first, NodeLanes& group) {
      wots_leaves(hasher, sk_seed, climb.where, static_cast<std::uint32_t>(first), group, &signing);
    };
    const Path path{climb.leaf, part.data() + p.chains() * p.n};
    root = tree_root(hasher, climb.of_type(AddressType::tree), p.tree_height(), 0, leaves, &path);
    climb.up(p.tree_height());
  }
}

// FIPS 205, Algorithms 11 (xmss_pkFromSig) and 13 (ht_verify), up to the comparison.
Node hypertree_verify_root(const Hasher& hasher, const Place& place, const Node& message,
                           Bytes signature) noexcept {
  const Params& p = hasher.params();
  const std::size_t words = hasher.words();
  Climb climb(place);
  Node root = message;
  for (unsigned layer = 0; layer < p.d; ++layer) {
    const Bytes part = signature.subspan(layer * p.xmss_bytes(), p.xmss_bytes());
    Address key = climb.where;
    key.key_pair = climb.leaf;
    root = wots_public_key(hasher, key, root, part.first(p.chains() * p.n));
    Address address = climb.of_type(AddressType::tree);
    for (unsigned level = 0; level < p.tree_height(); ++level) {
      const Node sibling = hasher.load(part.subspan((p.chains() + level) * p.n, p.n));
      const std::size_t own = ((climb.leaf >> level) & 1) * words;
      Word in[2 * words_max];
      std::memcpy(in + own, root.data(), p.n);
      std::memcpy(in + (words - own), sibling.data(), p.n);
      address.third = level + 1;
      address.fourth = climb.leaf >> (level + 1);
      root = hasher.hash_one(address, in, 2 * words);
    }
    climb.up(p.tree_height());
  }
  return root;
}

}  // namespace v100::slhdsa
