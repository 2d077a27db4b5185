// FIPS 204, sections 5.3, 5.4.1 and 6.3: verification. Everything here is public.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

std::unexpected<Error> refused(const char* what) { return fail(Errc::unauthenticated, what); }

}  // namespace

template <class P>
PreparedVerifier<P>::PreparedVerifier(const PublicKey<P>& key) noexcept {
  constexpr int columns = P::l + 1;
  const FixedBytes<PublicKey<P>::size> bytes = key.bytes();
  expand_a(bytes.template first<32>(), P::k, P::l, matrix_, columns);
  Vector<P::k> t1;
  unpack_t1(bytes.data() + 32, t1.c, P::k);
  for (std::int32_t& c : t1.c) {
    c = -(c << 13);
  }
  kernel().ntt(t1.c, P::k);
  for (int block = 0; block < 16; ++block) {
    for (int row = 0; row < P::k; ++row) {
      std::memcpy(matrix_ + ((block * P::k + row) * columns + P::l) * 16, t1.poly(row) + 16 * block,
                  16 * sizeof(std::int32_t));
    }
  }
  keccak::shake256(tr_, {bytes});
}

// FIPS 204, Algorithm 8 (ML-DSA.Verify_internal)
template <class P>
Result<void> PreparedVerifier<P>::verify(const Mu& mu, const Signature<P>& sig) const {
  using S = Shape<P>;
  const std::uint8_t* bytes = sig.bytes().data();
  ByteArray<static_cast<std::size_t>(P::k) * 256> hint;
  if (!unpack_hint(bytes + S::hint_at, P::k, P::omega, hint.data())) {
    return refused("mldsa: hint not in its one encoding");
  }
  Vector<P::l + 1> z;  // and c behind it
  kernel().unpack_z(P::gamma1_bits, bytes + S::z_at, z.c, 256 * P::l);
  if (kernel().exceeds(z.c, S::gamma1 - S::beta, 256 * P::l) != 0) {
    return refused("mldsa: z too large");
  }
  const Bytes challenge(bytes, P::challenge_bytes);
  sample_in_ball(challenge, P::tau, z.poly(P::l));
  kernel().ntt(z.c, P::l + 1);
  Vector<P::k> w1;
  kernel().multiply(matrix_, z.c, w1.c, P::k, P::l + 1);
  kernel().intt(w1.c, P::k);
  kernel().use_hint(S::rounding, hint.data(), w1.c, w1.coefficients);
  ByteArray<static_cast<std::size_t>(P::k) * S::w1_bytes> packed;
  kernel().pack_w1(S::rounding, w1.c, packed.data(), w1.coefficients);
  ByteArray<P::challenge_bytes> expected;
  keccak::shake256(expected, {mu.bytes(), packed});
  if (!same(expected, challenge)) {
    return refused("mldsa: not this key's signature over this message");
  }
  return {};
}

// FIPS 204, Algorithm 3 (ML-DSA.Verify)
template <class P>
Result<void> PreparedVerifier<P>::verify(Bytes message, Bytes context,
                                         const Signature<P>& sig) const {
  MuHasher hasher = TRY(MuHasher::pure(tr_, context));
  hasher.update(message);
  return verify(hasher.finish(), sig);
}

// FIPS 204, Algorithm 5 (HashML-DSA.Verify)
template <class P>
Result<void> PreparedVerifier<P>::verify(const Digest& digest, Bytes context,
                                         const Signature<P>& sig) const {
  MuHasher hasher = TRY(MuHasher::prehash(tr_, digest, context));
  return verify(hasher.finish(), sig);
}

template <class P>
Result<MuHasher> PreparedVerifier<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(tr_, context);
}

template <class P>
Result<void> PublicKey<P>::verify(Bytes message, Bytes context, const Signature<P>& sig) const {
  return PreparedVerifier<P>(*this).verify(message, context, sig);
}
template <class P>
Result<void> PublicKey<P>::verify(const Digest& digest, Bytes context,
                                  const Signature<P>& sig) const {
  return PreparedVerifier<P>(*this).verify(digest, context, sig);
}
template <class P>
Result<void> PublicKey<P>::verify(const Mu& mu, const Signature<P>& sig) const {
  return PreparedVerifier<P>(*this).verify(mu, sig);
}

template <class P>
void verify_batch(std::span<const VerifyItem<P>> items, std::span<Verdict> out) {
  CHECK(items.size() == out.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const VerifyItem<P>& item = items[i];
    CHECK((item.prepared != nullptr) != (item.key != nullptr));
    const Result<Signature<P>> signature = Signature<P>::parse(item.signature);
    if (!signature) {
      out[i] = Verdict::malformed;
      continue;
    }
    const Result<void> result = item.prepared != nullptr
                                    ? item.prepared->verify(item.message, item.context, *signature)
                                    : item.key->verify(item.message, item.context, *signature);
    out[i] = result                                   ? Verdict::valid
             : result.error().code == Errc::malformed ? Verdict::malformed
                                                      : Verdict::invalid;
  }
}

template class PreparedVerifier<Mldsa44>;
template class PreparedVerifier<Mldsa65>;
template class PreparedVerifier<Mldsa87>;
template Result<void> PublicKey<Mldsa44>::verify(Bytes, Bytes, const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(Bytes, Bytes, const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(Bytes, Bytes, const Signature<Mldsa87>&) const;
template Result<void> PublicKey<Mldsa44>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa87>&) const;
template Result<void> PublicKey<Mldsa44>::verify(const Mu&, const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(const Mu&, const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(const Mu&, const Signature<Mldsa87>&) const;
template void verify_batch(std::span<const VerifyItem<Mldsa44>>, std::span<Verdict>);
template void verify_batch(std::span<const VerifyItem<Mldsa65>>, std::span<Verdict>);
template void verify_batch(std::span<const VerifyItem<Mldsa87>>, std::span<Verdict>);

}  // namespace v100::mldsa
