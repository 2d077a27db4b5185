#include "base/text.h"

#include "base/ct.h"
#include "base/secret.h"

namespace v100 {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Base64 by arithmetic, not by table: private keys travel in it, and neither a branch nor an index
// may depend on them.

// -1 where low <= value <= high, else 0; values below 2^30. Opaque, or the compiler makes a branch.
int between(int value, int low, int high) noexcept {
  const int sign = (low - 1 - value) & (value - high - 1);
  return static_cast<int>(ct::opaque(static_cast<std::uint32_t>(sign >> 31)));
}

// The value of a digit; -1 for any other character.
int base64_value(char c, bool url) noexcept {
  const int code = static_cast<unsigned char>(c);
  const int minus = url ? '-' : '+', slash = url ? '_' : '/';
  return -1 + (between(code, 'A', 'Z') & (code - 'A' + 1)) +
         (between(code, 'a', 'z') & (code - 'a' + 27)) +
         (between(code, '0', '9') & (code - '0' + 53)) + (between(code, minus, minus) & 63) +
         (between(code, slash, slash) & 64);
}

char base64_digit(std::uint32_t bits, bool url) noexcept {
  const int value = static_cast<int>(bits & 63);
  const int minus = url ? '-' : '+', slash = url ? '_' : '/';
  return static_cast<char>((between(value, 0, 25) & (value + 'A')) |
                           (between(value, 26, 51) & (value - 26 + 'a')) |
                           (between(value, 52, 61) & (value - 52 + '0')) |
                           (between(value, 62, 62) & minus) | (between(value, 63, 63) & slash));
}

std::string encode64(Bytes bytes, bool url) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out.push_back(base64_digit(bits >> held, url));
    }
  }
  if (held > 0) {
    out.push_back(base64_digit(bits << (6 - held), url));
  }
  return out;
}

Result<Buffer> decode64(std::string_view text, bool url) {
  if (text.size() % 4 == 1) {
    return fail(Errc::malformed, "base64: impossible length");
  }
  Buffer out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0, bad = 0;
  int held = 0;
  for (const char c : text) {
    const std::uint32_t value = static_cast<std::uint32_t>(base64_value(c, url));
    bad |= value;
    bits = (bits << 6) | (value & 63);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  bad |= (bits & ((1u << held) - 1)) << 6;
  if (!ct::declassify(ct::is_zero(bad & ~63u), "whether it is base64 at all")) {
    wipe(out);
    return fail(Errc::malformed,
                "base64: a character outside the alphabet, or tail bits that are not zero");
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

std::string to_base64url(Bytes bytes) { return encode64(bytes, true); }
Result<Buffer> from_base64url(std::string_view text) { return decode64(text, true); }

std::string to_base64(Bytes bytes) {
  std::string out = encode64(bytes, false);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<Buffer> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return fail(Errc::malformed, "base64: length not a multiple of 4");
  }
  const auto padded = [&] {
    const auto last = static_cast<std::uint32_t>(static_cast<unsigned char>(text.back()));
    return ct::declassify(ct::is_zero(last ^ '='), "padding tells the length alone");
  };
  for (int i = 0; i < 2 && !text.empty() && padded(); ++i) {
    text.remove_suffix(1);
  }
  return decode64(text, false);
}

}  // namespace v100
