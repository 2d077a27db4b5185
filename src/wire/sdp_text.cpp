// Names and small texts inside session descriptions (sdp.h).
#include <algorithm>

#include "wire/sdp.h"

namespace v100::sdp {
namespace {

constexpr std::size_t layers_max = 16;

// The text up to the first `mark` (all of it where there is none); `rest` gets what follows.
std::string_view cut(std::string_view text, char mark, std::string_view& rest) noexcept {
  const std::size_t at = text.find(mark);
  rest = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return text.substr(0, at);
}

}  // namespace

const char* name(Kind kind) noexcept {
  constexpr const char* names[] = {"audio", "video", "application", "other"};
  return names[static_cast<std::size_t>(kind)];
}

const char* name(Direction direction) noexcept {
  constexpr const char* names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
  return names[static_cast<std::size_t>(direction)];
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> format_value(std::string_view format, std::string_view key) {
  while (!format.empty()) {
    std::string_view one = cut(format, ';', format);
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    std::string_view value;
    if (same_name(cut(one, '=', value), key)) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> simulcast_ids(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty() && out.size() < layers_max) {
    std::string_view rest;
    std::string_view id = cut(cut(list, ';', list), ',', rest);
    if (!id.empty() && id[0] == '~') {
      id.remove_prefix(1);
    }
    if (!id.empty()) {
      out.push_back(id);
    }
  }
  return out;
}

}  // namespace v100::sdp
