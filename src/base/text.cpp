#include "base/text.h"

namespace v100 {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int base64_value(char c, bool url) noexcept {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  if (c == (url ? '-' : '+')) {
    return 62;
  }
  return c == (url ? '_' : '/') ? 63 : -1;
}

std::string encode64(Bytes bytes, const char* digits) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out.push_back(digits[(bits >> held) & 63]);
    }
  }
  if (held > 0) {
    out.push_back(digits[(bits << (6 - held)) & 63]);
  }
  return out;
}

Result<Buffer> decode64(std::string_view text, bool url) {
  if (text.size() % 4 == 1) {
    return fail(Errc::malformed, "base64: impossible length");
  }
  Buffer out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = base64_value(c, url);
    if (value < 0) {
      return fail(Errc::malformed, "base64: character outside the alphabet");
    }
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  if ((bits & ((1u << held) - 1)) != 0) {
    return fail(Errc::malformed, "base64: tail bits not zero");
  }
  return out;
}

}  // namespace

std::string to_hex(Bytes bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out.push_back(hex_digits[byte >> 4]);
    out.push_back(hex_digits[byte & 15]);
  }
  return out;
}

Result<Buffer> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return fail(Errc::malformed, "hex: odd length");
  }
  Buffer out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) {
      return fail(Errc::malformed, "hex: character outside the alphabet");
    }
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

std::string to_base64url(Bytes bytes) { return encode64(bytes, base64url_digits); }
Result<Buffer> from_base64url(std::string_view text) { return decode64(text, true); }

std::string to_base64(Bytes bytes) {
  std::string out = encode64(bytes, base64_digits);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<Buffer> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return fail(Errc::malformed, "base64: length not a multiple of 4");
  }
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) {
    text.remove_suffix(1);
  }
  return decode64(text, false);
}

}  // namespace v100
