// SFrame headers, labels, nonces, replay windows (RFC 9605) and the codecs' clear bytes.
#include "e2ee/sframe.h"

#include <bit>

namespace v100::e2ee {

namespace {

constexpr std::size_t bytes_of(std::uint64_t value) noexcept {
  return value == 0 ? 1 : (static_cast<std::size_t>(std::bit_width(value)) + 7) / 8;
}

// One half of the config byte: the value itself below 8, else 8 + (length - 1).
constexpr std::uint8_t half(std::uint64_t value) noexcept {
  return static_cast<std::uint8_t>(value < 8 ? value : 8 + (bytes_of(value) - 1));
}

void put(HeaderBytes& out, std::uint64_t value) noexcept {
  if (value < 8) {
    return;
  }
  for (std::size_t left = bytes_of(value); left > 0; --left) {
    out.bytes[out.size++] = static_cast<std::uint8_t>(value >> (8 * (left - 1)));
  }
}

// Reads one of the two values; `code` is its half of the config byte.
Result<std::uint64_t> take(Bytes bytes, std::size_t& at, std::uint8_t code) {
  if (code < 8) {
    return code;
  }
  const std::size_t count = static_cast<std::size_t>(code - 8) + 1;
  if (bytes.size() - at < count) {
    return fail(Errc::malformed, "sframe: header is cut");
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = (value << 8) | bytes[at++];
  }
  if (half(value) != code) {
    return fail(Errc::malformed, "sframe: header is not the shortest");
  }
  return value;
}

template <std::size_t N>
ByteArray<N> label(std::string_view text, Kid kid, SframeSuite suite) noexcept {
  CHECK(text.size() + 10 == N);
  ByteArray<N> out;
  copy(MutBytes(out).first(text.size()), as_bytes(text));
  store_be(out.data() + text.size(), kid.value());
  store_be(out.data() + text.size() + 8, static_cast<std::uint16_t>(suite));
  return out;
}

}  // namespace

std::optional<SframeSuiteInfo> suite_info(SframeSuite suite) noexcept {
  switch (suite) {
    case SframeSuite::aes_128_ctr_hmac_sha256_80:
      return SframeSuiteInfo{16, 32, 10, 32};
    case SframeSuite::aes_128_ctr_hmac_sha256_64:
      return SframeSuiteInfo{16, 32, 8, 32};
    case SframeSuite::aes_128_ctr_hmac_sha256_32:
      return SframeSuiteInfo{16, 32, 4, 32};
    case SframeSuite::aes_128_gcm_sha256_128:
      return SframeSuiteInfo{16, 0, 16, 32};
    case SframeSuite::aes_256_gcm_sha512_128:
      return SframeSuiteInfo{32, 0, 16, 64};
    case SframeSuite::aes_256_ctr_hmac_sha512_80:
      return SframeSuiteInfo{32, 64, 10, 64};
    case SframeSuite::aes_256_ctr_hmac_sha512_64:
      return SframeSuiteInfo{32, 64, 8, 64};
    case SframeSuite::aes_256_ctr_hmac_sha512_32:
      return SframeSuiteInfo{32, 64, 4, 64};
  }
  return std::nullopt;
}

Kid kid_of(SenderId sender, Epoch epoch, Track track) noexcept {
  return Kid((static_cast<std::uint64_t>(sender.value()) << 24) |
             (static_cast<std::uint64_t>(epoch.value() & 0xffff) << 8) |
             static_cast<std::uint64_t>(track));
}

std::optional<KidParts> kid_parts(Kid kid) noexcept {
  const std::uint64_t value = kid.value();
  if ((value >> 48) != 0 || (value & 0xff) >= tracks) {
    return std::nullopt;
  }
  return KidParts{SenderId(static_cast<std::uint32_t>(value >> 24)),
                  static_cast<std::uint16_t>(value >> 8), static_cast<Track>(value & 0xff)};
}

HeaderBytes write_header(const FrameHeader& header) noexcept {
  HeaderBytes out;
  out.bytes[0] =
      static_cast<std::uint8_t>((half(header.kid.value()) << 4) | half(header.counter.value()));
  out.size = 1;
  put(out, header.kid.value());
  put(out, header.counter.value());
  return out;
}

Result<ParsedHeader> parse_header(Bytes bytes) {
  if (bytes.empty()) {
    return fail(Errc::malformed, "sframe: empty");
  }
  ParsedHeader parsed;
  parsed.size = 1;
  parsed.header.kid = Kid(TRY(take(bytes, parsed.size, static_cast<std::uint8_t>(bytes[0] >> 4))));
  parsed.header.counter =
      Counter(TRY(take(bytes, parsed.size, static_cast<std::uint8_t>(bytes[0] & 15))));
  return parsed;
}

ByteArray<32> key_label(Kid kid, SframeSuite suite) noexcept {
  return label<32>("SFrame 1.0 Secret key ", kid, suite);
}

ByteArray<33> salt_label(Kid kid, SframeSuite suite) noexcept {
  return label<33>("SFrame 1.0 Secret salt ", kid, suite);
}

ByteArray<sframe_nonce_bytes> frame_nonce(FixedBytes<sframe_nonce_bytes> salt,
                                          Counter counter) noexcept {
  ByteArray<sframe_nonce_bytes> nonce;
  copy(nonce, salt);
  ByteArray<8> bytes;
  store_be(bytes.data(), counter.value());
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[4 + i] = static_cast<std::uint8_t>(nonce[4 + i] ^ bytes[i]);
  }
  return nonce;
}

bool ReplayWindow::fresh(Counter counter) const noexcept {
  const std::uint64_t value = counter.value();
  if (!any_ || value > newest_) {
    return true;
  }
  if (newest_ - value >= size) {
    return false;
  }
  return ((seen_[(value / 64) % words] >> (value % 64)) & 1) == 0;
}

void ReplayWindow::mark(Counter counter) noexcept {
  const std::uint64_t value = counter.value();
  if (!any_ || value > newest_) {
    // Forget what the ring's places held before: they now stand for counters not seen yet.
    const std::uint64_t steps = any_ ? value - newest_ : size;
    if (steps >= size) {
      for (std::uint64_t& word : seen_) {
        word = 0;
      }
    } else {
      for (std::uint64_t c = newest_ + 1; c != value; ++c) {
        seen_[(c / 64) % words] &= ~(1ull << (c % 64));
      }
    }
    newest_ = value;
    any_ = true;
  }
  seen_[(value / 64) % words] |= 1ull << (value % 64);
}

std::size_t clear_bytes(Codec codec, Bytes frame) noexcept {
  if (codec != Codec::vp8 || frame.empty()) {
    return 0;
  }
  // RFC 6386 §9.1: bit 0 of the frame tag is 0 for a key frame, whose tag, start code and sizes
  // take 10 bytes; packetizer and SFU read nothing beyond.
  const std::size_t wanted = (frame[0] & 1) == 0 ? 10 : 3;
  return wanted < frame.size() ? wanted : frame.size();
}

}  // namespace v100::e2ee
