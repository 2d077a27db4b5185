#include "net/assets.h"

#include <algorithm>
#include <fmt/format.h>

namespace v100::net {
namespace {

// RFC 9110 §12.5.3, as far as a browser goes: "gzip" is in the list and not weighed zero.
bool takes_gzip(std::string_view accepts) noexcept {
  while (!accepts.empty()) {
    const std::size_t comma = std::min(accepts.find(','), accepts.size());
    std::string_view item = accepts.substr(0, comma);
    accepts.remove_prefix(std::min(comma + 1, accepts.size()));
    while (!item.empty() && item.front() == ' ') {
      item.remove_prefix(1);
    }
    if (item.starts_with("gzip") || item.starts_with("*")) {
      const std::size_t weight = item.find("q=");
      return weight == std::string_view::npos ||
             item.substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
    }
  }
  return false;
}

// RFC 9110 §13.1.2, weak comparison over a list.
bool has_etag(std::string_view list, std::string_view etag) noexcept {
  return list == "*" || list.find(etag) != std::string_view::npos;
}

}  // namespace

const Asset* find_asset(std::span<const Asset> assets, std::string_view path) noexcept {
  const auto found = std::lower_bound(
      assets.begin(), assets.end(), path,
      [](const Asset& asset, std::string_view wanted) { return asset.path < wanted; });
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

Response serve_asset(const Asset& asset, const wire::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = Response::text(405, "method not allowed\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const bool gzip = !asset.gzip.empty() && takes_gzip(request.header("accept-encoding"));
  const std::string etag = fmt::format("\"{}{}\"", asset.etag, gzip ? "-gz" : "");
  Response response;
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back(
      "Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!asset.gzip.empty()) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
  if (has_etag(request.header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  if (gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  response.content_type = asset.type;
  response.static_body = gzip ? asset.gzip : asset.plain;
  return response;
}

}  // namespace v100::net
