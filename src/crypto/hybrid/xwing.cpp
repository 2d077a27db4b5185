#include "crypto/hybrid/xwing.h"

#include "crypto/keccak/keccak.h"

namespace v100::xwing {
namespace {

// Draft §5.3: the ASCII art \.//^\ .
constexpr ByteArray<6> label = {0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c};

}  // namespace

ExpandedSeed::ExpandedSeed(const Seed& seed) noexcept {
  keccak::Shake256 xof;
  xof.absorb(seed.expose());
  xof.squeeze(mlkem.fill());
  xof.squeeze(x25519.fill());
}

Result<PublicKey> PublicKey::parse(Bytes raw) noexcept {
  if (raw.size() != public_key_bytes) {
    return fail(Errc::malformed, "x-wing: public key has the wrong length");
  }
  const auto pk_m = TRY(mlkem::EncapsulationKey<Mlkem>::parse(raw.first(Mlkem::ek_bytes)));
  return PublicKey(pk_m, raw.last<x25519_bytes>());
}

PublicKey::PublicKey(const mlkem::EncapsulationKey<Mlkem>& pk_m,
                     FixedBytes<x25519_bytes> pk_x) noexcept
    : pk_m_(pk_m) {
  copy(pk_x_, pk_x);
}

ByteArray<public_key_bytes> PublicKey::bytes() const noexcept {
  ByteArray<public_key_bytes> out;
  copy(MutBytes(out).first(Mlkem::ek_bytes), pk_m_.bytes());
  copy(MutBytes(out).last(x25519_bytes), pk_x_);
  return out;
}

Result<Ciphertext> Ciphertext::parse(Bytes raw) noexcept {
  if (raw.size() != ciphertext_bytes) {
    return fail(Errc::malformed, "x-wing: ciphertext has the wrong length");
  }
  return Ciphertext(mlkem::Ciphertext<Mlkem>(raw.first<Mlkem::ct_bytes>()),
                    raw.last<x25519_bytes>());
}

Ciphertext::Ciphertext(const mlkem::Ciphertext<Mlkem>& ct_m, FixedBytes<x25519_bytes> ct_x) noexcept
    : ct_m_(ct_m) {
  copy(ct_x_, ct_x);
}

ByteArray<ciphertext_bytes> Ciphertext::bytes() const noexcept {
  ByteArray<ciphertext_bytes> out;
  copy(MutBytes(out).first(Mlkem::ct_bytes), ct_m_.bytes());
  copy(MutBytes(out).last(x25519_bytes), ct_x_);
  return out;
}

SharedSecret combine(const CombinerInput& input) noexcept {
  SharedSecret out;
  keccak::sha3_256(out.fill(),
                   {input.ss_m.expose(), input.ss_x.expose(), input.ct_x, input.pk_x, label});
  return out;
}

Encapsulated encapsulate_with(const PublicKey& to, const mlkem::Message& m,
                              const EphemeralX25519& x25519) noexcept {
  const mlkem::Encapsulated<Mlkem> inner = mlkem::encapsulate_internal(to.mlkem(), m);
  return {Ciphertext(inner.ciphertext, x25519.public_key), combine({.ss_m = inner.secret,
                                                                    .ss_x = x25519.shared,
                                                                    .ct_x = x25519.public_key,
                                                                    .pk_x = to.x25519()})};
}

SharedSecret decapsulate_with(const mlkem::PreparedDecapsulator<Mlkem>& mlkem,
                              FixedBytes<x25519_bytes> own_pk_x, const Ciphertext& ciphertext,
                              const X25519Secret& shared) noexcept {
  const mlkem::SharedSecret ss_m = mlkem.decapsulate(ciphertext.mlkem());
  return combine({.ss_m = ss_m, .ss_x = shared, .ct_x = ciphertext.x25519(), .pk_x = own_pk_x});
}

}  // namespace v100::xwing
