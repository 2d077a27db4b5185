#include "main/attest/source.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include "io/file.h"

namespace v100::attest_tool {
namespace {

bool is_url(std::string_view place) {
  return place.starts_with("http://") || place.starts_with("https://");
}

std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* out) {
  auto& body = *static_cast<Buffer*>(out);
  if (body.size() + bytes > fetch_bytes_max) {
    return 0;  // libcurl then fails the transfer
  }
  append(body, as_bytes({data, bytes}));
  return bytes;
}

Result<Buffer> fetch_url(const std::string& url, const FetchOptions& options) {
  static CURL* const curl = curl_easy_init();  // its connection is used again
  if (curl == nullptr) {
    return fail(Errc::unavailable, "libcurl cannot start");
  }
  Buffer body;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "v100-attest");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  if (options.insecure) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_WRITE_ERROR) {
    return fail(Errc::too_large, "larger than 1 MiB");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return fail(Errc::unavailable,
                "the server's certificate is not trusted (--ca FILE, or --insecure: signatures "
                "are checked all the same)");
  }
  if (code != CURLE_OK) {
    return fail(Errc::unavailable, "the server cannot be reached");
  }
  if (status == 404) {
    return fail(Errc::not_found, "not there");
  }
  if (status != 200) {
    return fail(Errc::unavailable, "the server answers with an error");
  }
  return body;
}

}  // namespace

Result<Buffer> fetch(const std::string& place, const FetchOptions& options) {
  return is_url(place) ? fetch_url(place, options) : io::read_file(place, fetch_bytes_max);
}

std::string below(const std::string& place, std::string_view path) {
  std::string out = place;
  while (out.ends_with('/')) {
    out.pop_back();
  }
  return out.append("/").append(path);
}

merkle::TileSource tiles_of(const std::string& place, const FetchOptions& options) {
  return [place, options](const merkle::TileId& id) -> Result<Buffer> {
    const Result<Buffer> tile = fetch(below(place, merkle::tile_path(id)), options);
    if (tile || id.full() || tile.error().code != Errc::not_found) {
      return tile;
    }
    return fetch(below(place, merkle::tile_path({id.level, id.index, merkle::tile_width})),
                 options);
  };
}

Done<std::vector<merkle::Vkey>> read_vkeys(const std::vector<std::string>& arguments,
                                           const FetchOptions& options) {
  std::vector<merkle::Vkey> out;
  for (const std::string& argument : arguments) {
    if (const auto key = merkle::Vkey::parse(argument)) {
      out.push_back(*key);
      continue;
    }
    const Result<Buffer> content = fetch(argument, options);
    if (!content) {
      return could_not(argument, content.error());
    }
    std::string_view rest = as_text(*content);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.empty() || line.front() == '#') {
        continue;
      }
      const auto key = merkle::Vkey::parse(line);
      if (!key) {
        return could_not(argument, key.error());
      }
      out.push_back(*key);
    }
  }
  if (out.empty()) {
    return could_not("no verifier key in what --key names");
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < ' ') {
      out.append(fmt::format("\\u{:04x}", static_cast<unsigned>(c)));
    } else {
      out.push_back(c);
    }
  }
  return out.append("\"");
}

}  // namespace v100::attest_tool
