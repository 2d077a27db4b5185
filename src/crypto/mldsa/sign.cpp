// FIPS 204, sections 5.2, 5.4.1 and 6.2: signing.
#include "crypto/mldsa/sign_run.h"

namespace v100::mldsa {

Hedge Hedge::fresh(Random& random) {
  Hedge hedge;
  random.fill(hedge.rnd_.fill());
  return hedge;
}

template <class P>
Result<Signature<P>> Signature<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "mldsa: signature of a wrong length");
  }
  Signature signature;
  copy(signature.bytes_, bytes);
  return signature;
}

// FIPS 204, Algorithm 7, lines 1 to 5: all that does not depend on the message.
template <class P>
PreparedSigner<P>::PreparedSigner(const PrivateKey<P>& key) noexcept {
  using S = Shape<P>;
  const FixedBytes<PrivateKey<P>::size> bytes = key.expose();
  const Poisoned secret_k(bytes.template subspan<S::k_at, 32>());
  const Poisoned secret_vectors(bytes.template subspan<S::s1_at>());
  expand_a(bytes.template first<32>(), P::k, P::l, matrix_, P::l);
  copy(key_, bytes.template subspan<S::k_at, 32>());
  copy(tr_, bytes.template subspan<S::tr_at, 64>());
  // Their range was checked when the key was made.
  (void)unpack_eta(P::eta, bytes.data() + S::s1_at, s1_, P::l);
  (void)unpack_eta(P::eta, bytes.data() + S::s2_at, s2_, P::k);
  unpack_t0(bytes.data() + S::t0_at, t0_, P::k);
  kernel().ntt(s1_, P::l);
  kernel().ntt(s2_, P::k);
  kernel().ntt(t0_, P::k);
}

template <class P>
PreparedSigner<P>::~PreparedSigner() {
  wipe_object(s1_);
  wipe_object(s2_);
  wipe_object(t0_);
  wipe_object(key_);
}

template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(const SignItem<P>& item) const {
  Signature<P> signature;
  SignItem<P> whole = item;
  whole.signer = this;
  whole.out = signature.bytes_;
  Verdict verdict = Verdict::invalid;
  sign_batch<P>({&whole, 1}, {&verdict, 1});
  switch (verdict) {
    case Verdict::valid:
      return signature;
    case Verdict::malformed:
      return fail(Errc::malformed, "mldsa: context above 255 bytes");
    default:
      return fail(Errc::unavailable, "mldsa: no signature within the limit of attempts");
  }
}

template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(const Mu& mu, const Hedge& hedge) const {
  return sign({.hedge = &hedge, .mu = &mu});
}

// FIPS 204, Algorithm 2 (ML-DSA.Sign)
template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(Bytes message, Bytes context,
                                             const Hedge& hedge) const {
  return sign({.message = message, .context = context, .hedge = &hedge});
}

// FIPS 204, Algorithm 4 (HashML-DSA.Sign)
template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(const Digest& digest, Bytes context,
                                             const Hedge& hedge) const {
  return sign({.context = context, .hedge = &hedge, .digest = &digest});
}

template <class P>
Result<MuHasher> PreparedSigner<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(tr_, context);
}

template <class P>
Result<Signature<P>> PrivateKey<P>::sign(Bytes message, Bytes context, const Hedge& hedge) const {
  return PreparedSigner<P>(*this).sign(message, context, hedge);
}
template <class P>
Result<Signature<P>> PrivateKey<P>::sign(const Digest& digest, Bytes context,
                                         const Hedge& hedge) const {
  return PreparedSigner<P>(*this).sign(digest, context, hedge);
}
template <class P>
Result<Signature<P>> PrivateKey<P>::sign(const Mu& mu, const Hedge& hedge) const {
  return PreparedSigner<P>(*this).sign(mu, hedge);
}

template <class P>
void sign_batch(std::span<const SignItem<P>> items, std::span<Verdict> out) {
  CHECK(items.size() == out.size());
  SignRun<P> run(items, out);
  static_assert(sizeof run < 116 * 1024);
  keccak::Lanes lanes;
  lanes.run(run);
}

template class PreparedSigner<Mldsa44>;
template class PreparedSigner<Mldsa65>;
template class PreparedSigner<Mldsa87>;
template class Signature<Mldsa44>;
template class Signature<Mldsa65>;
template class Signature<Mldsa87>;
template Result<Signature<Mldsa44>> PrivateKey<Mldsa44>::sign(Bytes, Bytes, const Hedge&) const;
template Result<Signature<Mldsa65>> PrivateKey<Mldsa65>::sign(Bytes, Bytes, const Hedge&) const;
template Result<Signature<Mldsa87>> PrivateKey<Mldsa87>::sign(Bytes, Bytes, const Hedge&) const;
template Result<Signature<Mldsa44>> PrivateKey<Mldsa44>::sign(const Digest&, Bytes,
                                                              const Hedge&) const;
template Result<Signature<Mldsa65>> PrivateKey<Mldsa65>::sign(const Digest&, Bytes,
                                                              const Hedge&) const;
template Result<Signature<Mldsa87>> PrivateKey<Mldsa87>::sign(const Digest&, Bytes,
                                                              const Hedge&) const;
template Result<Signature<Mldsa44>> PrivateKey<Mldsa44>::sign(const Mu&, const Hedge&) const;
template Result<Signature<Mldsa65>> PrivateKey<Mldsa65>::sign(const Mu&, const Hedge&) const;
template Result<Signature<Mldsa87>> PrivateKey<Mldsa87>::sign(const Mu&, const Hedge&) const;
template void sign_batch(std::span<const SignItem<Mldsa44>>, std::span<Verdict>);
template void sign_batch(std::span<const SignItem<Mldsa65>>, std::span<Verdict>);
template void sign_batch(std::span<const SignItem<Mldsa87>>, std::span<Verdict>);

}  // namespace v100::mldsa
