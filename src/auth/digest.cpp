// OpenSSL's incremental SHA-2 functions: EVP costs an allocation and half a microsecond a call.
#include "auth/digest.h"

#include <openssl/sha.h>

#include "base/text.h"
#include "wire/base64.h"
#include "wire/structured.h"

namespace v100::auth {
namespace {

constexpr std::string_view head_256 = "sha-256=:", head_512 = "sha-512=:";

// The usual spelling: one digest and nothing else.
template <std::size_t N>
bool read_alone(std::string_view header, std::string_view head, ByteArray<N>& out) noexcept {
  constexpr std::size_t chars = (N + 2) / 3 * 4;
  if (header.size() != head.size() + chars + 1 || !header.starts_with(head) ||
      header.back() != ':') {
    return false;
  }
  std::uint8_t room[chars / 4 * 3];
  const Result<std::size_t> size = wire::decode_base64(header.substr(head.size(), chars), room);
  if (!size || *size != N) {
    return false;
  }
  copy(out, Bytes(room).first(N));
  return true;
}

template <std::size_t N>
Result<bool> take(const wire::sf::Dictionary& all, std::string_view name, ByteArray<N>& out) {
  const wire::sf::Member* member = wire::sf::find(all, name);
  if (member == nullptr) {
    return false;
  }
  const wire::sf::Item* item = std::get_if<wire::sf::Item>(member);
  const Buffer* bytes = item == nullptr ? nullptr : std::get_if<Buffer>(&item->value);
  if (bytes == nullptr || bytes->size() != N) {
    return fail(Errc::malformed, "content-digest: not a byte sequence of the right length");
  }
  copy(out, *bytes);
  return true;
}

}  // namespace

ByteArray<32> sha256(Bytes bytes) noexcept {
  ByteArray<32> out;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(out.data(), &context);
  return out;
}

ByteArray<64> sha512(Bytes bytes) noexcept {
  ByteArray<64> out;
  SHA512_CTX context;
  SHA512_Init(&context);
  SHA512_Update(&context, bytes.data(), bytes.size());
  SHA512_Final(out.data(), &context);
  return out;
}

Result<ContentDigest> read_content_digest(std::string_view header) {
  ContentDigest out;
  if (read_alone(header, head_256, out.sha256)) {
    out.has_sha256 = true;
    return out;
  }
  if (read_alone(header, head_512, out.sha512)) {
    out.has_sha512 = true;
    return out;
  }
  const wire::sf::Dictionary all = TRY(wire::sf::parse_dictionary(header));
  out.has_sha256 = TRY(take(all, "sha-256", out.sha256));
  out.has_sha512 = TRY(take(all, "sha-512", out.sha512));
  if (!out.has_sha256 && !out.has_sha512) {
    return fail(Errc::malformed, "content-digest: neither sha-256 nor sha-512");
  }
  return out;
}

std::string write_content_digest(Bytes body, DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::sha256
             ? std::string(head_256) + to_base64(sha256(body)) + ":"
             : std::string(head_512) + to_base64(sha512(body)) + ":";
}

}  // namespace v100::auth
