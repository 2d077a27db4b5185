// X-Wing with libcrypto's X25519: whole operations in one call. Native builds only.
#pragma once

#include "crypto/hybrid/xwing.h"

namespace v100 {
class Random;
}

namespace v100::xwing {

// A private key, expanded once; used by one thread at a time or const by many.
class PrivateKey {
 public:
  explicit PrivateKey(const Seed& seed) noexcept;
  static PrivateKey generate(Random& random) noexcept;

  const PublicKey& public_key() const noexcept { return public_key_; }
  // Draft §5.5. Cannot fail: a wrong ciphertext gives a secret that nobody else has.
  SharedSecret decapsulate(const Ciphertext& ciphertext) const noexcept;

 private:
  explicit PrivateKey(const ExpandedSeed& expanded) noexcept;
  PrivateKey(const ExpandedSeed& expanded, const mlkem::KeyPair<Mlkem>& pair) noexcept;

  X25519Scalar sk_x_;
  PublicKey public_key_;
  mlkem::PreparedDecapsulator<Mlkem> mlkem_;
};

Encapsulated encapsulate(const PublicKey& to, Random& random) noexcept;

// Draft §5.4 (EncapsulateDerand): for vectors.
using EncapsulationSeed = Secret<64, struct EncapsulationSeedTag>;
Encapsulated encapsulate_internal(const PublicKey& to, const EncapsulationSeed& eseed) noexcept;

}  // namespace v100::xwing
