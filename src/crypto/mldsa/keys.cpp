// FIPS 204, sections 5.1 and 6.1: key generation, and keys from bytes.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

// tr = H(pk, 64)
ByteArray<64> hash_of(Bytes public_key) {
  ByteArray<64> tr;
  keccak::shake256(tr, {public_key});
  return tr;
}

// t = A s1 + s2, rounded: t1 into the public key (after rho), t0 out centred.
// FIPS 204, Algorithm 6, lines 3 to 8, and Algorithm 35 (Power2Round).
template <class P>
void make_public(FixedBytes<32> rho, const SecretVector<P::l>& s1, const SecretVector<P::k>& s2,
                 FixedMutBytes<P::public_key_bytes> public_key, SecretVector<P::k>& t0) {
  alignas(64) std::int32_t matrix[static_cast<std::size_t>(P::k * P::l) * 256];
  expand_a(rho, P::k, P::l, matrix, P::l);
  SecretVector<P::l> s1_hat;
  std::memcpy(s1_hat.c, s1.c, sizeof s1.c);
  kernel().ntt(s1_hat.c, P::l);
  SecretVector<P::k> t;
  kernel().multiply(matrix, s1_hat.c, t.c, P::k, P::l);
  kernel().intt(t.c, P::k);
  std::memcpy(t0.c, s2.c, sizeof s2.c);
  kernel().uncentre(t0.c, t0.coefficients);
  kernel().add(t.c, t0.c, t.coefficients);
  for (std::size_t i = 0; i < t.coefficients; ++i) {
    const std::int32_t high = (t.c[i] + (1 << 12) - 1) >> 13;
    t0.c[i] = t.c[i] - (high << 13);
    t.c[i] = high;
  }
  copy(public_key.template first<32>(), rho);
  pack_t1(t.c, public_key.data() + 32, P::k);
  ct::unpoison(public_key);
}

}  // namespace

template <class P>
Result<PublicKey<P>> PublicKey<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "mldsa: public key of a wrong length");
  }
  PublicKey key;
  copy(key.bytes_, bytes);
  return key;
}

template <class P>
Result<MuHasher> PublicKey<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(hash_of(bytes_), context);
}
template <class P>
MuHasher PublicKey<P>::internal_mu_hasher() const {
  return MuHasher(hash_of(bytes_));
}

// FIPS 204, Algorithm 6 (ML-DSA.KeyGen_internal)
template <class P>
PrivateKey<P> PrivateKey<P>::from_seed(const Seed& xi) {
  using S = Shape<P>;
  const Poisoned secret_seed(xi.expose());
  SecretBytes<128> expanded;  // rho, rho', K
  const std::uint8_t sizes[2] = {P::k, P::l};
  keccak::shake256(expanded.bytes, {xi.expose(), sizes});
  const FixedBytes<128> all(expanded.bytes);
  const FixedBytes<32> rho = all.template first<32>();
  ct::unpoison(rho);

  SecretVector<P::l + P::k> s;
  expand_s(all.template subspan<32, 64>(), P::eta, s.c, P::l + P::k);
  SecretVector<P::l> s1;
  SecretVector<P::k> s2, t0;
  std::memcpy(s1.c, s.c, sizeof s1.c);
  std::memcpy(s2.c, s.poly(P::l), sizeof s2.c);

  PrivateKey key;
  make_public<P>(rho, s1, s2, key.public_key_.bytes_, t0);
  const FixedMutBytes<size> out = key.bytes_.fill();
  copy(out.template first<32>(), rho);
  copy(out.template subspan<S::k_at, 32>(), all.template subspan<96, 32>());
  copy(out.template subspan<S::tr_at, 64>(), hash_of(key.public_key_.bytes_));
  pack_eta(P::eta, s.c, out.data() + S::s1_at, P::l + P::k);
  pack_t0(t0.c, out.data() + S::t0_at, P::k);
  copy(key.seed_.fill(), xi.expose());
  key.has_seed_ = true;
  ct::unpoison(key.seed_.expose());
  ct::unpoison(out);
  return key;
}

template <class P>
PrivateKey<P> PrivateKey<P>::generate(Random& random) {
  Seed xi;
  random.fill(xi.fill());
  return from_seed(xi);
}

// FIPS 204, Algorithm 25 (skDecode), and more: the standard lets an implementation trust its own
// stored keys; this one does not.
template <class P>
Result<PrivateKey<P>> PrivateKey<P>::parse(Bytes bytes) {
  using S = Shape<P>;
  if (bytes.size() != size) {
    return fail(Errc::malformed, "mldsa: private key of a wrong length");
  }
  PrivateKey key;
  const FixedMutBytes<size> own = key.bytes_.fill();
  copy(own, bytes);
  const Poisoned secret_k(own.template subspan<S::k_at, 32>());
  const Poisoned secret_vectors(own.template subspan<S::s1_at>());

  SecretVector<P::l> s1;
  SecretVector<P::k> s2, t0, t0_stored;
  const ct::Mask in_range = unpack_eta(P::eta, own.data() + S::s1_at, s1.c, P::l) &
                            unpack_eta(P::eta, own.data() + S::s2_at, s2.c, P::k);
  if (!ct::declassify(in_range, "a key out of range is refused")) {
    return fail(Errc::malformed, "mldsa: private key with coefficients out of range");
  }
  make_public<P>(own.template first<32>(), s1, s2, key.public_key_.bytes_, t0);
  unpack_t0(own.data() + S::t0_at, t0_stored.c, P::k);
  const ByteArray<64> tr = hash_of(key.public_key_.bytes_);
  const ct::Mask belongs =
      ct::equal({reinterpret_cast<const std::uint8_t*>(t0.c), sizeof t0.c},
                {reinterpret_cast<const std::uint8_t*>(t0_stored.c), sizeof t0_stored.c}) &
      ct::equal(tr, own.template subspan<S::tr_at, 64>());
  if (!ct::declassify(belongs, "a key whose parts disagree is refused")) {
    return fail(Errc::malformed, "mldsa: private key whose parts do not belong together");
  }
  return key;
}

template <class P>
Result<MuHasher> PrivateKey<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(expose().template subspan<Shape<P>::tr_at, 64>(), context);
}
template <class P>
MuHasher PrivateKey<P>::internal_mu_hasher() const {
  return MuHasher(expose().template subspan<Shape<P>::tr_at, 64>());
}

template <class P>
void keygen_batch(std::span<const Seed> seeds, std::span<std::optional<PrivateKey<P>>> out) {
  CHECK(seeds.size() == out.size());
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    out[i] = PrivateKey<P>::from_seed(seeds[i]);
  }
}

template class PublicKey<Mldsa44>;
template class PublicKey<Mldsa65>;
template class PublicKey<Mldsa87>;
template class PrivateKey<Mldsa44>;
template class PrivateKey<Mldsa65>;
template class PrivateKey<Mldsa87>;
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa44>>>);
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa65>>>);
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa87>>>);

}  // namespace v100::mldsa
