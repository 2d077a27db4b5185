// Serialising, RFC 9651 §4.1.
#include <algorithm>

#include "base/text.h"
#include "wire/structured.h"

namespace v100::wire::sf {
namespace {

constexpr std::int64_t integer_max = 999'999'999'999'999;  // §3.3.1: 15 digits

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

Result<void> write_integer(std::string& out, std::int64_t value) {
  if (value > integer_max || value < -integer_max) {
    return fail(Errc::malformed, "structured field: integer out of range");
  }
  out += std::to_string(value);
  return {};
}

struct Writer {
  std::string& out;

  Result<void> operator()(std::int64_t value) const { return write_integer(out, value); }
  Result<void> operator()(Decimal value) const {
    if (value.thousandths > integer_max || value.thousandths < -integer_max) {
      return fail(Errc::malformed, "structured field: decimal out of range");
    }
    const std::int64_t size = value.thousandths < 0 ? -value.thousandths : value.thousandths;
    out += value.thousandths < 0 ? "-" : "";
    out += std::to_string(size / 1000) + "." + std::to_string(1000 + size % 1000).substr(1);
    while (out.back() == '0' && out[out.size() - 2] != '.') {
      out.pop_back();
    }
    return {};
  }
  Result<void> operator()(const std::string& text) const {
    if (!printable(text)) {
      return fail(Errc::malformed, "structured field: string outside ASCII");
    }
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        out += '\\';
      }
      out += c;
    }
    out += '"';
    return {};
  }
  Result<void> operator()(const Token& token) const {
    // What the parser reads back as this very token, and nothing else, is one.
    const Result<Item> read = parse_item(token.text);
    if (!read || !read->parameters.empty() || read->value != BareItem(token)) {
      return fail(Errc::malformed, "structured field: no token");
    }
    out += token.text;
    return {};
  }
  Result<void> operator()(const Buffer& bytes) const {
    out += ":" + to_base64(bytes) + ":";
    return {};
  }
  Result<void> operator()(bool value) const {
    out += value ? "?1" : "?0";
    return {};
  }
  Result<void> operator()(Date date) const {
    out += '@';
    return write_integer(out, date.seconds);
  }
  Result<void> operator()(const DisplayString& text) const {
    out += "%\"";
    for (const char c : text.utf8) {
      if (c == '%' || c == '"' || c < 0x20 || c > 0x7E) {
        const auto byte = static_cast<std::uint8_t>(c);
        out += "%" + to_hex(Bytes(&byte, 1));
      } else {
        out += c;
      }
    }
    out += '"';
    return {};
  }
};

Result<void> write_key(std::string& out, std::string_view key) {
  // As for tokens: a key is what the parser takes for that key.
  const Result<Dictionary> read = parse_dictionary(key);
  if (!read || read->size() != 1 || read->front().first != key ||
      read->front().second != Member(Item{true, {}})) {
    return fail(Errc::malformed, "structured field: no key");
  }
  out += key;
  return {};
}

Result<void> write(std::string& out, const Parameters& parameters) {
  for (const auto& [key, value] : parameters) {
    out += ';';
    TRY(write_key(out, key));
    if (value != BareItem(true)) {
      out += '=';
      TRY(std::visit(Writer{out}, value));
    }
  }
  return {};
}

Result<void> write(std::string& out, const Item& item) {
  TRY(std::visit(Writer{out}, item.value));
  return write(out, item.parameters);
}

Result<void> write(std::string& out, const InnerList& list) {
  out += '(';
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    out += i == 0 ? "" : " ";
    TRY(write(out, list.items[i]));
  }
  out += ')';
  return write(out, list.parameters);
}

Result<void> write(std::string& out, const Member& member) {
  return std::visit([&](const auto& m) { return write(out, m); }, member);
}

}  // namespace

Result<std::string> serialize(const Item& item) {
  std::string out;
  TRY(write(out, item));
  return out;
}

Result<std::string> serialize(const InnerList& list) {
  std::string out;
  TRY(write(out, list));
  return out;
}

Result<std::string> serialize(const List& list) {
  std::string out;
  for (const Member& member : list) {
    out += out.empty() ? "" : ", ";
    TRY(write(out, member));
  }
  return out;
}

Result<std::string> serialize(const Dictionary& dictionary) {
  std::string out;
  for (const auto& [key, member] : dictionary) {
    out += out.empty() ? "" : ", ";
    TRY(write_key(out, key));
    const auto* item = std::get_if<Item>(&member);
    if (item != nullptr && item->value == BareItem(true)) {
      TRY(write(out, item->parameters));
    } else {
      out += '=';
      TRY(write(out, member));
    }
  }
  return out;
}

}  // namespace v100::wire::sf
