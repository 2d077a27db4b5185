#include "crypto/tls/hybrid_key.h"

#include <memory>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/world.h"

namespace v100::crypto {
namespace {

// OpenSSL's generator, which inside a provider is the one at hand. Like every Random it cannot
// fail.
class LibraryRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    CHECK(RAND_priv_bytes(out.data(), static_cast<int>(out.size())) == 1);
  }
};

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;

Key x25519_private(FixedBytes<x25519_bytes> raw) noexcept {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size()));
}

bool x25519_public_of(FixedMutBytes<x25519_bytes> out, FixedBytes<x25519_bytes> secret) noexcept {
  const Key key = x25519_private(secret);
  std::size_t size = out.size();
  return key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1;
}

// RFC 7748 §6.1. OpenSSL refuses an all-zero result itself.
bool x25519(FixedMutBytes<x25519_bytes> out, FixedBytes<x25519_bytes> secret,
            FixedBytes<x25519_bytes> peer) noexcept {
  const Key key = x25519_private(secret);
  const Key other(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()));
  EVP_PKEY_CTX* context = key != nullptr ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr;
  std::size_t size = out.size();
  const bool done = context != nullptr && other != nullptr && EVP_PKEY_derive_init(context) == 1 &&
                    EVP_PKEY_derive_set_peer(context, other.get()) == 1 &&
                    EVP_PKEY_derive(context, out.data(), &size) == 1 && size == out.size();
  EVP_PKEY_CTX_free(context);
  return done;
}

using Parameters = mlkem::Mlkem768;

}  // namespace

bool HybridKey::generate() noexcept {
  LibraryRandom random;
  auto pair = mlkem::keygen<Parameters>(random);
  Secret<x25519_bytes, struct X25519Tag> secret;
  random.fill(secret.fill());
  ByteArray<x25519_bytes> own;
  if (!x25519_public_of(own, secret.expose())) {
    return false;
  }
  public_.emplace(Public{pair.ek, own});
  private_.emplace(Private{std::move(pair.dk), {}});
  copy(private_->x25519.fill(), secret.expose());
  return true;
}

bool HybridKey::set_public(Bytes client_share) noexcept {
  if (client_share.size() != hybrid_client_share_bytes) {
    return false;
  }
  auto ek = mlkem::EncapsulationKey<Parameters>::parse(client_share.first(Parameters::ek_bytes));
  if (!ek) {
    return false;
  }
  public_.emplace(Public{*ek, {}});
  copy(public_->x25519, client_share.last(x25519_bytes));
  return true;
}

bool HybridKey::public_share(FixedMutBytes<hybrid_client_share_bytes> out) const noexcept {
  if (!public_) {
    return false;
  }
  copy(out.first<Parameters::ek_bytes>(), public_->ek.bytes());
  copy(out.last<x25519_bytes>(), public_->x25519);
  return true;
}

bool HybridKey::encapsulate(FixedMutBytes<hybrid_server_share_bytes> server_share,
                            FixedMutBytes<hybrid_secret_bytes> secret) const noexcept {
  if (!public_) {
    return false;
  }
  LibraryRandom random;
  Secret<x25519_bytes, struct X25519Tag> own;
  random.fill(own.fill());
  if (!x25519_public_of(server_share.last<x25519_bytes>(), own.expose()) ||
      !x25519(secret.last<x25519_bytes>(), own.expose(), public_->x25519)) {
    return false;
  }
  const auto made = mlkem::encapsulate(public_->ek, random);
  copy(server_share.first<Parameters::ct_bytes>(), made.ciphertext.bytes());
  copy(secret.first<32>(), made.secret.expose());
  return true;
}

bool HybridKey::decapsulate(FixedMutBytes<hybrid_secret_bytes> secret,
                            Bytes server_share) const noexcept {
  if (!private_ || server_share.size() != hybrid_server_share_bytes) {
    return false;
  }
  const Bytes peer = server_share.last(x25519_bytes);
  if (!x25519(secret.last<x25519_bytes>(), private_->x25519.expose(), peer.first<x25519_bytes>())) {
    return false;
  }
  const mlkem::Ciphertext<Parameters> ciphertext(server_share.first<Parameters::ct_bytes>());
  copy(secret.first<32>(), mlkem::decapsulate(private_->dk, ciphertext).expose());
  return true;
}

}  // namespace v100::crypto
