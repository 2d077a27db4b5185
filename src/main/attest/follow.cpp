#include "main/attest/follow.h"

#include <fmt/format.h>

#include "base/text.h"

namespace v100::attest_tool {

using merkle::Hash;
using merkle::TileId;

std::optional<Sighting> Follower::look(const std::string& place) {
  const Result<Buffer> note = fetch(place, fetch_);
  if (!note) {
    shout("unreachable", fmt::format("{}: {}", place, note.error().what));
    return std::nullopt;
  }
  const auto opened = merkle::open_checkpoint(as_text(*note), keys_);
  if (!opened) {
    shout("unsigned-root", fmt::format("{}: {}", place, opened.error().what));
    return std::nullopt;
  }
  return Sighting{place, std::string(as_text(*note)), opened->checkpoint};
}

void Follower::shout_tile(const TileId& id, const Error& error) {
  const std::string path = merkle::tile_path(id);
  if (error.code == Errc::not_found) {
    shout("missing-tile", fmt::format("{} is not there", path));
  } else if (error.code == Errc::malformed) {
    shout("bad-tile", fmt::format("{}: {}", path, error.what));
  } else {
    shout("unreachable", fmt::format("{}: {}", path, error.what));
  }
}

bool Follower::grew(const Sighting& older, const Sighting& newer) {
  const merkle::Checkpoint& a = older.checkpoint;
  const merkle::Checkpoint& b = newer.checkpoint;
  if (a.origin != b.origin) {
    shout("split-view",
          fmt::format("{} and {} are signed for different logs", older.place, newer.place));
    return false;
  }
  if (a.size == b.size) {
    if (a.root != b.root) {
      shout("split-view",
            fmt::format("two signed roots for {} leaves: {} at {}, {} at {}", a.size,
                        to_base64(a.root), older.place, to_base64(b.root), newer.place));
    }
    return a.root == b.root;
  }
  if (a.size > b.size) {
    shout("shrunk", fmt::format("{} shows {} leaves, {} had {} already", newer.place, b.size,
                                older.place, a.size));
    return false;
  }
  std::optional<TileId> missing;
  const merkle::TileSource tiles = tiles_of(log_, fetch_);
  merkle::TileTree tree(b.size, [&](const TileId& id) {
    Result<Buffer> tile = tiles(id);
    if (!tile) {
      missing = id;
    }
    return tile;
  });
  if (a.size == 0) {
    return true;
  }
  const auto proof = tree.consistency(a.size);
  if (!proof) {
    shout_tile(missing.value_or(TileId{}), proof.error());
    return false;
  }
  const auto root = tree.root();
  if (!root || *root != b.root) {
    shout("bad-tile", fmt::format("the tiles do not lead to the signed root of {} leaves", b.size));
    return false;
  }
  if (!merkle::verify_consistency<merkle::Sha256>(a.size, b.size, a.root, b.root, *proof)) {
    shout("fork", fmt::format("the {} leaves at {} are no beginning of the {} leaves at {}", a.size,
                              older.place, b.size, newer.place));
    return false;
  }
  return true;
}

// One bundle of entries against the level-0 tile beside it.
bool Follower::audit_bundle(merkle::GrowingTree& tree, std::uint64_t index, std::uint64_t size) {
  const std::uint32_t width = merkle::tile_width_at(size, 0, index);
  const TileId hashes{0, index, width}, entries{TileId::entries, index, width};
  const merkle::TileSource tiles = tiles_of(log_, fetch_);
  const Result<Buffer> tile = tiles(hashes);
  const Result<Buffer> bundle = tiles(entries);
  if (!tile || !bundle) {
    shout_tile(!tile ? hashes : entries, !tile ? tile.error() : bundle.error());
    return false;
  }
  const std::uint32_t found =
      bundle->size() == merkle::tile_width * 34 ? merkle::tile_width : width;  // the full one
  const auto parsed = merkle::parse_bundle(*bundle, found);
  if (!parsed || tile->size() < width * sizeof(Hash)) {
    shout_tile(!parsed ? entries : hashes, {Errc::malformed, "of the wrong length"});
    return false;
  }
  for (std::uint32_t i = 0; i < width; ++i) {
    const Hash leaf = merkle::Sha256::leaf((*parsed)[i]);
    if (!same(leaf, Bytes(*tile).subspan(i * sizeof(Hash), sizeof(Hash)))) {
      shout("bad-tile", fmt::format("entry {} is not what {} has hashed",
                                    index * merkle::tile_width + i, merkle::tile_path(hashes)));
      return false;
    }
    tree.add(leaf);
  }
  return true;
}

// Tiles that the leaves have filled, above level 0 too.
bool Follower::audit_full(merkle::GrowingTree& tree) {
  for (const merkle::GrowingTree::FullTile& full : tree.take_full()) {
    if (full.id.level == 0) {
      continue;
    }
    const Result<Buffer> tile = fetch(below(log_, merkle::tile_path(full.id)), fetch_);
    if (!tile) {
      shout_tile(full.id, tile.error());
      return false;
    }
    if (tile->size() != merkle::tile_bytes ||
        std::memcmp(tile->data(), full.hashes.data(), tile->size()) != 0) {
      shout("bad-tile", fmt::format("{} is not what its leaves give", merkle::tile_path(full.id)));
      return false;
    }
  }
  return true;
}

std::uint64_t Follower::audit(std::uint64_t from, const Sighting& newest) {
  const std::uint64_t size = newest.checkpoint.size;
  const std::uint64_t first = std::min(from, size) / merkle::tile_width;
  TileId last_asked;
  const merkle::TileSource tiles = tiles_of(log_, fetch_);
  auto tree = merkle::GrowingTree::restore(first * merkle::tile_width, [&](const TileId& id) {
    last_asked = id;
    return tiles(id);
  });
  if (!tree) {
    shout_tile(last_asked, tree.error());
    return 0;
  }
  for (std::uint64_t index = first; index * merkle::tile_width < size; ++index) {
    if (!audit_bundle(*tree, index, size) || !audit_full(*tree)) {
      return index * merkle::tile_width;
    }
  }
  if (tree->root() != newest.checkpoint.root) {
    shout("bad-tile", fmt::format("the entries do not lead to the signed root of {} leaves", size));
  }
  return size - first * merkle::tile_width;
}

std::string text_of(const Finding& finding) {
  std::string kind = finding.kind;
  for (char& c : kind) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return fmt::format("{}: {}\n", kind, finding.text);
}

std::string json_of(const std::vector<Finding>& findings) {
  std::string out = "[";
  for (const Finding& finding : findings) {
    out.append(fmt::format(R"({}{{"kind":"{}","text":{}}})", out.size() > 1 ? "," : "",
                           finding.kind, quoted(finding.text)));
  }
  return out + "]";
}

}  // namespace v100::attest_tool
