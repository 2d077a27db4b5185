#include "merkle/tiles.h"

#include <bit>
#include <charconv>

namespace v100::merkle {
namespace {

constexpr Error bad_path{Errc::malformed, "tiles: not a tile's path"};
constexpr Error bad_tile{Errc::malformed, "tiles: a tile of the wrong length"};

// The largest power of two below n; n > 1.
std::uint64_t split(std::uint64_t n) noexcept { return std::bit_floor(n - 1); }

// leaves >> (8 * level), for levels that no number reaches too.
std::uint64_t at_level(std::uint64_t leaves, unsigned level) noexcept {
  return level >= tile_levels ? 0 : leaves >> (8 * level);
}

// A decimal number without leading zeroes, up to `most`.
Result<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most ||
      (text.size() > 1 && text.front() == '0')) {
    return std::unexpected(bad_path);
  }
  return value;
}

// c2sp.org/tlog-tiles: N as "x001/x234/067".
Result<std::uint64_t> index_of(std::string_view text) {
  std::uint64_t value = 0;
  bool first = true;
  for (bool last = false; !last; first = false) {
    last = text.size() == 3;
    if (!last && (text.size() < 8 || text[0] != 'x' || text[4] != '/')) {
      return std::unexpected(bad_path);
    }
    const std::string_view digits = text.substr(last ? 0 : 1, 3);
    if (digits.find_first_not_of("0123456789") != digits.npos) {
      return std::unexpected(bad_path);
    }
    const auto part = static_cast<std::uint64_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 +
                                                 (digits[2] - '0'));
    if ((first && !last && part == 0) || value > (~std::uint64_t{0} - part) / 1000) {
      return std::unexpected(bad_path);
    }
    value = value * 1000 + part;
    text.remove_prefix(last ? 3 : 5);
  }
  return value;
}

void append_three(std::string& out, std::uint64_t value) {
  for (const std::uint64_t unit : {100u, 10u, 1u}) {
    out.push_back(static_cast<char>('0' + value / unit % 10));
  }
}

}  // namespace

std::string tile_path(const TileId& tile) {
  CHECK(tile.width >= 1 && tile.width <= tile_width);
  std::string out = "tile/";
  out.append(tile.level == TileId::entries ? "entries" : std::to_string(tile.level)).append("/");
  std::vector<std::uint64_t> groups{tile.index % 1000};
  for (std::uint64_t rest = tile.index / 1000; rest != 0; rest /= 1000) {
    groups.push_back(rest % 1000);
  }
  for (std::size_t i = groups.size(); i-- > 0;) {
    out.append(i != 0 ? "x" : "");
    append_three(out, groups[i]);
    out.append(i != 0 ? "/" : "");
  }
  return tile.full() ? out : out + ".p/" + std::to_string(tile.width);
}

Result<TileId> parse_tile_path(std::string_view path) {
  TileId out;
  if (!path.starts_with("tile/") || path.size() > 64) {
    return std::unexpected(bad_path);
  }
  path.remove_prefix(5);
  const std::size_t slash = path.find('/');
  if (slash == path.npos) {
    return std::unexpected(bad_path);
  }
  const std::string_view level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  out.level = level == "entries" ? TileId::entries : static_cast<unsigned>(TRY(number(level, 63)));
  if (const std::size_t partial = path.find(".p/"); partial != path.npos) {
    out.width = static_cast<std::uint32_t>(TRY(number(path.substr(partial + 3), tile_width - 1)));
    path = path.substr(0, partial);
    if (out.width == 0) {
      return std::unexpected(bad_path);
    }
  }
  out.index = TRY(index_of(path));
  return out;
}

std::uint32_t tile_width_at(std::uint64_t size, unsigned level, std::uint64_t index) noexcept {
  const std::uint64_t hashes = at_level(size, level == TileId::entries ? 0 : level);
  const std::uint64_t full = hashes / tile_width;
  return index < full ? tile_width
                      : static_cast<std::uint32_t>(index == full ? hashes % tile_width : 0);
}

void append_entry(Buffer& bundle, Bytes entry) {
  CHECK(entry.size() <= 0xffff);
  ByteArray<2> size;
  store_be(size.data(), static_cast<std::uint16_t>(entry.size()));
  append(bundle, size);
  append(bundle, entry);
}

Result<std::vector<Bytes>> parse_bundle(Bytes bundle, std::uint32_t width) {
  std::vector<Bytes> out;
  while (out.size() < width) {
    if (bundle.size() < 2 || bundle.size() - 2 < load_be<std::uint16_t>(bundle.data())) {
      return fail(Errc::malformed, "tiles: an entry bundle that ends early");
    }
    const std::size_t size = load_be<std::uint16_t>(bundle.data());
    out.push_back(bundle.subspan(2, size));
    bundle = bundle.subspan(2 + size);
  }
  if (!bundle.empty()) {
    return fail(Errc::malformed, "tiles: an entry bundle with more than its entries");
  }
  return out;
}

Result<std::span<const Hash>> TileTree::tile(unsigned level, std::uint64_t index) {
  const auto key = std::pair(level, index);
  if (const auto found = tiles_.find(key); found != tiles_.end()) {
    return std::span<const Hash>(found->second);
  }
  const std::uint32_t width = tile_width_at(size_, level, index);
  CHECK(width > 0);
  const Buffer bytes = TRY(source_({level, index, width}));
  if (bytes.size() < width * sizeof(Hash) || bytes.size() > tile_bytes ||
      bytes.size() % sizeof(Hash) != 0) {
    return std::unexpected(bad_tile);
  }
  std::vector<Hash>& hashes = tiles_[key];
  hashes.resize(width);
  std::memcpy(hashes.data(), bytes.data(), width * sizeof(Hash));
  return std::span<const Hash>(hashes);
}

