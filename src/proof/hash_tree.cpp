#include "proof/hash_tree.h"

#include <algorithm>
#include <array>

#include "crypto/keccak/keccak.h"

namespace v100::proof {

void hash_pairs(std::span<Hash> out, Bytes pairs) noexcept {
  CHECK(pairs.size() == 64 * out.size());
  constexpr std::size_t group = 64;
  std::array<Bytes, group> in;
  std::vector<FixedMutBytes<32>> outs;
  outs.reserve(group);
  for (std::size_t done = 0; done < out.size(); done += group) {
    const std::size_t count = std::min(group, out.size() - done);
    outs.clear();
    for (std::size_t i = 0; i < count; ++i) {
      in[i] = pairs.subspan(64 * (done + i), 64);
      outs.emplace_back(out[done + i]);
    }
    keccak::sha3_256_batch(outs, std::span(in).first(count));
  }
}

void HashTree::build() noexcept {
  for (std::size_t width = std::size_t{1} << (log_ - 1); width >= cap; width /= 2) {
    hash_pairs(std::span(nodes_).subspan(width, width),
               {nodes_[2 * width].data(), 2 * width * sizeof(Hash)});
  }
}

void HashTree::write_path(MutBytes out, std::size_t leaf) const noexcept {
  std::size_t node = (std::size_t{1} << log_) + leaf;
  for (std::size_t at = 0; at < out.size(); at += sizeof(Hash), node /= 2) {
    copy(out.subspan(at, sizeof(Hash)), nodes_[node ^ 1]);
  }
}

void check_openings(std::span<Opening> openings, std::span<std::uint8_t> wrong) noexcept {
  std::vector<FixedMutBytes<32>> outs;
  std::vector<Bytes> in;
  outs.reserve(openings.size());
  in.reserve(openings.size());
  for (Opening& o : openings) {
    outs.emplace_back(o.node);
    in.push_back(o.leaf);
  }
  keccak::sha3_256_batch(outs, in);
  std::vector<ByteArray<64>> pairs(openings.size());
  for (std::size_t at = 0;; at += sizeof(Hash)) {
    outs.clear();
    in.clear();
    for (std::size_t i = 0; i < openings.size(); ++i) {
      Opening& o = openings[i];
      if (at >= o.path.size()) {
        continue;
      }
      const std::size_t side = o.index & 1;
      copy(std::span(pairs[i]).subspan(32 * side, 32), o.node);
      copy(std::span(pairs[i]).subspan(32 * (1 - side), 32), o.path.subspan(at, 32));
      o.index /= 2;
      outs.emplace_back(o.node);
      in.emplace_back(pairs[i]);
    }
    if (in.empty()) {
      break;
    }
    keccak::sha3_256_batch(outs, in);
  }
  for (const Opening& o : openings) {
    if (!same(o.node, o.commitment.subspan(32 * o.index, 32))) {
      wrong[o.owner] = 1;
    }
  }
}

}  // namespace v100::proof
