// ML-DSA cases of ACVP (keyGen, sigGen, sigVer) and of Wycheproof (sign, verify).
#include "crypto/mldsa/mldsa.h"

#include <memory>
#include <openssl/evp.h>

#include "main/vectors/json.h"
#include "main/vectors/wycheproof_mldsa.h"

namespace v100::vectors {
namespace {

using mldsa::Digest;
using mldsa::Hedge;
using mldsa::Mu;

// Calls `work` with the parameter set as a type, or says that there is none.
template <class Work>
Result<Verdict> with_params(std::string_view name, const Work& work) {
  if (name == "ML-DSA-44") {
    return work(mldsa::Mldsa44());
  }
  if (name == "ML-DSA-65") {
    return work(mldsa::Mldsa65());
  }
  if (name == "ML-DSA-87") {
    return work(mldsa::Mldsa87());
  }
  return fail(Errc::malformed, "vectors: unknown ML-DSA parameter set");
}

// libcrypto's name of a SHA-2 hash; null for SHA-3, which is ours.
const char* sha2_name(mldsa::Hash hash) {
  switch (hash) {
    case mldsa::Hash::sha2_224:
      return "SHA2-224";
    case mldsa::Hash::sha2_256:
      return "SHA2-256";
    case mldsa::Hash::sha2_384:
      return "SHA2-384";
    case mldsa::Hash::sha2_512:
      return "SHA2-512";
    case mldsa::Hash::sha2_512_224:
      return "SHA2-512/224";
    case mldsa::Hash::sha2_512_256:
      return "SHA2-512/256";
    default:
      return nullptr;
  }
}

Result<Digest> digest_of(std::string_view hash_name, Bytes message) {
  const mldsa::Hash hash = TRY(mldsa::hash_by_name(hash_name));
  const char* sha2 = sha2_name(hash);
  if (sha2 == nullptr) {
    return Digest::of(hash, message);
  }
  ByteArray<EVP_MAX_MD_SIZE> out;
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, sha2, nullptr, message.data(), message.size(), out.data(), &size) !=
      1) {
    return fail(Errc::unsupported, "vectors: libcrypto lacks the hash");
  }
  return Digest::from(hash, Bytes(out).first(size));
}

Result<Hedge> hedge_of(const Json& test) {
  if (!has(test, "rnd")) {
    return Hedge::deterministic();
  }
  const Buffer rnd = TRY(hex(test, "rnd"));
  if (rnd.size() != 32) {
    return fail(Errc::malformed, "vectors: rnd is not 32 bytes");
  }
  return Hedge::from(Bytes(rnd).first<32>());
}

Result<Mu> external_mu(const Json& test) {
  const Buffer mu = TRY(hex(test, "mu"));
  if (mu.size() != mldsa::mu_bytes) {
    return fail(Errc::malformed, "vectors: mu is not 64 bytes");
  }
  return Mu::external(Bytes(mu).first<mldsa::mu_bytes>());
}

// mu by FIPS 204, Algorithms 7 and 8, where the message is M' already.
template <class Key>
Result<Mu> internal_mu(const Key& key, const AcvpCase& c) {
  if (flag(c.group, "externalMu")) {
    return external_mu(c.test);
  }
  auto hasher = key.internal_mu_hasher();
  hasher.update(TRY(hex(c.test, "message")));
  return hasher.finish();
}

template <class P>
Result<Verdict> acvp_keygen(const AcvpCase& c) {
  const Buffer seed = TRY(hex(c.test, "seed"));
  if (seed.size() != mldsa::seed_bytes) {
    return fail(Errc::malformed, "acvp: seed is not 32 bytes");
  }
  const auto key =
      mldsa::PrivateKey<P>::from_seed(mldsa::Seed(Bytes(seed).first<mldsa::seed_bytes>()));
  return pass_if(same(key.public_key().bytes(), TRY(hex(c.expected, "pk"))) &&
                 same(key.expose(), TRY(hex(c.expected, "sk"))));
}

template <class P>
Result<mldsa::Signature<P>> acvp_sign(const mldsa::PrivateKey<P>& key, const AcvpCase& c) {
  const Hedge hedge = TRY(hedge_of(c.test));
  if (text(c.group, "signatureInterface") == "internal") {
    return key.sign(TRY(internal_mu(key, c)), hedge);
  }
  const Buffer message = TRY(hex(c.test, "message"));
  const Buffer context = TRY(hex_or_empty(c.test, "context"));
  if (text(c.group, "preHash") == "preHash") {
    return key.sign(TRY(digest_of(text(c.test, "hashAlg"), message)), context, hedge);
  }
  return key.sign(message, context, hedge);
}

