// Files compiled into the program, served with validators and, where it helps, precompressed.
#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"
#include "net/http_server.h"

namespace v100::net {

// One embedded file. All views live as long as the program.
struct Asset {
  std::string_view path;  // "/assets/app-1A2B3C4D.js"
  std::string_view type;  // "text/javascript; charset=utf-8"
  std::string_view etag;  // of the plain bytes, without quotes
  Bytes plain;
  Bytes gzip;              // empty: not worth it
  bool immutable = false;  // its name holds its hash: cache for a year
};

// The asset of exactly that path, or null. The table is small and sorted by path.
const Asset* find_asset(std::span<const Asset> assets, std::string_view path) noexcept;
// 200, or 304 when the client has it; GET and HEAD only (405).
Response serve_asset(const Asset& asset, const wire::HttpRequest& request);

}  // namespace v100::net
