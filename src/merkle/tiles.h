// A log as static files (c2sp.org/tlog-tiles): where a tile lies, which tiles a tree of some size
// has, entry bundles, and proofs from tiles alone. SHA-256 trees.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "merkle/merkle.h"

namespace v100::merkle {

inline constexpr std::uint32_t tile_width = 256;
inline constexpr std::size_t tile_bytes = tile_width * sizeof(Hash);
inline constexpr unsigned tile_levels = 8;  // 256^8 leaves: more than there are numbers for

// A tile of hashes, or a bundle of entries (level `entries`), full or partial.
struct TileId {
  static constexpr unsigned entries = 255;
  unsigned level = 0;
  std::uint64_t index = 0;
  std::uint32_t width = tile_width;  // 1..256
  bool operator==(const TileId&) const = default;
  bool full() const noexcept { return width == tile_width; }
};
// "tile/0/x001/234", "tile/entries/000.p/5".
std::string tile_path(const TileId& tile);
// In its only spelling; else malformed.
Result<TileId> parse_tile_path(std::string_view path);

// How many hashes the tile at this level and index has in a tree of `size` leaves; 0: it has none.
std::uint32_t tile_width_at(std::uint64_t size, unsigned level, std::uint64_t index) noexcept;

// Entry bundles: each entry with a big-endian 16-bit length before it.
void append_entry(Buffer& bundle, Bytes entry);  // at most 65,535 bytes
Result<std::vector<Bytes>> parse_bundle(Bytes bundle, std::uint32_t width);

// Where tiles come from: the first `width` hashes of a tile; a wider tile may be given. Errors are
// passed on.
using TileSource = std::function<Result<Buffer>(const TileId& tile)>;

// Hashes and proofs of a tree of `size` leaves from its tiles, each read once an object. A tile of
// the wrong length is `malformed`; whether tiles tell the truth only root() against a signed
// checkpoint says.
class TileTree {
 public:
  TileTree(std::uint64_t size, TileSource source) : size_(size), source_(std::move(source)) {}
  std::uint64_t size() const noexcept { return size_; }

  Result<Hash> leaf(std::uint64_t index);
  Result<Hash> root();
  Result<Proof> inclusion(std::uint64_t index);         // malformed: index not below size
  Result<Proof> consistency(std::uint64_t older_size);  // malformed: 0 or above size
  // The hash of leaves [start, end): any range that proofs are made of.
  Result<Hash> range(std::uint64_t start, std::uint64_t end);

 private:
  Result<std::span<const Hash>> tile(unsigned level, std::uint64_t index);
  Result<Hash> node(unsigned height, std::uint64_t index);
  Result<void> inclusion_into(Proof& out, std::uint64_t index, std::uint64_t start,
                              std::uint64_t end);
  Result<void> consistency_into(Proof& out, std::uint64_t older, std::uint64_t start,
                                std::uint64_t end, bool whole);
  const std::uint64_t size_;
  TileSource source_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles_;
};

// A log that grows: the peaks of its tree and the right edge of its tiles. Memory is that of some
// tiles, whatever the size.
class GrowingTree {
 public:
  struct FullTile {
    TileId id;
    std::vector<Hash> hashes;
  };

  GrowingTree() : edges_(tile_levels) {}
  // As a tree of `size` leaves was, from its tiles. The caller compares root() with what was
  // signed.
  static Result<GrowingTree> restore(std::uint64_t size, const TileSource& source);

  std::uint64_t size() const noexcept { return size_; }
  void add(const Hash& leaf);
  Hash root() const;
  // Tiles that have become full since the last call, lower levels first where it matters.
  std::vector<FullTile> take_full() { return std::exchange(full_, {}); }
  const std::vector<FullTile>& full() const noexcept { return full_; }
  // The partial tile at a level: maybe empty.
  std::span<const Hash> edge(unsigned level) const { return edges_[level]; }
  TileId edge_id(unsigned level) const noexcept;

 private:
  struct Peak {
    unsigned height;
    Hash hash;
  };
  std::uint64_t size_ = 0;
  std::vector<Peak> peaks_;               // heights fall
  std::vector<std::vector<Hash>> edges_;  // by level
  std::vector<FullTile> full_;
};

}  // namespace v100::merkle
