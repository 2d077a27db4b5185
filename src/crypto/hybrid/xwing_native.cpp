#include "crypto/hybrid/xwing_native.h"

#include "base/world.h"
#include "crypto/hybrid/x25519.h"

namespace v100::xwing {
namespace {

ByteArray<32> public_of(const X25519Scalar& scalar) noexcept {
  ByteArray<32> out;
  x25519::public_key(out, scalar.expose());
  return out;
}

// X-Wing does not refuse points of small order: the result is then all zeros, as RFC 7748 computes
// it, and the secret rests on ML-KEM alone (draft, security considerations).
X25519Secret shared_or_zeros(const X25519Scalar& scalar, FixedBytes<32> point) noexcept {
  X25519Secret out;
  (void)x25519::shared(out.fill(), scalar.expose(), point);
  return out;
}

PrivateKey from_random(Random& random) noexcept {
  Seed seed;
  random.fill(seed.fill());
  return PrivateKey(seed);
}

}  // namespace

PrivateKey::PrivateKey(const Seed& seed) noexcept : PrivateKey(ExpandedSeed(seed)) {}

PrivateKey::PrivateKey(const ExpandedSeed& expanded) noexcept
    : PrivateKey(expanded, mlkem::KeyPair<Mlkem>::from_seed(expanded.mlkem)) {}

PrivateKey::PrivateKey(const ExpandedSeed& expanded, const mlkem::KeyPair<Mlkem>& pair) noexcept
    : sk_x_(expanded.x25519.expose()),
      public_key_(pair.ek, public_of(expanded.x25519)),
      mlkem_(pair.dk) {}

PrivateKey PrivateKey::generate(Random& random) noexcept { return from_random(random); }

SharedSecret PrivateKey::decapsulate(const Ciphertext& ciphertext) const noexcept {
  const X25519Secret shared = shared_or_zeros(sk_x_, ciphertext.x25519());
  return decapsulate_with(mlkem_, public_key_.x25519(), ciphertext, shared);
}

Encapsulated encapsulate(const PublicKey& to, Random& random) noexcept {
  EncapsulationSeed eseed;
  random.fill(eseed.fill());
  return encapsulate_internal(to, eseed);
}

Encapsulated encapsulate_internal(const PublicKey& to, const EncapsulationSeed& eseed) noexcept {
  const mlkem::Message m(eseed.expose().first<32>());
  const X25519Scalar ephemeral(eseed.expose().last<32>());
  const ByteArray<32> ct_x = public_of(ephemeral);
  const X25519Secret shared = shared_or_zeros(ephemeral, to.x25519());
  return encapsulate_with(to, m, {.public_key = ct_x, .shared = shared});
}

}  // namespace v100::xwing
