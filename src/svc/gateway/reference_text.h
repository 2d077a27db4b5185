// The Attestation field of an answer (docs/spec/gateway.md §3):
//   Attestation: "SHARD-SEQUENCE-SALT";entry=:BASE64:;committed=?1
// The id asks for the proof later, the entry holds the log to it at once; committed=?0 is a
// promise.
#pragma once

#include <array>
#include <charconv>
#include <string>

#include "merkle/leaf.h"

namespace v100::gateway {

// As merkle::Reference::id() and wire::sf would write it, without their allocations.
inline void append_reference(std::string& out, const merkle::Reference& reference, bool committed) {
  static constexpr char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static constexpr char plain[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<char, 192> room;
  char* to = room.data();
  const auto put = [&to](std::string_view text) {
    for (const char c : text) {
      *to++ = c;
    }
  };
  const auto put_base64 = [&to](Bytes bytes, const char* digits) {
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
      const std::uint32_t three = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                  static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
      *to++ = digits[three >> 18];
      *to++ = digits[three >> 12 & 63];
      *to++ = digits[three >> 6 & 63];
      *to++ = digits[three & 63];
    }
    return i;
  };
  *to++ = '"';
  to = std::to_chars(to, to + 5, reference.shard).ptr;
  *to++ = '-';
  to = std::to_chars(to, to + 20, reference.sequence).ptr;
  *to++ = '-';
  put_base64(reference.salt, url);
  put("\";entry=:");
  const std::size_t at = put_base64(reference.entry, plain);
  static_assert(sizeof(merkle::Hash) % 3 == 2 && merkle::salt_bytes % 3 == 0);
  const std::uint32_t two = static_cast<std::uint32_t>(reference.entry[at]) << 16 |
                            static_cast<std::uint32_t>(reference.entry[at + 1]) << 8;
  *to++ = plain[two >> 18];
  *to++ = plain[two >> 12 & 63];
  *to++ = plain[two >> 6 & 63];
  *to++ = '=';
  put(committed ? ":;committed=?1" : ":;committed=?0");
  out.append(room.data(), to);
}

}  // namespace v100::gateway
