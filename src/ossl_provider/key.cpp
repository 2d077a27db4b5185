#include "ossl_provider/key.h"

#include <utility>

namespace v100::ossl {

const keys::PublicKey* Key::public_key() const noexcept {
  return private_ ? &private_->public_key() : public_ ? &*public_ : nullptr;
}

const keys::PrivateKey* Key::private_key() const noexcept {
  return private_ ? &*private_ : nullptr;
}

Result<void> Key::set(keys::PublicKey key) noexcept {
  if (!empty()) {
    return fail(Errc::conflict, "key: a key that is set does not change");
  }
  public_.emplace(std::move(key));
  return {};
}

Result<void> Key::set(keys::PrivateKey key) noexcept {
  if (!empty()) {
    return fail(Errc::conflict, "key: a key that is set does not change");
  }
  private_.emplace(std::move(key));
  return {};
}

void Key::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

Result<void> fill(Key& key, const KeyParts& parts) noexcept {
  const keys::Algorithm algorithm = key.algorithm();
  if (parts.seed.empty() && parts.expanded.empty()) {
    return key.set(TRY(keys::PublicKey::from(algorithm, parts.public_key)));
  }
  keys::PrivateKey made = TRY(
      parts.expanded.empty() ? keys::PrivateKey::from_seed(algorithm, parts.seed)
      : parts.seed.empty()   ? keys::PrivateKey::from_expanded(algorithm, parts.expanded)
                             : keys::PrivateKey::from_both(algorithm, parts.seed, parts.expanded));
  if (!parts.public_key.empty() && !same(parts.public_key, made.public_key().bytes)) {
    return fail(Errc::malformed, "key: the public key is not that of the private key");
  }
  return key.set(std::move(made));
}

std::size_t generate_random_bytes(const keys::Info& info) noexcept {
  return info.kind == keys::Kind::slhdsa ? info.expanded_bytes / 4 * 3 : info.seed_bytes;
}

}  // namespace v100::ossl