// The node that covers leaves [index << height, (index + 1) << height): all there.
Result<Hash> TileTree::node(unsigned height, std::uint64_t index) {
  const unsigned level = height / 8;
  const unsigned inside = height % 8;
  const std::uint64_t first = index << inside;
  const std::span<const Hash> hashes = TRY(tile(level, first / tile_width));
  return merkle::root<Sha256>(
      hashes.subspan(static_cast<std::size_t>(first % tile_width), std::size_t{1} << inside));
}

Result<Hash> TileTree::leaf(std::uint64_t index) {
  if (index >= size_) {
    return fail(Errc::malformed, "tiles: index outside the tree");
  }
  return node(0, index);
}

Result<Hash> TileTree::range(std::uint64_t start, std::uint64_t end) {
  if (start >= end || end > size_) {
    return fail(Errc::malformed, "tiles: range outside the tree");
  }
  const std::uint64_t count = end - start;
  if (std::has_single_bit(count) && start % count == 0) {
    const auto height = static_cast<unsigned>(std::countr_zero(count));
    return node(height, start >> height);
  }
  const std::uint64_t middle = start + split(count);
  const Hash left = TRY(range(start, middle));
  return Sha256::node(left, TRY(range(middle, end)));
}

Result<Hash> TileTree::root() { return size_ == 0 ? Sha256::empty() : range(0, size_); }

// RFC 9162 §2.1.3.1
Result<void> TileTree::inclusion_into(Proof& out, std::uint64_t index, std::uint64_t start,
                                      std::uint64_t end) {
  if (end - start == 1) {
    return {};
  }
  const std::uint64_t middle = start + split(end - start);
  if (index < middle) {
    TRY(inclusion_into(out, index, start, middle));
    out.push_back(TRY(range(middle, end)));
  } else {
    TRY(inclusion_into(out, index, middle, end));
    out.push_back(TRY(range(start, middle)));
  }
  return {};
}

Result<Proof> TileTree::inclusion(std::uint64_t index) {
  if (index >= size_) {
    return fail(Errc::malformed, "tiles: index outside the tree");
  }
  Proof out;
  TRY(inclusion_into(out, index, 0, size_));
  return out;
}

// RFC 9162 §2.1.4.1, with `older` and the range in leaves of the whole tree.
Result<void> TileTree::consistency_into(Proof& out, std::uint64_t older, std::uint64_t start,
                                        std::uint64_t end, bool whole) {
  if (older == end) {
    if (!whole) {
      out.push_back(TRY(range(start, end)));
    }
    return {};
  }
  const std::uint64_t middle = start + split(end - start);
  if (older <= middle) {
    TRY(consistency_into(out, older, start, middle, whole));
    out.push_back(TRY(range(middle, end)));
  } else {
    TRY(consistency_into(out, older, middle, end, false));
    out.push_back(TRY(range(start, middle)));
  }
  return {};
}

Result<Proof> TileTree::consistency(std::uint64_t older_size) {
  if (older_size == 0 || older_size > size_) {
    return fail(Errc::malformed, "tiles: no older size of this tree");
  }
  Proof out;
  TRY(consistency_into(out, older_size, 0, size_, true));
  return out;
}

TileId GrowingTree::edge_id(unsigned level) const noexcept {
  return {level, at_level(size_, level) / tile_width,
          static_cast<std::uint32_t>(edges_[level].size())};
}

void GrowingTree::add(const Hash& leaf) {
  const auto put = [this](unsigned level, const Hash& hash) {
    std::vector<Hash>& edge = edges_[level];
    edge.push_back(hash);
    if (edge.size() == tile_width) {
      full_.push_back({{level, at_level(size_, level) / tile_width, tile_width}, std::move(edge)});
      edge = {};
    }
  };
  put(0, leaf);
  Peak peak{0, leaf};
  while (!peaks_.empty() && peaks_.back().height == peak.height) {
    peak = {peak.height + 1, Sha256::node(peaks_.back().hash, peak.hash)};
    peaks_.pop_back();
    if (peak.height % 8 == 0 && peak.height / 8 < tile_levels) {
      put(peak.height / 8, peak.hash);
    }
  }
  peaks_.push_back(peak);
  ++size_;
}

Hash GrowingTree::root() const {
  if (peaks_.empty()) {
    return Sha256::empty();
  }
  Hash out = peaks_.back().hash;
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) {
    out = Sha256::node(peaks_[i].hash, out);
  }
  return out;
}

Result<GrowingTree> GrowingTree::restore(std::uint64_t size, const TileSource& source) {
  GrowingTree out;
  out.size_ = size;
  for (unsigned level = tile_levels; level-- > 0;) {
    const std::uint64_t index = at_level(size, level) / tile_width;
    const std::uint32_t width = tile_width_at(size, level, index);
    if (width == 0) {
      continue;
    }
    const Buffer bytes = TRY(source({level, index, width}));
    if (bytes.size() < width * sizeof(Hash)) {
      return std::unexpected(bad_tile);
    }
    std::vector<Hash>& edge = out.edges_[level];
    edge.resize(width);
    std::memcpy(edge.data(), bytes.data(), width * sizeof(Hash));
    std::size_t at = 0;
    for (unsigned bit = 8; bit-- > 0;) {
      const std::size_t count = std::size_t{1} << bit;
      if ((width & count) != 0) {
        out.peaks_.push_back(
            {8 * level + bit,
             merkle::root<Sha256>(std::span<const Hash>(edge).subspan(at, count))});
        at += count;
      }
    }
  }
  return out;
}

}  // namespace v100::merkle
