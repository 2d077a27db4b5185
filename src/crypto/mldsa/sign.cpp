// FIPS 204, sections 5.2, 5.4.1 and 6.2: signing.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

// What one signing call works on. Everything that depends on the key is wiped.
template <class P>
struct Workspace {
  SecretVector<P::l> y, z;
  SecretVector<P::k> w1, r0, t;  // t: cs2, then ct0
  SecretVector<1> c;
  SecretBytes<static_cast<std::size_t>(P::k) * 256> hint;
  SecretBytes<static_cast<std::size_t>(P::k) * Shape<P>::w1_bytes> w1_packed;
};

// c times a secret vector in the NTT domain, centred: exact, as the product is far below q / 2.
void challenge_times(const std::int32_t* vector, const std::int32_t* c, std::int32_t* out,
                     std::size_t count) {
  kernel().scale(vector, c, out, count);
  kernel().intt(out, count);
  kernel().centre(out, 256 * count);
}

void add_plain(std::int32_t* a, const std::int32_t* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    a[i] += b[i];
  }
}
void subtract_plain(std::int32_t* a, const std::int32_t* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    a[i] -= b[i];
  }
}

// Whether some coefficient is too large. That an attempt failed, and at which check, is public: it
// does not depend on the key's value (FIPS 204, section 3.6.3; the scheme's own security proof).
bool too_large(const std::int32_t* a, std::int32_t bound, std::size_t n) {
  const ct::Mask mask = ct::Mask::from_bit(kernel().exceeds(a, bound, n) & 1);
  return ct::declassify(mask, "rejections are public");
}

}  // namespace

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

// FIPS 204, Algorithm 7 (ML-DSA.Sign_internal), one turn of its loop: false for a rejected attempt.
template <class P>
bool PreparedSigner<P>::attempt(FixedBytes<mu_bytes> mu, FixedBytes<64> rho_second, unsigned kappa,
                                Signature<P>& signature) const {
  using S = Shape<P>;
  Workspace<P> work;
  expand_mask(rho_second, kappa, P::gamma1_bits, work.y.c, P::l);
  std::memcpy(work.z.c, work.y.c, sizeof work.y.c);
  kernel().ntt(work.z.c, P::l);
  kernel().multiply(matrix_, work.z.c, work.t.c, P::k, P::l);
  kernel().intt(work.t.c, P::k);
  kernel().decompose(S::rounding, work.t.c, work.w1.c, work.r0.c, work.t.coefficients);
  kernel().pack_w1(S::rounding, work.w1.c, work.w1_packed.bytes.data(), work.w1.coefficients);

  ByteArray<P::challenge_bytes> challenge;
  keccak::shake256(challenge, {mu, work.w1_packed.bytes});
  // The challenge of a rejected attempt may be public too: it is a hash of what stays hidden.
  ct::unpoison(challenge);
  sample_in_ball(challenge, P::tau, work.c.c);
  kernel().ntt(work.c.c, 1);

  challenge_times(s1_, work.c.c, work.z.c, P::l);
  add_plain(work.z.c, work.y.c, work.z.coefficients);
  if (too_large(work.z.c, S::gamma1 - S::beta, work.z.coefficients)) {
    return false;
  }
  challenge_times(s2_, work.c.c, work.t.c, P::k);
  // |w0 - cs2| below the bound means that it is LowBits(w - cs2) and that HighBits are w1.
  subtract_plain(work.r0.c, work.t.c, work.r0.coefficients);
  if (too_large(work.r0.c, P::gamma2 - S::beta, work.r0.coefficients)) {
    return false;
  }
  challenge_times(t0_, work.c.c, work.t.c, P::k);
  if (too_large(work.t.c, P::gamma2, work.t.coefficients)) {
    return false;
  }
  add_plain(work.r0.c, work.t.c, work.r0.coefficients);
  std::uint32_t ones = kernel().make_hint(S::rounding, work.r0.c, work.w1.c, work.hint.bytes.data(),
                                          work.r0.coefficients);
  ct::unpoison_value(ones);
  if (ones > static_cast<std::uint32_t>(P::omega)) {
    return false;
  }
  ct::unpoison(work.hint.bytes);
  copy(MutBytes(signature.bytes_).first(P::challenge_bytes), challenge);
  kernel().pack_z(P::gamma1_bits, work.z.c, signature.bytes_.data() + S::z_at, work.z.coefficients);
  pack_hint(work.hint.bytes.data(), P::k, P::omega, signature.bytes_.data() + S::hint_at);
  ct::unpoison(signature.bytes_);
  return true;
}

template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(const Mu& mu, const Hedge& hedge) const {
  const Poisoned secret_rnd(hedge.expose());
  SecretBytes<64> rho_second;
  keccak::shake256(rho_second.bytes, {key_, hedge.expose(), mu.bytes()});
  Signature<P> signature;
  for (unsigned i = 0; i < sign_attempts_max; ++i) {
    if (attempt(mu.bytes(), rho_second.bytes, i * static_cast<unsigned>(P::l), signature)) {
      return signature;
    }
  }
  return fail(Errc::unavailable, "mldsa: no signature within the limit of attempts");
}

// FIPS 204, Algorithm 2 (ML-DSA.Sign)
template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(Bytes message, Bytes context,
                                             const Hedge& hedge) const {
  MuHasher hasher = TRY(MuHasher::pure(tr_, context));
  hasher.update(message);
  return sign(hasher.finish(), hedge);
}

// FIPS 204, Algorithm 4 (HashML-DSA.Sign)
template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(const Digest& digest, Bytes context,
                                             const Hedge& hedge) const {
  MuHasher hasher = TRY(MuHasher::prehash(tr_, digest, context));
  return sign(hasher.finish(), hedge);
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
  for (std::size_t i = 0; i < items.size(); ++i) {
    const SignItem<P>& item = items[i];
    const Result<Signature<P>> signature =
        item.signer->sign(item.message, item.context, *item.hedge);
    if (signature) {
      copy(item.out, signature->bytes());
      out[i] = Verdict::valid;
    } else {
      out[i] = signature.error().code == Errc::malformed ? Verdict::malformed : Verdict::invalid;
    }
  }
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
