// Hash trees in chunks, and the digest's parts.
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {

// FIPS 205, Algorithms 9 (xmss_node) and 15 (fors_node), level by level instead of recursively.
void reduce(const Hasher& hasher, Address address, unsigned from, unsigned levels,
            std::uint64_t first, std::span<Node> nodes, const Path* path) noexcept {
  const std::size_t words = hasher.words();
  alignas(64) Word in[2 * words_max * lane_count] = {};
  AddressLanes addresses;
  for (unsigned z = from; z < from + levels; ++z) {
    if (path != nullptr) {
      const std::uint64_t sibling = ((path->leaf >> z) ^ 1) - first;
      if (sibling < nodes.size()) {
        hasher.store({path->out + z * hasher.n(), hasher.n()}, nodes[sibling].data());
      }
    }
    first /= 2;
    address.third = z + 1;
    const std::size_t parents = nodes.size() / 2;
    for (std::size_t i = 0; i < parents; i += lane_count) {
      const std::size_t used = parents - i < lane_count ? parents - i : lane_count;
      for (std::size_t lane = 0; lane < used; ++lane) {
        address.fourth = static_cast<std::uint32_t>(first + i + lane);
        hasher.put(addresses, lane, address);
        for (std::size_t w = 0; w < words; ++w) {
          in[w * lane_count + lane] = nodes[2 * (i + lane)][w];
          in[(words + w) * lane_count + lane] = nodes[2 * (i + lane) + 1][w];
        }
      }
      NodeLanes out;
      hasher.hash_lanes(addresses, in, 2 * words, out.words);
      for (std::size_t lane = 0; lane < used; ++lane) {
        out.get(lane, nodes[i + lane].data(), words);
      }
    }
    nodes = nodes.first(parents);
  }
}

namespace {

std::uint64_t to_integer(Bytes bytes) noexcept {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = (value << 8) | byte;
  }
  return value;
}
constexpr std::uint64_t low_bits(std::uint64_t value, unsigned bits) noexcept {
  return bits >= 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

// FIPS 205, Algorithm 19, lines 6 to 10, and Algorithm 4 (base_2b).
Place place_of(const Params& params, Bytes digest) noexcept {
  const unsigned height = params.tree_height();
  const std::size_t fors_bytes = (params.k * params.a + 7) / 8;
  const std::size_t tree_bytes = (params.h - height + 7) / 8;
  const std::size_t leaf_bytes = (height + 7) / 8;
  CHECK(digest.size() == fors_bytes + tree_bytes + leaf_bytes);
  Place place{};
  std::uint64_t bits = 0;
  unsigned have = 0;
  std::size_t at = 0;
  for (unsigned i = 0; i < params.k; ++i) {
    for (; have < params.a; have += 8) {
      bits = (bits << 8) | digest[at++];
    }
    have -= params.a;
    place.fors[i] = static_cast<std::uint32_t>(low_bits(bits >> have, params.a));
  }
  place.tree = low_bits(to_integer(digest.subspan(fors_bytes, tree_bytes)), params.h - height);
  place.leaf = static_cast<std::uint32_t>(
      low_bits(to_integer(digest.subspan(fors_bytes + tree_bytes, leaf_bytes)), height));
  return place;
}

}  // namespace v100::slhdsa
