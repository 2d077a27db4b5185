#include "wire/base64.h"

#include "base/cpu.h"
#include "wire/base64_kernel.h"

namespace v100::wire {
namespace {

struct Values {
  std::uint8_t of[256];
};
constexpr Values make_values() {
  Values values{};
  for (std::uint8_t& value : values.of) {
    value = 255;
  }
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values.of[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr Values values = make_values();

const Base64Kernel& kernel() noexcept {
#if defined(__x86_64__)
  static const Base64Kernel* const tables[] = {&base64_portable, &base64_avx2, &base64_avx512};
  static const Base64Kernel& picked = *tables[static_cast<unsigned>(cpu_isa())];
  return picked;
#else
  return base64_portable;
#endif
}

// Groups of four characters, one by one; the number of characters taken.
std::size_t decode_groups(const std::uint8_t* in, std::size_t chars, std::uint8_t* out) {
  std::size_t at = 0;
  for (; at + 4 <= chars; at += 4) {
    const std::uint32_t a = values.of[in[at]], b = values.of[in[at + 1]];
    const std::uint32_t c = values.of[in[at + 2]], d = values.of[in[at + 3]];
    if (((a | b | c | d) & 0x80) != 0) {
      break;
    }
    const std::uint32_t bits = (a << 18) | (b << 12) | (c << 6) | d;
    *out++ = static_cast<std::uint8_t>(bits >> 16);
    *out++ = static_cast<std::uint8_t>(bits >> 8);
    *out++ = static_cast<std::uint8_t>(bits);
  }
  return at;
}

}  // namespace

const Base64Kernel base64_portable{
    "portable", [](const std::uint8_t* in, std::size_t chars, std::uint8_t* out) -> std::size_t {
      return chars < 8 ? 0 : decode_groups(in, chars - 8, out);
    }};

Result<std::size_t> decode_base64(std::string_view text, MutBytes out) noexcept {
  CHECK(out.size() >= base64_room(text.size()));
  if (text.size() % 4 != 0) {
    return fail(Errc::malformed, "base64: length not a multiple of 4");
  }
  if (text.empty()) {
    return std::size_t{0};
  }
  const std::uint8_t* in = as_bytes(text).data();
  std::size_t at = kernel().decode(in, text.size(), out.data());
  at += decode_groups(in + at, text.size() - 4 - at, out.data() + at / 4 * 3);
  if (at != text.size() - 4) {
    return fail(Errc::malformed, "base64: character outside the alphabet");
  }
  // The last group may be padded.
  std::uint8_t last[4];
  std::memcpy(last, in + at, 4);
  const unsigned padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
  for (unsigned i = 0; i < padding; ++i) {
    last[3 - i] = 'A';
  }
  std::uint8_t bytes[3];
  if (decode_groups(last, 4, bytes) != 4) {
    return fail(Errc::malformed, "base64: character outside the alphabet");
  }
  for (unsigned i = 3 - padding; i < 3; ++i) {
    if (bytes[i] != 0) {
      return fail(Errc::malformed, "base64: tail bits not zero");
    }
  }
  std::memcpy(out.data() + at / 4 * 3, bytes, 3 - padding);
  return at / 4 * 3 + 3 - padding;
}

const char* base64_kernel_name() noexcept { return kernel().name; }

}  // namespace v100::wire
