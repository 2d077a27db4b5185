// Digests, owner tags, pseudonyms, leaves and the Poseidon2 tree.
#include "base/ct.h"
#include "crypto/keccak/keccak.h"
#include "proof/columns.h"
#include "proof/field.h"
#include "proof/params.h"
#include "proof/pick.h"
#include "proof/poseidon2.h"
#include "proof/proof.h"

namespace v100::proof {
namespace {

Block key_block(const OwnerKey& key) noexcept {
  Block block{};
  read_elements(std::span(block).first<8>(), key.expose());
  return block;
}

Digest compress_secret(Block& block) noexcept {
  Digest out;
  compress_blocks({&out, 1}, {&block, 1});
  wipe_object(block);
  ct::unpoison(out);  // a digest of the key under a public domain is public
  return out;
}

Block node_block(const Digest& left, const Digest& right) noexcept {
  Block block;
  read_elements(std::span(block).first<8>(), left);
  read_elements(std::span(block).last<8>(), right);
  return block;
}

}  // namespace

void compress_blocks(std::span<Digest> out, std::span<const Block> in) noexcept {
  CHECK(out.size() == in.size());
  alignas(64) std::uint32_t lanes_in[16 * 16] = {};
  alignas(64) std::uint32_t lanes_out[8 * 16];
  for (std::size_t done = 0; done < in.size(); done += 16) {
    const std::size_t count = std::min<std::size_t>(16, in.size() - done);
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < 16; ++i) {
        lanes_in[16 * i + lane] = in[done + lane][i];
      }
    }
    kernel().compress(lanes_out, lanes_in);
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < 8; ++i) {
        store_le(out[done + lane].data() + element_bytes * i, lanes_out[16 * i + lane]);
      }
    }
  }
  wipe_object(lanes_in);  // a key may have been there
}

void read_elements(std::span<std::uint32_t> out, Bytes in) noexcept {
  CHECK(in.size() == element_bytes * out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = Fp::of(load_le<std::uint32_t>(in.data() + element_bytes * i)).value();
  }
}

std::array<std::uint32_t, 8> context_elements(Bytes context) noexcept {
  ByteArray<32> hash;
  keccak::sha3_256(hash, {as_bytes("V100 pseudonym context"), context});
  std::array<std::uint32_t, 8> out;
  read_elements(out, hash);
  return out;
}

bool is_digest(const Digest& digest) noexcept { return canonical(digest); }

Digest owner_tag(const OwnerKey& key) noexcept {
  Block block = key_block(key);
  block[8] = owner_domain;
  return compress_secret(block);
}

Digest pseudonym(const OwnerKey& key, Bytes context) noexcept {
  Block block = key_block(key);
  const std::array<std::uint32_t, 8> elements = context_elements(context);
  std::copy(elements.begin(), elements.end(), block.begin() + 8);
  return compress_secret(block);
}

Result<void> hash_leaves(std::span<Digest> out, std::span<const Leaf> leaves) noexcept {
  CHECK(out.size() == leaves.size());
  for (const Leaf& leaf : leaves) {
    if (!is_digest(leaf.owner)) {
      return fail(Errc::malformed, "an owner tag is eight field elements");
    }
  }
  constexpr std::size_t group = 16;
  std::array<Block, group> blocks;
  for (std::size_t done = 0; done < leaves.size(); done += group) {
    const std::size_t count = std::min(group, leaves.size() - done);
    const std::span<Digest> outs = out.subspan(done, count);
    for (std::size_t i = 0; i < count; ++i) {
      blocks[i] = node_block(leaves[done + i].owner, leaves[done + i].attested);
    }
    compress_blocks(outs, std::span(blocks).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const Leaf& leaf = leaves[done + i];
      blocks[i] = Block{};
      read_elements(std::span(blocks[i]).first<8>(), outs[i]);
      read_elements(std::span(blocks[i]).subspan<leaf_salt, 5>(), leaf.salt);
      blocks[i][leaf_accept] = leaf.accept ? 1 : 0;
      blocks[i][leaf_level] = leaf.level;
      blocks[i][leaf_tag] = leaf_domain;
    }
    compress_blocks(outs, std::span(blocks).first(count));
  }
  return {};
}

Result<Tree> Tree::make(std::span<const Digest> leaves, unsigned depth) {
  if (depth > depth_max) {
    return fail(Errc::malformed, "a tree is at most 20 levels deep");
  }
  if (leaves.size() > std::size_t{1} << depth) {
    return fail(Errc::too_large, "more leaves than the tree has places");
  }
  for (const Digest& leaf : leaves) {
    if (!is_digest(leaf)) {
      return fail(Errc::malformed, "a leaf is eight field elements");
    }
  }
  Tree tree;
  tree.empty_.push_back(Digest{});
  tree.levels_.emplace_back(leaves.begin(), leaves.end());
  std::vector<Block> blocks;
  for (unsigned level = 0; level < depth; ++level) {
    const std::vector<Digest>& below = tree.levels_.back();
    const Digest empty = tree.empty_.back();
    const std::size_t taken = (below.size() + 1) / 2;
    blocks.clear();
    for (std::size_t i = 0; i < taken; ++i) {
      blocks.push_back(
          node_block(below[2 * i], 2 * i + 1 < below.size() ? below[2 * i + 1] : empty));
    }
    blocks.push_back(node_block(empty, empty));  // the empty node comes with the last lane
    std::vector<Digest> nodes(blocks.size());
    compress_blocks(nodes, blocks);
    tree.empty_.push_back(nodes.back());
    nodes.pop_back();
    tree.levels_.push_back(std::move(nodes));
  }
  if (tree.levels_.back().empty()) {
    tree.levels_.back().push_back(tree.empty_.back());
  }
  return tree;
}

Path Tree::path(std::size_t index) const {
  CHECK(index < size());
  Path out;
  for (unsigned level = 0; level < depth(); ++level, index /= 2) {
    const std::vector<Digest>& nodes = levels_[level];
    const std::size_t sibling = index ^ 1;
    out.push_back(sibling < nodes.size() ? nodes[sibling] : empty_[level]);
  }
  return out;
}

Buffer encode_root(const Digest& root, unsigned depth, std::uint64_t leaves) {
  Buffer out = to_buffer(as_bytes("V100 poseidon2 root 1\n"));
  out.push_back(static_cast<std::uint8_t>(depth));
  std::uint8_t count[8];
  store_be(count, leaves);
  append(out, count);
  append(out, root);
  return out;
}

}  // namespace v100::proof
