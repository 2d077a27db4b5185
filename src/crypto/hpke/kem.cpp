#include "crypto/hpke/kem.h"

#include "base/world.h"
#include "crypto/hpke/curves.h"
#include "crypto/hpke/kdf.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/mlkem.h"

namespace v100::hpke {
namespace {

ByteArray<5> suite_of(Kem kem) noexcept {
  ByteArray<5> id = {'K', 'E', 'M'};
  store_be(id.data() + 3, static_cast<std::uint16_t>(kem));
  return id;
}

Error bad_length() noexcept {
  return {Errc::malformed, "hpke: a key, an encapsulation or its randomness has the wrong length"};
}

// ---- DHKEM

crypto::Digest digest_of(Kem kem) noexcept {
  return kem == Kem::p384                       ? crypto::Digest::sha384
         : kem == Kem::p521 || kem == Kem::x448 ? crypto::Digest::sha512
                                                : crypto::Digest::sha256;
}

// RFC 9180 §7.1.3 (DeriveKeyPair)
Result<KeyPair> derive_dh(Kem kem, Bytes ikm) {
  const Curve& curve = curve_of(kem);
  const ByteArray<5> suite = suite_of(kem);
  const LabeledHkdf kdf(digest_of(kem), suite);
  const SecretBytes prk = kdf.extract({}, "dkp_prk", ikm);
  if (curve.nist_curve == 0) {
    SecretBytes sk = kdf.expand(prk.expose(), "sk", {}, curve.private_bytes);
    Buffer pk = TRY(public_of(curve, sk.expose()));
    return KeyPair{std::move(pk), std::move(sk)};
  }
  for (unsigned counter = 0; counter < 256; ++counter) {
    const std::uint8_t byte = static_cast<std::uint8_t>(counter);
    SecretBytes sk = kdf.expand(prk.expose(), "candidate", {&byte, 1}, curve.private_bytes);
    if (kem == Kem::p521) {
      sk.fill()[0] &= 1;
    }
    if (is_scalar(curve, sk.expose())) {
      Buffer pk = TRY(public_of(curve, sk.expose()));
      return KeyPair{std::move(pk), std::move(sk)};
    }
  }
  return fail(Errc::unavailable, "hpke: no candidate was a private key");
}

// RFC 9180 §4.1 (ExtractAndExpand)
SecretBytes extract_and_expand(Kem kem, Bytes dh, Bytes context) {
  const ByteArray<5> suite = suite_of(kem);
  const LabeledHkdf kdf(digest_of(kem), suite);
  const SecretBytes prk = kdf.extract({}, "eae_prk", dh);
  return kdf.expand(prk.expose(), "shared_secret", context, crypto::digest_bytes(digest_of(kem)));
}

Result<KemOutput> encapsulate_dh(Kem kem, Bytes public_key, Bytes sender_private,
                                 Bytes randomness) {
  const Curve& curve = curve_of(kem);
  KeyPair ephemeral = TRY(derive_dh(kem, randomness));
  SecretBytes dh = TRY(diffie_hellman(curve, ephemeral.private_key.expose(), public_key));
  Buffer sender_public;
  if (!sender_private.empty()) {
    const SecretBytes second = TRY(diffie_hellman(curve, sender_private, public_key));
    dh = join({dh.expose(), second.expose()});
    sender_public = TRY(public_of(curve, sender_private));
  }
  const SecretBytes context = join({ephemeral.public_key, public_key, sender_public});
  return KemOutput{extract_and_expand(kem, dh.expose(), context.expose()),
                   std::move(ephemeral.public_key)};
}

Result<SecretBytes> decapsulate_dh(Kem kem, Bytes enc, Bytes private_key, Bytes sender_public) {
  const Curve& curve = curve_of(kem);
  const Buffer public_key = TRY(public_of(curve, private_key));
  SecretBytes dh = TRY(diffie_hellman(curve, private_key, enc));
  if (!sender_public.empty()) {
    const SecretBytes second = TRY(diffie_hellman(curve, private_key, sender_public));
    dh = join({dh.expose(), second.expose()});
  }
  const SecretBytes context = join({enc, public_key, sender_public});
  return extract_and_expand(kem, dh.expose(), context.expose());
}

// ---- ML-KEM: a private key is its seed.

template <class P>
Result<Buffer> mlkem_public(Bytes seed) {
  return to_buffer(mlkem::KeyPair<P>::from_seed(mlkem::Seed(seed.first<64>())).ek.bytes());
}

template <class P>
Result<KemOutput> mlkem_encapsulate(Bytes public_key, Bytes randomness) {
  const auto ek = TRY(mlkem::EncapsulationKey<P>::parse(public_key));
  const auto sent = mlkem::encapsulate_internal(ek, mlkem::Message(randomness.first<32>()));
  return KemOutput{SecretBytes(sent.secret.expose()), to_buffer(sent.ciphertext.bytes())};
}

template <class P>
Result<SecretBytes> mlkem_decapsulate(Bytes enc, Bytes seed) {
  const auto ciphertext = TRY(mlkem::Ciphertext<P>::parse(enc));
  const auto pair = mlkem::KeyPair<P>::from_seed(mlkem::Seed(seed.first<64>()));
  return SecretBytes(mlkem::decapsulate(pair.dk, ciphertext).expose());
}

// ---- MLKEM768-P256 (draft-irtf-cfrg-concrete-hybrid-kems, with the label of its early versions
// and of the HPKE draft's vectors)

constexpr std::size_t p256_seed_bytes = 96;  // three candidates
using Hybrid = mlkem::Mlkem768;

struct HybridKey {
  mlkem::Seed mlkem;
  SecretBytes scalar;
};

// The first of the candidates that is a private key: two would be refused once in 2^64 keys.
Result<SecretBytes> p256_scalar(Bytes seed) {
  for (std::size_t at = 0; at + 32 <= seed.size(); at += 32) {
    if (is_scalar(curve_of(Kem::p256), seed.subspan(at, 32))) {
      return SecretBytes(seed.subspan(at, 32));
    }
  }
  return fail(Errc::unavailable, "hpke: no candidate was a private key");
}

Result<HybridKey> expand_hybrid(Bytes seed) {
  SecretBytes both(64 + p256_seed_bytes);
  keccak::shake256(both.fill(), {seed});
  return HybridKey{mlkem::Seed(both.expose().first<64>()),
                   TRY(p256_scalar(both.expose().subspan(64)))};
}

Result<Buffer> hybrid_public(Bytes seed) {
  const HybridKey key = TRY(expand_hybrid(seed));
  Buffer out = to_buffer(mlkem::KeyPair<Hybrid>::from_seed(key.mlkem).ek.bytes());
  append(out, TRY(public_of(curve_of(Kem::p256), key.scalar.expose())));
  return out;
}

SecretBytes combine(Bytes mlkem, Bytes dh, Bytes point, Bytes public_point) {
  SecretBytes out(32);
  keccak::sha3_256(out.fill().first<32>(),
                   {mlkem, dh, point, public_point, as_bytes("MLKEM768-P256")});
  return out;
}

Result<KemOutput> hybrid_encapsulate(Bytes public_key, Bytes randomness) {
  if (public_key.size() < Hybrid::ek_bytes) {
    return std::unexpected(bad_length());
  }
  const Curve& curve = curve_of(Kem::p256);
  const Bytes point = public_key.subspan(Hybrid::ek_bytes);
  KemOutput inner = TRY(mlkem_encapsulate<Hybrid>(public_key.first(Hybrid::ek_bytes), randomness));
  const SecretBytes scalar = TRY(p256_scalar(randomness.subspan(32)));
  const SecretBytes dh = TRY(diffie_hellman(curve, scalar.expose(), point));
  const Buffer ephemeral = TRY(public_of(curve, scalar.expose()));
  append(inner.enc, ephemeral);
  inner.shared_secret = combine(inner.shared_secret.expose(), dh.expose(), ephemeral, point);
  return inner;
}

Result<SecretBytes> hybrid_decapsulate(Bytes enc, Bytes seed) {
  if (enc.size() < Hybrid::ct_bytes) {
    return std::unexpected(bad_length());
  }
  const Curve& curve = curve_of(Kem::p256);
  const HybridKey key = TRY(expand_hybrid(seed));
  const Bytes point = enc.subspan(Hybrid::ct_bytes);
  const SecretBytes inner =
      TRY(mlkem_decapsulate<Hybrid>(enc.first(Hybrid::ct_bytes), key.mlkem.expose()));
  const SecretBytes dh = TRY(diffie_hellman(curve, key.scalar.expose(), point));
  const Buffer own = TRY(public_of(curve, key.scalar.expose()));
  return combine(inner.expose(), dh.expose(), point, own);
}

// ---- X-Wing

Result<KemOutput> xwing_encapsulate(Bytes public_key, Bytes randomness) {
  const auto key = TRY(xwing::PublicKey::parse(public_key));
  const auto sent =
      xwing::encapsulate_internal(key, xwing::EncapsulationSeed(randomness.first<64>()));
  return KemOutput{SecretBytes(sent.secret.expose()), to_buffer(sent.ciphertext.bytes())};
}

Result<SecretBytes> xwing_decapsulate(Bytes enc, Bytes seed) {
  const auto ciphertext = TRY(xwing::Ciphertext::parse(enc));
  const xwing::PrivateKey key(xwing::Seed(seed.first<32>()));
  return SecretBytes(key.decapsulate(ciphertext).expose());
}

Result<Buffer> pq_public(Kem kem, Bytes seed) {
  switch (kem) {
    case Kem::mlkem512:
      return mlkem_public<mlkem::Mlkem512>(seed);
    case Kem::mlkem768:
      return mlkem_public<mlkem::Mlkem768>(seed);
    case Kem::mlkem1024:
      return mlkem_public<mlkem::Mlkem1024>(seed);
    case Kem::mlkem768_p256:
      return hybrid_public(seed);
    default:
      return to_buffer(xwing::PrivateKey(xwing::Seed(seed.first<32>())).public_key().bytes());
  }
}

}  // namespace

bool has_auth(Kem kem) noexcept {
  return kem == Kem::p256 || kem == Kem::p384 || kem == Kem::p521 || kem == Kem::x25519 ||
         kem == Kem::x448;
}

std::size_t private_key_bytes(Kem kem) noexcept {
  if (has_auth(kem)) {
    return curve_of(kem).private_bytes;
  }
  return kem == Kem::xwing || kem == Kem::mlkem768_p256 ? 32 : 64;
}

std::size_t randomness_bytes(Kem kem) noexcept {
  if (has_auth(kem)) {
    return curve_of(kem).private_bytes;
  }
  return kem == Kem::xwing ? 64 : kem == Kem::mlkem768_p256 ? 32 + p256_seed_bytes : 32;
}

Result<KeyPair> derive_key_pair(Kem kem, Bytes ikm) {
  if (ikm.size() < private_key_bytes(kem)) {
    return fail(Errc::malformed, "hpke: too little key material for a key of this KEM");
  }
  if (has_auth(kem)) {
    return derive_dh(kem, ikm);
  }
  const ByteArray<5> suite = suite_of(kem);
  SecretBytes sk =
      labeled_derive(Shake::shake256, suite, ikm, "DeriveKeyPair", {}, private_key_bytes(kem));
  Buffer pk = TRY(pq_public(kem, sk.expose()));
  return KeyPair{std::move(pk), std::move(sk)};
}

KeyPair generate_key_pair(Kem kem, Random& random) {
  SecretBytes ikm(private_key_bytes(kem));
  while (true) {  // a derivation fails less than once in 2^64 times
    random.fill(ikm.fill());
    if (Result<KeyPair> pair = derive_key_pair(kem, ikm.expose())) {
      return std::move(*pair);
    }
  }
}

Result<KemOutput> encapsulate(Kem kem, Bytes public_key, Bytes sender_private, Bytes randomness) {
  if (randomness.size() != randomness_bytes(kem)) {
    return std::unexpected(bad_length());
  }
  switch (kem) {
    case Kem::mlkem512:
      return mlkem_encapsulate<mlkem::Mlkem512>(public_key, randomness);
    case Kem::mlkem768:
      return mlkem_encapsulate<mlkem::Mlkem768>(public_key, randomness);
    case Kem::mlkem1024:
      return mlkem_encapsulate<mlkem::Mlkem1024>(public_key, randomness);
    case Kem::mlkem768_p256:
      return hybrid_encapsulate(public_key, randomness);
    case Kem::xwing:
      return xwing_encapsulate(public_key, randomness);
    default:
      return encapsulate_dh(kem, public_key, sender_private, randomness);
  }
}

Result<SecretBytes> decapsulate(Kem kem, Bytes enc, Bytes private_key, Bytes sender_public) {
  if (private_key.size() != private_key_bytes(kem)) {
    return std::unexpected(bad_length());
  }
  switch (kem) {
    case Kem::mlkem512:
      return mlkem_decapsulate<mlkem::Mlkem512>(enc, private_key);
    case Kem::mlkem768:
      return mlkem_decapsulate<mlkem::Mlkem768>(enc, private_key);
    case Kem::mlkem1024:
      return mlkem_decapsulate<mlkem::Mlkem1024>(enc, private_key);
    case Kem::mlkem768_p256:
      return hybrid_decapsulate(enc, private_key);
    case Kem::xwing:
      return xwing_decapsulate(enc, private_key);
    default:
      return decapsulate_dh(kem, enc, private_key, sender_public);
  }
}

}  // namespace v100::hpke
