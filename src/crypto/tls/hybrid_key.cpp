#include "crypto/tls/hybrid_key.h"

#include "base/world.h"

namespace v100::crypto {

void HybridKey::generate(Random& random) noexcept { pair_.emplace(random); }

bool HybridKey::set_public(Bytes client_share) noexcept {
  using Mlkem = x25519mlkem768::Mlkem;
  if (client_share.size() != hybrid_client_share_bytes ||
      !mlkem::EncapsulationKey<Mlkem>::parse(client_share.first(Mlkem::ek_bytes))) {
    return false;
  }
  copy(peer_share_.emplace(), client_share);
  return true;
}

bool HybridKey::public_share(FixedMutBytes<hybrid_client_share_bytes> out) const noexcept {
  if (!has_public()) {
    return false;
  }
  copy(out, pair_ ? Bytes(pair_->share()) : Bytes(*peer_share_));
  return true;
}

bool HybridKey::encapsulate(FixedMutBytes<hybrid_server_share_bytes> server_share,
                            FixedMutBytes<hybrid_secret_bytes> secret,
                            Random& random) const noexcept {
  if (!peer_share_) {
    return false;
  }
  const auto made = x25519mlkem768::answer(*peer_share_, random);
  if (!made) {
    return false;
  }
  copy(server_share, made->share);
  copy(secret, made->secret.expose());
  return true;
}

bool HybridKey::decapsulate(FixedMutBytes<hybrid_secret_bytes> secret,
                            Bytes server_share) const noexcept {
  const auto found = pair_ ? pair_->finish(server_share) : fail(Errc::conflict, "tls: no key pair");
  if (!found) {
    return false;
  }
  copy(secret, found->expose());
  return true;
}

}  // namespace v100::crypto
