// FIPS 205, section 8: FORS, a forest of which a signature opens one leaf a tree.
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

Address forest(const Place& place, AddressType type) noexcept {
  Address address;
  address.tree = place.tree;
  address.type = type;
  address.key_pair = place.leaf;
  return address;
}

// FIPS 205, Algorithm 16, line 24 and 17, line 23: the roots under one hash.
Node forest_root(const Hasher& hasher, const Place& place, std::span<const Node> roots) noexcept {
  Word in[trees_max * words_max];
  for (std::size_t i = 0; i < roots.size(); ++i) {
    std::memcpy(in + i * hasher.words(), roots[i].data(), hasher.n());
  }
  return hasher.hash_one(forest(place, AddressType::fors_roots), in, roots.size() * hasher.words());
}

}  // namespace

Node fors_sign(const Hasher& hasher, const NodeLanes& sk_seed, const Place& place,
               MutBytes out) noexcept {
  const Params& p = hasher.params();
  const std::size_t words = hasher.words();
  std::array<Node, trees_max> roots;
  for (unsigned tree = 0; tree < p.k; ++tree) {
    const std::uint64_t first = std::uint64_t{tree} << p.a;
    const std::uint64_t chosen = first + place.fors[tree];
    const MutBytes part = out.subspan(tree * (p.a + 1) * p.n, (p.a + 1) * p.n);
    const auto leaves = [&](std::uint64_t start, NodeLanes& group) {
      AddressLanes addresses;
      const auto set_addresses = [&](AddressType type) {
        Address address = forest(place, type);
        for (std::size_t lane = 0; lane < lane_count; ++lane) {
          address.fourth = static_cast<std::uint32_t>(start + lane);
          hasher.put(addresses, lane, address);
        }
      };
      NodeLanes secret;
      set_addresses(AddressType::fors_prf);
      hasher.hash_lanes(addresses, sk_seed.words, words, secret.words);
      if (chosen - start < lane_count) {
        Node value;
        secret.get(static_cast<std::size_t>(chosen - start), value.data(), words);
        hasher.store(part.first(p.n), value.data());
      }
      set_addresses(AddressType::fors_tree);
      hasher.hash_lanes(addresses, secret.words, words, group.words);
      wipe_object(secret);
    };
    const Path path{chosen, part.data() + p.n};
    // Levels are stored from the leaves up, which `reduce` counts from zero.
    roots[tree] =
        tree_root(hasher, forest(place, AddressType::fors_tree), p.a, first, leaves, &path);
  }
  const Node root = forest_root(hasher, place, std::span(roots).first(p.k));
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(root.data()), sizeof root});
  return root;
}

Node fors_public_key(const Hasher& hasher, const Place& place, Bytes signature) noexcept {
  const Params& p = hasher.params();
  const std::size_t words = hasher.words();
  std::array<Node, trees_max> roots;
  const auto part = [&](std::size_t tree, unsigned number) {
    return hasher.load(signature.subspan((tree * (p.a + 1) + number) * p.n, p.n));
  };
  alignas(64) Word in[2 * words_max * lane_count] = {};
  NodeLanes nodes;
  AddressLanes addresses;
  for (unsigned start = 0; start < p.k; start += lane_count) {
    const unsigned used = p.k - start < lane_count ? p.k - start : unsigned{lane_count};
    Address address = forest(place, AddressType::fors_tree);
    const auto set_addresses = [&](unsigned level) {
      address.third = level;
      for (unsigned lane = 0; lane < used; ++lane) {
        const unsigned tree = start + lane;
        address.fourth = ((tree << p.a) + place.fors[tree]) >> level;
        hasher.put(addresses, lane, address);
      }
    };
    for (unsigned lane = 0; lane < used; ++lane) {
      nodes.put(lane, part(start + lane, 0).data(), words);
    }
    set_addresses(0);
    hasher.hash_lanes(addresses, nodes.words, words, nodes.words);
    for (unsigned level = 0; level < p.a; ++level) {
      for (unsigned lane = 0; lane < used; ++lane) {
        const unsigned tree = start + lane;
        const std::size_t own = ((place.fors[tree] >> level) & 1) * words;
        const Node sibling = part(tree, level + 1);
        for (std::size_t w = 0; w < words; ++w) {
          in[(own + w) * lane_count + lane] = nodes.words[w * lane_count + lane];
          in[(words - own + w) * lane_count + lane] = sibling[w];
        }
      }
      set_addresses(level + 1);
      hasher.hash_lanes(addresses, in, 2 * words, nodes.words);
    }
    for (unsigned lane = 0; lane < used; ++lane) {
      nodes.get(lane, roots[start + lane].data(), words);
    }
  }
  return forest_root(hasher, place, std::span(roots).first(p.k));
}

}  // namespace v100::slhdsa
