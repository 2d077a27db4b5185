// Making keys: every way in goes through the algorithm's own checks.
#include "keys/keys.h"

#include "base/ct.h"
#include "base/secret.h"
#include "keys/dispatch.h"

namespace v100::keys {

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
  }
  return *this;
}

SecretBytes::~SecretBytes() { wipe(bytes_); }

Result<PublicKey> PublicKey::from(Algorithm algorithm, Bytes bytes) {
  if (bytes.size() != info(algorithm).public_bytes) {
    return fail(Errc::malformed, "key: a public key of a wrong length");
  }
  if (info(algorithm).kind == Kind::mlkem) {
    TRY(with_mlkem(algorithm, [&](auto set) -> Result<void> {
      TRY(mlkem::EncapsulationKey<typename decltype(set)::Params>::parse(bytes));
      return {};
    }));
  }
  return PublicKey{algorithm, to_buffer(bytes)};
}

PrivateKey::PrivateKey(Algorithm algorithm, Bytes public_key, Bytes seed, Bytes expanded)
    : public_key_{algorithm, to_buffer(public_key)}, seed_(seed), expanded_(expanded) {}

PrivateKey PrivateKey::generate(Algorithm algorithm, Random& random) {
  if (info(algorithm).kind == Kind::slhdsa) {
    return with_slhdsa(algorithm, [&](auto set) {
      const auto key = slhdsa::PrivateKey<typename decltype(set)::Params>::generate(random);
      return PrivateKey(algorithm, key.public_key().bytes(), {}, key.expose());
    });
  }
  Buffer seed(info(algorithm).seed_bytes);
  random.fill(seed);
  const SecretBytes kept(std::move(seed));
  return *from_seed(algorithm, kept.expose());
}

Result<PrivateKey> PrivateKey::from_seed(Algorithm algorithm, Bytes seed) {
  const Info& i = info(algorithm);
  if (i.seed_bytes == 0) {
    return fail(Errc::unsupported, "key: this algorithm has no seed form");
  }
  if (seed.size() != i.seed_bytes) {
    return fail(Errc::malformed, "key: a seed of a wrong length");
  }
  if (i.kind == Kind::mldsa) {
    return with_mldsa(algorithm, [&](auto set) {
      const mldsa::Seed xi(seed.first<mldsa::seed_bytes>());
      const auto key = mldsa::PrivateKey<typename decltype(set)::Params>::from_seed(xi);
      return PrivateKey(algorithm, key.public_key().bytes(), seed, key.expose());
    });
  }
  return with_mlkem(algorithm, [&](auto set) {
    const mlkem::Seed both(seed.first<64>());
    const auto pair = mlkem::KeyPair<typename decltype(set)::Params>::from_seed(both);
    return PrivateKey(algorithm, pair.ek.bytes(), seed, pair.dk.expose());
  });
}

Result<PrivateKey> PrivateKey::from_expanded(Algorithm algorithm, Bytes expanded) {
  if (expanded.size() != info(algorithm).expanded_bytes) {
    return fail(Errc::malformed, "key: a private key of a wrong length");
  }
  switch (info(algorithm).kind) {
    case Kind::mldsa:
      return with_mldsa(algorithm, [&](auto set) -> Result<PrivateKey> {
        const auto key = TRY(mldsa::PrivateKey<typename decltype(set)::Params>::parse(expanded));
        return PrivateKey(algorithm, key.public_key().bytes(), {}, expanded);
      });
    case Kind::mlkem:
      return with_mlkem(algorithm, [&](auto set) -> Result<PrivateKey> {
        using P = typename decltype(set)::Params;
        TRY(mlkem::DecapsulationKey<P>::parse(expanded));
        const Bytes ek = expanded.subspan(384 * P::k, P::ek_bytes);
        TRY(mlkem::EncapsulationKey<P>::parse(ek));
        return PrivateKey(algorithm, ek, {}, expanded);
      });
    default:
      return with_slhdsa(algorithm, [&](auto set) -> Result<PrivateKey> {
        const auto key = TRY(slhdsa::PrivateKey<typename decltype(set)::Params>::parse(expanded));
        return PrivateKey(algorithm, key.public_key().bytes(), {}, expanded);
      });
  }
}

Result<PrivateKey> PrivateKey::from_both(Algorithm algorithm, Bytes seed, Bytes expanded) {
  PrivateKey key = TRY(from_seed(algorithm, seed));
  if (!ct::declassify(ct::equal(key.expanded(), expanded), "a key that disagrees is refused")) {
    return fail(Errc::malformed, "key: the seed is not that of the expanded key");
  }
  return key;
}

}  // namespace v100::keys
