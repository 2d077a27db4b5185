// Signing, verification and encapsulation with keys of any algorithm.
#include "keys/dispatch.h"

namespace v100::keys {
namespace {

std::unexpected<Error> wrong_kind() {
  return fail(Errc::unsupported, "key: its algorithm does not do this");
}

mldsa::Hedge mldsa_hedge(Random* random) {
  return random != nullptr ? mldsa::Hedge::fresh(*random) : mldsa::Hedge::deterministic();
}
slhdsa::Hedge slhdsa_hedge(Random* random) {
  return random != nullptr ? slhdsa::Hedge::fresh(*random) : slhdsa::Hedge::deterministic();
}

// Expanded keys were checked when they were made; the seed, where known, saves checking again.
template <class P>
Result<mldsa::PrivateKey<P>> mldsa_key(const PrivateKey& key) {
  if (!key.seed().empty()) {
    return mldsa::PrivateKey<P>::from_seed(
        mldsa::Seed(key.seed().template first<mldsa::seed_bytes>()));
  }
  return mldsa::PrivateKey<P>::parse(key.expanded());
}

// `message` is Bytes or a Digest.
template <class Message>
Result<Buffer> sign_any(const PrivateKey& key, const Message& message, Bytes context,
                        Random* hedge) {
  switch (info(key.algorithm()).kind) {
    case Kind::mldsa:
      return with_mldsa(key.algorithm(), [&](auto set) -> Result<Buffer> {
        const auto own = TRY(mldsa_key<typename decltype(set)::Params>(key));
        return to_buffer(TRY(own.sign(message, context, mldsa_hedge(hedge))).bytes());
      });
    case Kind::slhdsa:
      return with_slhdsa(key.algorithm(), [&](auto set) -> Result<Buffer> {
        const auto own =
            TRY(slhdsa::PrivateKey<typename decltype(set)::Params>::parse(key.expanded()));
        return to_buffer(TRY(own.sign(message, context, slhdsa_hedge(hedge))).bytes());
      });
    default:
      return wrong_kind();
  }
}

template <class Message>
Result<void> verify_any(const PublicKey& key, const Message& message, Bytes context,
                        Bytes signature) {
  switch (info(key.algorithm).kind) {
    case Kind::mldsa:
      return with_mldsa(key.algorithm, [&](auto set) -> Result<void> {
        using P = typename decltype(set)::Params;
        const auto own = TRY(mldsa::PublicKey<P>::parse(key.bytes));
        return own.verify(message, context, TRY(mldsa::Signature<P>::parse(signature)));
      });
    case Kind::slhdsa:
      return with_slhdsa(key.algorithm, [&](auto set) -> Result<void> {
        using P = typename decltype(set)::Params;
        const auto own = TRY(slhdsa::PublicKey<P>::parse(key.bytes));
        return own.verify(message, context, TRY(slhdsa::Signature<P>::parse(signature)));
      });
    default:
      return wrong_kind();
  }
}

}  // namespace

Result<Buffer> sign(const PrivateKey& key, Bytes message, Bytes context, Random* hedge) {
  return sign_any(key, message, context, hedge);
}
Result<Buffer> sign(const PrivateKey& key, const mldsa::Digest& digest, Bytes context,
                    Random* hedge) {
  return sign_any(key, digest, context, hedge);
}
Result<void> verify(const PublicKey& key, Bytes message, Bytes context, Bytes signature) {
  return verify_any(key, message, context, signature);
}
Result<void> verify(const PublicKey& key, const mldsa::Digest& digest, Bytes context,
                    Bytes signature) {
  return verify_any(key, digest, context, signature);
}

Result<mldsa::MuHasher> mu_hasher(const PublicKey& key, Bytes context) {
  if (info(key.algorithm).kind != Kind::mldsa) {
    return wrong_kind();
  }
  return with_mldsa(key.algorithm, [&](auto set) -> Result<mldsa::MuHasher> {
    return TRY(mldsa::PublicKey<typename decltype(set)::Params>::parse(key.bytes))
        .mu_hasher(context);
  });
}

Result<Buffer> sign(const PrivateKey& key, const mldsa::Mu& mu, Random* hedge) {
  if (info(key.algorithm()).kind != Kind::mldsa) {
    return wrong_kind();
  }
  return with_mldsa(key.algorithm(), [&](auto set) -> Result<Buffer> {
    const auto own = TRY(mldsa_key<typename decltype(set)::Params>(key));
    return to_buffer(TRY(own.sign(mu, mldsa_hedge(hedge))).bytes());
  });
}

Result<void> verify(const PublicKey& key, const mldsa::Mu& mu, Bytes signature) {
  if (info(key.algorithm).kind != Kind::mldsa) {
    return wrong_kind();
  }
  return with_mldsa(key.algorithm, [&](auto set) -> Result<void> {
    using P = typename decltype(set)::Params;
    const auto own = TRY(mldsa::PublicKey<P>::parse(key.bytes));
    return own.verify(mu, TRY(mldsa::Signature<P>::parse(signature)));
  });
}

Result<Encapsulated> encapsulate(const PublicKey& key, Random& random) {
  if (info(key.algorithm).kind != Kind::mlkem) {
    return wrong_kind();
  }
  return with_mlkem(key.algorithm, [&](auto set) -> Result<Encapsulated> {
    using P = typename decltype(set)::Params;
    const auto ek = TRY(mlkem::EncapsulationKey<P>::parse(key.bytes));
    const auto sent = mlkem::encapsulate(ek, random);
    return Encapsulated{to_buffer(sent.ciphertext.bytes()), SecretBytes(sent.secret.expose())};
  });
}

Result<SecretBytes> decapsulate(const PrivateKey& key, Bytes ciphertext) {
  if (info(key.algorithm()).kind != Kind::mlkem) {
    return wrong_kind();
  }
  return with_mlkem(key.algorithm(), [&](auto set) -> Result<SecretBytes> {
    using P = typename decltype(set)::Params;
    const auto dk = TRY(mlkem::DecapsulationKey<P>::parse(key.expanded()));
    const auto secret = mlkem::decapsulate(dk, TRY(mlkem::Ciphertext<P>::parse(ciphertext)));
    return SecretBytes(secret.expose());
  });
}

}  // namespace v100::keys
