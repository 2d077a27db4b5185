// Broken if this fails: the log's static files, and the proofs that monitors and receipts make of
// them.
#include "merkle/tiles.h"

#include <gtest/gtest.h>

namespace v100::merkle {
namespace {

std::vector<Hash> some_leaves(std::size_t count) {
  std::vector<Hash> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    ByteArray<4> data;
    store_be(data.data(), static_cast<std::uint32_t>(i));
    out[i] = Sha256::leaf(data);
  }
  return out;
}

// All tiles of a tree as a web server would hold them.
class Tiles {
 public:
  void add_full(GrowingTree& tree) {
    for (GrowingTree::FullTile& tile : tree.take_full()) {
      put(tile.id, tile.hashes);
    }
  }
  void add_edges(const GrowingTree& tree) {
    for (unsigned level = 0; level < tile_levels; ++level) {
      if (!tree.edge(level).empty()) {
        put(tree.edge_id(level), tree.edge(level));
      }
    }
  }
  TileSource source() {
    return [this](const TileId& id) -> Result<Buffer> {
      ++reads;
      for (const TileId& tile : {id, TileId{id.level, id.index, tile_width}}) {
        if (const auto found = files.find(tile_path(tile)); found != files.end()) {
          return found->second;
        }
      }
      return fail(Errc::not_found, "no such tile");
    };
  }
  std::map<std::string, Buffer> files;
  int reads = 0;

 private:
  void put(const TileId& id, std::span<const Hash> hashes) {
    Buffer& file = files[tile_path(id)];
    file.resize(hashes.size_bytes());
    std::memcpy(file.data(), hashes.data(), hashes.size_bytes());
    EXPECT_EQ(parse_tile_path(tile_path(id)).value(), id);
  }
};

TEST(Tiles, ProofsFromTilesAreThoseOfTheLeaves) {
  const std::vector<Hash> leaves = some_leaves(70000);
  GrowingTree tree;
  Tiles tiles;
  std::size_t checked = 0;
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    tree.add(leaves[n - 1]);
    tiles.add_full(tree);
    if (n > 20 && n != 255 && n != 256 && n != 257 && n != 512 && n != 1000 && n != 65535 &&
        n != 65536 && n != 65793 && n != 70000) {
      continue;
    }
    ++checked;
    const auto all = std::span<const Hash>(leaves).first(n);
    const Hash top = root<Sha256>(all);
    ASSERT_EQ(tree.root(), top) << n;
    tiles.add_edges(tree);
    TileTree read(n, tiles.source());
    ASSERT_EQ(read.root().value(), top) << n;
    for (const std::size_t i : {std::size_t{0}, n / 3, n / 2, n - 1}) {
      EXPECT_EQ(read.inclusion(i).value(), prove_inclusion<Sha256>(all, i)) << i << " in " << n;
    }
    for (const std::size_t m : {std::size_t{1}, n / 3 + 1, n / 2 + 1, n}) {
      EXPECT_EQ(read.consistency(m).value(), prove_consistency<Sha256>(all, m)) << m << " of " << n;
    }
    GrowingTree again = GrowingTree::restore(n, tiles.source()).value();
    EXPECT_EQ(again.root(), top);
    again.add(leaves[0]);
    GrowingTree grown = tree;
    grown.add(leaves[0]);
    EXPECT_EQ(again.root(), grown.root());
    EXPECT_EQ(again.full().size(), grown.full().size());
  }
  EXPECT_EQ(checked, 29u);
  // c2sp.org/tlog-tiles' own example.
  EXPECT_EQ(tile_width_at(70000, 0, 272), 256u);
  EXPECT_EQ(tile_width_at(70000, 0, 273), 112u);
  EXPECT_EQ(tile_width_at(70000, 1, 1), 17u);
  EXPECT_EQ(tile_width_at(70000, 2, 0), 1u);
  EXPECT_EQ(tile_width_at(70000, 3, 0), 0u);
  TileTree read(70000, tiles.source());
  tiles.reads = 0;
  (void)read.inclusion(12345).value();
  EXPECT_LE(tiles.reads, 6);
}

TEST(Tiles, AMissingOrShortTileIsSaidNotGuessed) {
  GrowingTree tree;
  Tiles tiles;
  for (const Hash& leaf : some_leaves(300)) {
    tree.add(leaf);
  }
  tiles.add_full(tree);
  tiles.add_edges(tree);
  Buffer& file = tiles.files["tile/0/000"];
  file.resize(file.size() - 1);
  EXPECT_EQ(TileTree(300, tiles.source()).inclusion(5).error().code, Errc::malformed);
  tiles.files.erase("tile/0/000");
  EXPECT_EQ(TileTree(300, tiles.source()).inclusion(5).error().code, Errc::not_found);
  EXPECT_EQ(TileTree(300, tiles.source()).inclusion(300).error().code, Errc::malformed);
  EXPECT_EQ(TileTree(300, tiles.source()).consistency(0).error().code, Errc::malformed);
  EXPECT_EQ(TileTree(0, tiles.source()).root().value(), Sha256::empty());
}

TEST(Tiles, PathsHaveOneSpelling) {
  EXPECT_EQ(tile_path({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({2, 7, 5}), "tile/2/007.p/5");
  EXPECT_EQ(tile_path({TileId::entries, 1000, 255}), "tile/entries/x001/000.p/255");
  const TileId largest{0, ~std::uint64_t{0}, 256};
  EXPECT_EQ(parse_tile_path(tile_path(largest)).value(), largest);
  for (const char* bad :
       {"tile/0/x000/001", "tile/0/1", "tile/0/0001", "tile/0/001/002", "tile/0/x001",
        "tile/00/001", "tile/64/001", "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/05",
        "tile/0/001.p/", "tile/0/", "tile/0/-01", "tile//001", "tile/0/x001/x002", "/tile/0/001",
        "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/../../x"}) {
    EXPECT_FALSE(parse_tile_path(bad).has_value()) << bad;
  }
}

TEST(Tiles, BundlesAreWholeOrRefused) {
  Buffer bundle;
  append_entry(bundle, as_bytes("one"));
  append_entry(bundle, {});
  append_entry(bundle, as_bytes("three"));
  const auto entries = parse_bundle(bundle, 3).value();
  EXPECT_EQ(as_text(entries[2]), "three");
  EXPECT_FALSE(parse_bundle(bundle, 2).has_value());
  EXPECT_FALSE(parse_bundle(bundle, 4).has_value());
  EXPECT_FALSE(parse_bundle(Bytes(bundle).first(bundle.size() - 1), 3).has_value());
}

}  // namespace
}  // namespace v100::merkle
