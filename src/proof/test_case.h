// A tree with a leaf that the tests own, and the statement about it.
#pragma once

#include "base/world.h"
#include "crypto/keccak/keccak.h"
#include "proof/proof.h"

namespace v100::proof {

class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) {
    std::uint8_t bytes[8];
    store_le(bytes, seed);
    shake_.absorb(bytes);
  }
  void fill(MutBytes out) override { shake_.squeeze(out); }

 private:
  keccak::Shake256 shake_;
};

struct TestCase {
  TestCase(unsigned depth, std::size_t at, std::uint64_t seed, std::size_t count = 32) : index(at) {
    TestRandom random(seed);
    std::vector<Leaf> leaves(count);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      OwnerKey other;
      random.fill(i == index ? key.fill() : other.fill());
      leaves[i].owner = owner_tag(i == index ? key : other);
      random.fill(leaves[i].attested);
      random.fill(leaves[i].salt);
      leaves[i].accept = i == index || i % 3 != 0;
      leaves[i].level = i == index ? 7 : static_cast<std::uint8_t>(i % 5);
    }
    leaf = leaves[index];
    std::vector<Digest> digests(leaves.size());
    CHECK(hash_leaves(digests, leaves).has_value());
    const Result<Tree> tree = Tree::make(digests, depth);
    CHECK(tree.has_value());
    path = tree->path(index);
    statement = {.root = tree->root(),
                 .depth = depth,
                 .level_min = 3,
                 .context = as_bytes("v100 lobby: room 4711, 2026-11-25"),
                 .pseudonym = {},
                 .message = as_bytes("v100 guest device 31415926")};
    statement.pseudonym = pseudonym(key, statement.context);
  }
  Witness witness() const {
    return {.key = key,
            .attested = leaf.attested,
            .salt = leaf.salt,
            .level = leaf.level,
            .index = index,
            .path = path};
  }

  OwnerKey key;
  std::size_t index;
  Leaf leaf;
  Path path;
  Statement statement;
};

}  // namespace v100::proof
