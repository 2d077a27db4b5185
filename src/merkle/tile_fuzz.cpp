// Tile paths and entry bundles: one spelling each, and nothing read outside.
#include "merkle/tiles.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::merkle;
  const Bytes input(data, size);
  if (const auto tile = parse_tile_path(as_text(input))) {
    CHECK(tile_path(*tile) == as_text(input));
  }
  const std::uint32_t width = size == 0 ? 1 : data[0];
  if (const auto entries = parse_bundle(input, width)) {
    Buffer again;
    for (const Bytes entry : *entries) {
      append_entry(again, entry);
    }
    CHECK(same(again, input));
  }
  // A tree from whatever a server sends: an answer or an error.
  TileTree tree(size * 37 + 1, [&](const TileId& id) -> Result<Buffer> {
    Buffer out(id.width * sizeof(Hash));
    for (std::size_t i = 0; i < out.size() && size > 0; ++i) {
      out[i] = data[i % size];
    }
    out.resize(size > 1 && data[1] == id.level ? out.size() / 2 : out.size());
    return out;
  });
  (void)tree.root();
  (void)tree.inclusion(size / 2);
  (void)tree.consistency(size + 1);
  return 0;
}