template <class P>
Result<Verdict> acvp_siggen(const AcvpCase& c) {
  if (!has(c.test, "sk")) {
    return skip("acvp: sigGen without sk");
  }
  const auto key = TRY(mldsa::PrivateKey<P>::parse(TRY(hex(c.test, "sk"))));
  const auto signature = TRY(acvp_sign(key, c));
  return pass_if(same(signature.bytes(), TRY(hex(c.expected, "signature"))));
}

template <class P>
Result<void> acvp_verify(const mldsa::PublicKey<P>& key, const AcvpCase& c) {
  const auto signature = TRY(mldsa::Signature<P>::parse(TRY(hex(c.test, "signature"))));
  if (text(c.group, "signatureInterface") == "internal") {
    return key.verify(TRY(internal_mu(key, c)), signature);
  }
  const Buffer message = TRY(hex(c.test, "message"));
  const Buffer context = TRY(hex_or_empty(c.test, "context"));
  if (text(c.group, "preHash") == "preHash") {
    return key.verify(TRY(digest_of(text(c.test, "hashAlg"), message)), context, signature);
  }
  return key.verify(message, context, signature);
}

template <class P>
Result<Verdict> acvp_sigver(const AcvpCase& c) {
  const auto key =
      TRY(mldsa::PublicKey<P>::parse(TRY(hex(has(c.test, "pk") ? c.test : c.group, "pk"))));
  return pass_if(acvp_verify(key, c).has_value() == flag(c.expected, "testPassed"));
}

// ---- Wycheproof

template <class P>
Result<mldsa::PrivateKey<P>> wycheproof_key(const Json& group) {
  if (has(group, "privateSeed")) {
    const Buffer seed = TRY(hex(group, "privateSeed"));
    if (seed.size() != mldsa::seed_bytes) {
      return fail(Errc::malformed, "wycheproof: seed is not 32 bytes");
    }
    return mldsa::PrivateKey<P>::from_seed(mldsa::Seed(Bytes(seed).first<mldsa::seed_bytes>()));
  }
  return mldsa::PrivateKey<P>::parse(TRY(hex(group, "privateKey")));
}

template <class P>
Result<mldsa::Signature<P>> wycheproof_sign(const Json& group, const Json& test) {
  const auto key = TRY(wycheproof_key<P>(group));
  const Hedge hedge = TRY(hedge_of(test));
  if (!has(test, "msg")) {
    return key.sign(TRY(external_mu(test)), hedge);
  }
  return key.sign(TRY(hex(test, "msg")), TRY(hex_or_empty(test, "ctx")), hedge);
}

template <class P>
Result<void> wycheproof_verify(const Json& group, const Json& test) {
  const auto key = TRY(mldsa::PublicKey<P>::parse(TRY(hex(group, "publicKey"))));
  const auto signature = TRY(mldsa::Signature<P>::parse(TRY(hex(test, "sig"))));
  if (!has(test, "msg")) {
    return key.verify(TRY(external_mu(test)), signature);
  }
  return key.verify(TRY(hex(test, "msg")), TRY(hex_or_empty(test, "ctx")), signature);
}

template <class P>
Result<Verdict> wycheproof_case(const Json& group, const Json& test) {
  const bool valid = text(test, "result") == "valid";
  if (text(test, "result") == "acceptable") {
    return pass_if(true);
  }
  if (!has(group, "privateSeed") && !has(group, "privateKey")) {
    return pass_if(wycheproof_verify<P>(group, test).has_value() == valid);
  }
  const auto signature = wycheproof_sign<P>(group, test);
  const bool good = signature.has_value() && same(signature->bytes(), TRY(hex(test, "sig")));
  return pass_if(valid ? good : !signature.has_value());
}

}  // namespace

Result<Verdict> acvp_mldsa(std::string_view mode, const AcvpCase& c) {
  return with_params(text(c.group, "parameterSet"), [&](auto p) -> Result<Verdict> {
    using P = decltype(p);
    if (mode == "keyGen") {
      return acvp_keygen<P>(c);
    }
    if (mode == "sigGen") {
      return acvp_siggen<P>(c);
    }
    if (mode == "sigVer") {
      return acvp_sigver<P>(c);
    }
    return skip("acvp: unknown ML-DSA mode");
  });
}

Result<Verdict> wycheproof_mldsa(std::string_view set, const Json& group, const Json& test) {
  return with_params(set, [&](auto p) { return wycheproof_case<decltype(p)>(group, test); });
}

}  // namespace v100::vectors
