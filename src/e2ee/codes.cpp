// Comparison codes (docs/spec/e2ee.md §9).
#include "e2ee/codes.h"

#include "crypto/keccak/keccak.h"

namespace v100::e2ee {

namespace {

constexpr std::size_t groups = 12;
constexpr std::size_t group_bytes = 5;  // 40 bits mod 100,000: bias below 2^-23

std::string digits_with(const Fingerprint& a, const Fingerprint& b, std::string_view separator) {
  const bool in_order = a < b;
  const Hash seed =
      labelled_hash("v100 code", {(in_order ? a : b).value(), (in_order ? b : a).value()});
  ByteArray<groups * group_bytes> stream;
  keccak::shake256(stream, {seed});
  std::string out;
  for (std::size_t g = 0; g < groups; ++g) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < group_bytes; ++i) {
      number = (number << 8) | stream[g * group_bytes + i];
    }
    number %= 100000;
    if (g > 0) {
      out += separator;
    }
    for (std::uint64_t unit = 10000; unit > 0; unit /= 10) {
      out += static_cast<char>('0' + (number / unit) % 10);
    }
  }
  return out;
}

}  // namespace

std::string comparison_digits(const Fingerprint& a, const Fingerprint& b) {
  return digits_with(a, b, " ");
}

std::string comparison_qr(const Fingerprint& a, const Fingerprint& b) {
  return "v100:code:" + digits_with(a, b, "");
}

}  // namespace v100::e2ee
