// The JSON cursor (RFC 8259).
#include "e2ee/json.h"

namespace v100::e2ee {

namespace {

bool is_digit(std::uint8_t c) noexcept { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

void JsonCursor::space() noexcept {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonCursor::take(char c) noexcept {
  space();
  if (at_ < text_.size() && text_[at_] == static_cast<std::uint8_t>(c)) {
    ++at_;
    return true;
  }
  return false;
}

bool JsonCursor::literal(std::string_view word) noexcept {
  space();
  if (as_text(text_.subspan(at_)).starts_with(word)) {
    at_ += word.size();
    return true;
  }
  return false;
}

Result<std::uint32_t> JsonCursor::hex4() {
  if (text_.size() - at_ < 4) {
    return fail(Errc::malformed, "json: escape is cut");
  }
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint8_t c = text_[at_++];
    const std::uint8_t lower = static_cast<std::uint8_t>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + 10 + (lower - 'a');
    } else {
      return fail(Errc::malformed, "json: bad escape");
    }
  }
  return value;
}

Result<void> JsonCursor::escape(std::string& out) {
  if (at_ == text_.size()) {
    return fail(Errc::malformed, "json: escape is cut");
  }
  const char c = static_cast<char>(text_[at_++]);
  constexpr std::string_view codes = "\"\\/bfnrt";
  constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  const std::size_t simple = codes.find(c);
  if (simple != std::string_view::npos) {
    out += values[simple];
    return {};
  }
  if (c != 'u') {
    return fail(Errc::malformed, "json: bad escape");
  }
  std::uint32_t code = TRY(hex4());
  if (code >= 0xd800 && code < 0xdc00) {
    if (!as_text(text_.subspan(at_)).starts_with("\\u")) {
      return fail(Errc::malformed, "json: half a surrogate pair");
    }
    at_ += 2;
    const std::uint32_t low = TRY(hex4());
    if (low < 0xdc00 || low >= 0xe000) {
      return fail(Errc::malformed, "json: half a surrogate pair");
    }
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xdc00 && code < 0xe000) {
    return fail(Errc::malformed, "json: half a surrogate pair");
  }
  append_utf8(out, code);
  return {};
}

Result<std::string> JsonCursor::string(std::size_t bytes_max) {
  if (!take('"')) {
    return fail(Errc::malformed, "json: no string");
  }
  std::string out;
  while (at_ < text_.size()) {
    const std::uint8_t c = text_[at_++];
    if (c == '"') {
      return out;
    }
    if (c < 0x20) {
      return fail(Errc::malformed, "json: control character in a string");
    }
    if (c == '\\') {
      TRY(escape(out));
    } else {
      out += static_cast<char>(c);
    }
    if (out.size() > bytes_max) {
      return fail(Errc::too_large, "json: string too long");
    }
  }
  return fail(Errc::malformed, "json: string not closed");
}

Result<std::uint32_t> JsonCursor::number() {
  space();
  std::uint64_t value = 0;
  const std::size_t start = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) {
    value = value * 10 + (text_[at_++] - static_cast<std::uint8_t>('0'));
    if (value > 0xffffffffu) {
      return fail(Errc::too_large, "json: number too large");
    }
  }
  const bool leading_zero = at_ - start > 1 && text_[start] == '0';
  const bool goes_on = at_ < text_.size() && (text_[at_] == '.' || (text_[at_] | 0x20) == 'e');
  if (at_ == start || leading_zero || goes_on) {
    return fail(Errc::malformed, "json: no integer");
  }
  return static_cast<std::uint32_t>(value);
}

Result<bool> JsonCursor::boolean() {
  if (literal("true")) {
    return true;
  }
  if (literal("false")) {
    return false;
  }
  return fail(Errc::malformed, "json: no boolean");
}

Result<void> JsonCursor::skip_number() {
  const auto digits = [&] {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) {
      ++at_;
    }
    return at_ > start;
  };
  const auto sign = [&](std::string_view any) {
    if (at_ < text_.size() && any.find(static_cast<char>(text_[at_])) != std::string_view::npos) {
      ++at_;
      return true;
    }
    return false;
  };
  sign("-");
  if (!digits()) {
    return fail(Errc::malformed, "json: no value");
  }
  if (sign(".") && !digits()) {
    return fail(Errc::malformed, "json: bad number");
  }
  if (sign("eE")) {
    sign("+-");
    if (!digits()) {
      return fail(Errc::malformed, "json: bad number");
    }
  }
  return {};
}

Result<void> JsonCursor::skip() { return skip_value(depth_max); }

Result<void> JsonCursor::skip_value(unsigned depth) {
  space();
  if (depth == 0) {
    return fail(Errc::too_large, "json: nested too deep");
  }
  const char next = at_ < text_.size() ? static_cast<char>(text_[at_]) : '\0';
  if (next == '{') {
    return object([&](std::string_view) { return skip_value(depth - 1); });
  }
  if (next == '[') {
    return array([&] { return skip_value(depth - 1); });
  }
  if (next == '"') {
    TRY(string(text_.size()));
    return {};
  }
  return literal("true") || literal("false") || literal("null") ? Result<void>() : skip_number();
}

Result<void> JsonCursor::end() {
  space();
  return at_ == text_.size() ? Result<void>() : fail(Errc::malformed, "json: more than one value");
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const std::uint8_t byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace v100::e2ee
