#include "crypto/hybrid/x25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/ct.h"

namespace v100::x25519 {
namespace {

// Owns one libcrypto key. Making one fails only when memory is out: that aborts, as everywhere.
class Key {
 public:
  static Key of_scalar(FixedBytes<32> raw) noexcept {
    return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size()));
  }
  static Key of_point(FixedBytes<32> raw) noexcept {
    return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size()));
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { EVP_PKEY_free(key_); }
  EVP_PKEY* get() const noexcept { return key_; }

 private:
  explicit Key(EVP_PKEY* key) noexcept : key_(key) { CHECK(key_ != nullptr); }
  EVP_PKEY* key_;
};

class Derivation {
 public:
  explicit Derivation(const Key& key) noexcept : context_(EVP_PKEY_CTX_new(key.get(), nullptr)) {
    CHECK(context_ != nullptr && EVP_PKEY_derive_init(context_) == 1);
  }
  Derivation(const Derivation&) = delete;
  Derivation& operator=(const Derivation&) = delete;
  ~Derivation() { EVP_PKEY_CTX_free(context_); }
  // False when libcrypto refuses the point or the all-zero result.
  bool with(const Key& peer, FixedMutBytes<32> out) noexcept {
    std::size_t size = out.size();
    return EVP_PKEY_derive_set_peer(context_, peer.get()) == 1 &&
           EVP_PKEY_derive(context_, out.data(), &size) == 1 && size == out.size();
  }

 private:
  EVP_PKEY_CTX* context_;
};

}  // namespace

void public_key(FixedMutBytes<32> out, FixedBytes<32> scalar) noexcept {
  const Key key = Key::of_scalar(scalar);
  std::size_t size = out.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1 && size == out.size());
}

Result<void> shared(FixedMutBytes<32> out, FixedBytes<32> scalar, FixedBytes<32> point) noexcept {
  const Key key = Key::of_scalar(scalar);
  const Key peer = Key::of_point(point);
  Derivation derivation(key);
  static constexpr ByteArray<32> zeros = {};
  // The check is made here too: a libcrypto that stopped making it would go unnoticed else.
  if (!derivation.with(peer, out) ||
      ct::declassify(ct::equal(out, zeros), "an all-zero result is refused aloud")) {
    ERR_clear_error();
    copy(out, zeros);
    return fail(Errc::forbidden, "x25519: the peer's point has small order");
  }
  return {};
}

}  // namespace v100::x25519
