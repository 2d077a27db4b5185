// The crypto core for JavaScript: hashes, ML-KEM, ML-DSA and X-Wing's pure steps. core.ts is the
// one caller. Randomness comes in as bytes, so every function is deterministic.
#include "base/secret.h"
#include "crypto/hybrid/xwing.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "web/wasm/abi.h"

namespace v100::wasm {
namespace {

using Size = std::size_t;
using Ptr = const std::uint8_t*;
using Out = std::uint8_t*;

// Runs `body` with the parameter set that JavaScript names by number.
template <class Body>
std::int32_t with_mlkem(std::uint32_t set, const Body& body) {
  switch (set) {
    case 512:
      return body(mlkem::Mlkem512());
    case 768:
      return body(mlkem::Mlkem768());
    case 1024:
      return body(mlkem::Mlkem1024());
    default:
      return bad_argument;
  }
}
template <class Body>
std::int32_t with_mldsa(std::uint32_t set, const Body& body) {
  switch (set) {
    case 44:
      return body(mldsa::Mldsa44());
    case 65:
      return body(mldsa::Mldsa65());
    case 87:
      return body(mldsa::Mldsa87());
    default:
      return bad_argument;
  }
}

// A private key from its 32-byte seed or from its expanded form, told apart by length.
template <class P>
Result<mldsa::PrivateKey<P>> private_key(Bytes key) {
  if (key.size() == mldsa::seed_bytes) {
    return mldsa::PrivateKey<P>::from_seed(mldsa::Seed(key.first<mldsa::seed_bytes>()));
  }
  return mldsa::PrivateKey<P>::parse(key);
}

// ---- Hashes

std::int32_t shake(Size rate, Bytes input, MutBytes output) {
  keccak::Sponge sponge(rate, keccak::Sponge::Domain::shake);
  sponge.absorb(input);
  sponge.squeeze(output);
  return ok;
}

}  // namespace

V100_EXPORT(v100_sha3_256)(Ptr p, Size size, Out hash, Size hash_size)->std::int32_t {
  if (hash_size != 32) {
    return bad_argument;
  }
  keccak::sha3_256(FixedMutBytes<32>(hash, 32), {in(p, size)});
  return ok;
}
V100_EXPORT(v100_sha3_512)(Ptr p, Size size, Out hash, Size hash_size)->std::int32_t {
  if (hash_size != 64) {
    return bad_argument;
  }
  keccak::sha3_512(FixedMutBytes<64>(hash, 64), {in(p, size)});
  return ok;
}
V100_EXPORT(v100_shake128)(Ptr p, Size size, Out hash, Size hash_size)->std::int32_t {
  return shake(keccak::rate_128, in(p, size), out(hash, hash_size));
}
V100_EXPORT(v100_shake256)(Ptr p, Size size, Out hash, Size hash_size)->std::int32_t {
  return shake(keccak::rate_256, in(p, size), out(hash, hash_size));
}
V100_EXPORT(v100_kmac256)
(Ptr key, Size key_size, Ptr customization, Size customization_size, Ptr p, Size size, Out tag,
 Size tag_size)
    ->std::int32_t {
  keccak::kmac256(out(tag, tag_size), in(key, key_size), in(customization, customization_size),
                  {in(p, size)});
  return ok;
}

// ---- ML-KEM

// seed: d || z, 64 bytes.
V100_EXPORT(v100_mlkem_keygen)
(std::uint32_t set, Ptr seed, Size seed_size, Out ek, Size ek_size, Out dk, Size dk_size)
    ->std::int32_t {
  return with_mlkem(set, [&]<class P>(P) {
    if (seed_size != 64 || ek_size != P::ek_bytes || dk_size != P::dk_bytes) {
      return bad_argument;
    }
    const auto pair =
        mlkem::KeyPair<P>::from_seed(mlkem::Seed(in(seed, seed_size).template first<64>()));
    copy(out(ek, ek_size), pair.ek.bytes());
    copy(out(dk, dk_size), pair.dk.expose());
    return ok;
  });
}
V100_EXPORT(v100_mlkem_encaps)
(std::uint32_t set, Ptr ek, Size ek_size, Ptr m, Size m_size, Out ct, Size ct_size, Out secret,
 Size secret_size)
    ->std::int32_t {
  return with_mlkem(set, [&]<class P>(P) {
    if (m_size != 32 || ct_size != P::ct_bytes || secret_size != 32) {
      return bad_argument;
    }
    const auto key = mlkem::EncapsulationKey<P>::parse(in(ek, ek_size));
    if (!key) {
      return code(key.error());
    }
    const auto result =
        mlkem::encapsulate_internal(*key, mlkem::Message(in(m, m_size).template first<32>()));
    copy(out(ct, ct_size), result.ciphertext.bytes());
    copy(out(secret, secret_size), result.secret.expose());
    return ok;
  });
}
// dk: the expanded key, or its 64-byte seed.
V100_EXPORT(v100_mlkem_decaps)
(std::uint32_t set, Ptr dk, Size dk_size, Ptr ct, Size ct_size, Out secret, Size secret_size)
    ->std::int32_t {
  return with_mlkem(set, [&]<class P>(P) {
    if (secret_size != 32) {
      return bad_argument;
    }
    const auto ciphertext = mlkem::Ciphertext<P>::parse(in(ct, ct_size));
    if (!ciphertext) {
      return code(ciphertext.error());
    }
    const auto decapsulate = [&](const mlkem::DecapsulationKey<P>& key) {
      copy(out(secret, secret_size), mlkem::decapsulate(key, *ciphertext).expose());
      return ok;
    };
    if (dk_size == 64) {
      return decapsulate(
          mlkem::KeyPair<P>::from_seed(mlkem::Seed(in(dk, dk_size).template first<64>())).dk);
    }
    const auto key = mlkem::DecapsulationKey<P>::parse(in(dk, dk_size));
    return key ? decapsulate(*key) : code(key.error());
  });
}

// ---- ML-DSA. `key` of signing functions: the expanded private key, or its 32-byte seed.

// sk may have size 0: then only the public key is written.
V100_EXPORT(v100_mldsa_keygen)
(std::uint32_t set, Ptr seed, Size seed_size, Out pk, Size pk_size, Out sk, Size sk_size)
    ->std::int32_t {
  return with_mldsa(set, [&]<class P>(P) {
    if (seed_size != mldsa::seed_bytes || pk_size != P::public_key_bytes ||
        (sk_size != 0 && sk_size != P::private_key_bytes)) {
      return bad_argument;
    }
    const auto key = private_key<P>(in(seed, seed_size));
    copy(out(pk, pk_size), key->public_key().bytes());
    if (sk_size != 0) {
      copy(out(sk, sk_size), key->expose());
    }
    return ok;
  });
}
// rnd: 32 bytes, fresh ones for a hedged signature, zeros for a deterministic one.
V100_EXPORT(v100_mldsa_sign)
(std::uint32_t set, Ptr key, Size key_size, Ptr message, Size message_size, Ptr context,
 Size context_size, Ptr rnd, Size rnd_size, Out signature, Size signature_size)
    ->std::int32_t {
  return with_mldsa(set, [&]<class P>(P) {
    if (rnd_size != 32 || signature_size != P::signature_bytes) {
      return bad_argument;
    }
    const auto private_half = private_key<P>(in(key, key_size));
    if (!private_half) {
      return code(private_half.error());
    }
    const auto result =
        private_half->sign(in(message, message_size), in(context, context_size),
                           mldsa::Hedge::from(in(rnd, rnd_size).template first<32>()));
    if (!result) {
      return code(result.error());
    }
    copy(out(signature, signature_size), result->bytes());
    return ok;
  });
}
V100_EXPORT(v100_mldsa_sign_mu)
(std::uint32_t set, Ptr key, Size key_size, Ptr mu, Size mu_size, Ptr rnd, Size rnd_size,
 Out signature, Size signature_size)
    ->std::int32_t {
  return with_mldsa(set, [&]<class P>(P) {
    if (rnd_size != 32 || mu_size != mldsa::mu_bytes || signature_size != P::signature_bytes) {
      return bad_argument;
    }
    const auto private_half = private_key<P>(in(key, key_size));
    if (!private_half) {
      return code(private_half.error());
    }
    const auto result =
        private_half->sign(mldsa::Mu::external(in(mu, mu_size).template first<mldsa::mu_bytes>()),
                           mldsa::Hedge::from(in(rnd, rnd_size).template first<32>()));
    if (!result) {
      return code(result.error());
    }
    copy(out(signature, signature_size), result->bytes());
    return ok;
  });
}
// 0: valid. 1 + unauthenticated: not valid. 1 + malformed: a wrong length.
V100_EXPORT(v100_mldsa_verify)
(std::uint32_t set, Ptr pk, Size pk_size, Ptr message, Size message_size, Ptr context,
 Size context_size, Ptr signature, Size signature_size)
    ->std::int32_t {
  return with_mldsa(set, [&]<class P>(P) {
    const auto key = mldsa::PublicKey<P>::parse(in(pk, pk_size));
    if (!key) {
      return code(key.error());
    }
    const auto parsed = mldsa::Signature<P>::parse(in(signature, signature_size));
    if (!parsed) {
      return code(parsed.error());
    }
    const auto result = key->verify(in(message, message_size), in(context, context_size), *parsed);
    return result ? ok : code(result.error());
  });
}

// ---- X-Wing. X25519 is WebCrypto's: each step stops where it needs a result of it.

// The 32-byte seed's parts: the X25519 scalar and the ML-KEM half of the public key.
V100_EXPORT(v100_xwing_expand)
(Ptr seed, Size seed_size, Out scalar, Size scalar_size, Out ek, Size ek_size)->std::int32_t {
  if (seed_size != 32 || scalar_size != 32 || ek_size != xwing::Mlkem::ek_bytes) {
    return bad_argument;
  }
  const xwing::ExpandedSeed expanded(xwing::Seed(in(seed, seed_size).first<32>()));
  const auto pair = mlkem::KeyPair<xwing::Mlkem>::from_seed(expanded.mlkem);
  copy(out(scalar, scalar_size), expanded.x25519.expose());
  copy(out(ek, ek_size), pair.ek.bytes());
  return ok;
}
// ephemeral = X25519(e, base point), shared = X25519(e, pk_X), for a fresh scalar e.
V100_EXPORT(v100_xwing_encaps)
(Ptr pk, Size pk_size, Ptr m, Size m_size, Ptr ephemeral, Size ephemeral_size, Ptr shared,
 Size shared_size, Out ct, Size ct_size, Out secret, Size secret_size)
    ->std::int32_t {
  if (m_size != 32 || ephemeral_size != 32 || shared_size != 32 ||
      ct_size != xwing::ciphertext_bytes || secret_size != 32) {
    return bad_argument;
  }
  const auto key = xwing::PublicKey::parse(in(pk, pk_size));
  if (!key) {
    return code(key.error());
  }
  const xwing::X25519Secret x25519(in(shared, shared_size).first<32>());
  const auto result = xwing::encapsulate_with(
      *key, mlkem::Message(in(m, m_size).first<32>()),
      xwing::EphemeralX25519{in(ephemeral, ephemeral_size).first<32>(), x25519});
  copy(out(ct, ct_size), result.ciphertext.bytes());
  copy(out(secret, secret_size), result.secret.expose());
  return ok;
}
// shared = X25519(sk_X, ct_X); own_pk_x = X25519(sk_X, base point).
V100_EXPORT(v100_xwing_decaps)
(Ptr seed, Size seed_size, Ptr own_pk_x, Size own_pk_x_size, Ptr ct, Size ct_size, Ptr shared,
 Size shared_size, Out secret, Size secret_size)
    ->std::int32_t {
  if (seed_size != 32 || own_pk_x_size != 32 || shared_size != 32 || secret_size != 32) {
    return bad_argument;
  }
  const auto ciphertext = xwing::Ciphertext::parse(in(ct, ct_size));
  if (!ciphertext) {
    return code(ciphertext.error());
  }
  const xwing::ExpandedSeed expanded(xwing::Seed(in(seed, seed_size).first<32>()));
  const auto pair = mlkem::KeyPair<xwing::Mlkem>::from_seed(expanded.mlkem);
  const mlkem::PreparedDecapsulator<xwing::Mlkem> prepared(pair.dk);
  const auto result =
      xwing::decapsulate_with(prepared, in(own_pk_x, own_pk_x_size).first<32>(), *ciphertext,
                              xwing::X25519Secret(in(shared, shared_size).first<32>()));
  copy(out(secret, secret_size), result.expose());
  return ok;
}

}  // namespace v100::wasm
