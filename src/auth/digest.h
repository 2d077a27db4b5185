// Content-Digest (RFC 9530) and the hashes behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::auth {

ByteArray<32> sha256(Bytes bytes) noexcept;
ByteArray<64> sha512(Bytes bytes) noexcept;

// What a Content-Digest field says, as far as we know its algorithms.
struct ContentDigest {
  ByteArray<32> sha256{};
  ByteArray<64> sha512{};
  bool has_sha256 = false, has_sha512 = false;  // one at least

  bool matches_sha512(Bytes body) const noexcept {
    return !has_sha512 || same(sha512, auth::sha512(body));
  }
};

// malformed: not a dictionary of byte sequences, a digest of a wrong length, or neither sha-256 nor
// sha-512.
Result<ContentDigest> read_content_digest(std::string_view header);

enum class DigestAlgorithm : std::uint8_t { sha256, sha512 };
std::string write_content_digest(Bytes body, DigestAlgorithm algorithm);

}  // namespace v100::auth
