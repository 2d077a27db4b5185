// Where a log, a checkpoint or a key comes from: a folder, a file, or HTTP.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "main/keytool/common.h"
#include "merkle/checkpoint.h"
#include "merkle/tiles.h"

namespace v100::attest_tool {

using keytool::could_not;
using keytool::Done;
using keytool::Failure;

inline constexpr std::size_t fetch_bytes_max = 1024 * 1024;

struct FetchOptions {
  std::string ca_file;    // PEM for https; empty: the system's
  bool insecure = false;  // take any certificate: what is fetched is checked by its signatures
};

// A file's or a URL's content. not_found, too_large, unavailable.
Result<Buffer> fetch(const std::string& place, const FetchOptions& options);
// `place` with a path below it.
std::string below(const std::string& place, std::string_view path);
// Tiles of the log at `place`; a full tile is asked for where the partial one is gone.
merkle::TileSource tiles_of(const std::string& place, const FetchOptions& options);

// Verifier keys: each argument a vkey itself, or a file or URL with one a line ('#' begins a
// comment).
Done<std::vector<merkle::Vkey>> read_vkeys(const std::vector<std::string>& arguments,
                                           const FetchOptions& options);

// A JSON string with its quotes.
std::string quoted(std::string_view text);

}  // namespace v100::attest_tool
