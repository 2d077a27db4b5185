// FIPS 203 §6 and §7: keys, encapsulation, decapsulation.
#include "crypto/mlkem/mlkem.h"

#include "base/ct.h"
#include "base/world.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/kpke.h"
#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {
namespace {

// Marks secret bytes for the constant-time checker while a function works with them.
class Poisoned {
 public:
  explicit Poisoned(Bytes secret) noexcept : secret_(secret) { ct::poison(secret_); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
  ~Poisoned() { ct::unpoison(secret_); }

 private:
  Bytes secret_;
};

using KeyAndRandomness = Secret<64, struct KeyAndRandomnessTag>;  // (K, r)

// Poly is nothing but its coefficients, so an array of one is an array of the other.
static_assert(sizeof(Poly) == 512 && alignof(Poly) == 64);
Poly* polys(std::int16_t* coefficients) noexcept { return reinterpret_cast<Poly*>(coefficients); }
const Poly* polys(const std::int16_t* coefficients) noexcept {
  return reinterpret_cast<const Poly*>(coefficients);
}

// Where the parts of an expanded private key lie: s || ek || H(ek) || z.
template <class P>
struct DkParts {
  explicit DkParts(FixedBytes<P::dk_bytes> dk) noexcept
      : s(dk.template first<384 * P::k>()),
        ek(dk.template subspan<384 * P::k, P::ek_bytes>()),
        h(dk.template subspan<768 * P::k + 32, 32>()),
        z(dk.template last<32>()) {}
  FixedBytes<384 * P::k> s;
  FixedBytes<P::ek_bytes> ek;
  FixedBytes<32> h;
  FixedBytes<32> z;
};

}  // namespace

template <class P>
Result<EncapsulationKey<P>> EncapsulationKey<P>::parse(Bytes raw) noexcept {
  if (raw.size() != P::ek_bytes) {
    return fail(Errc::malformed, "ml-kem: encapsulation key has the wrong length");
  }
  if (!below_q(raw.first(384 * P::k))) {
    return fail(Errc::malformed, "ml-kem: encapsulation key holds a coefficient of q or more");
  }
  EncapsulationKey key;
  copy(key.bytes_, raw);
  return key;
}

template <class P>
Result<DecapsulationKey<P>> DecapsulationKey<P>::parse(Bytes raw) noexcept {
  if (raw.size() != P::dk_bytes) {
    return fail(Errc::malformed, "ml-kem: decapsulation key has the wrong length");
  }
  const DkParts<P> parts(raw.template first<P::dk_bytes>());
  ByteArray<32> h;
  keccak::sha3_256(h, {parts.ek});
  if (!same(h, parts.h)) {
    return fail(Errc::malformed, "ml-kem: decapsulation key does not hold its own hash");
  }
  DecapsulationKey key;
  copy(key.bytes_.fill(), raw);
  return key;
}

template <class P>
Result<Ciphertext<P>> Ciphertext<P>::parse(Bytes raw) noexcept {
  if (raw.size() != P::ct_bytes) {
    return fail(Errc::malformed, "ml-kem: ciphertext has the wrong length");
  }
  return Ciphertext(raw.template first<P::ct_bytes>());
}

// FIPS 203, Algorithm 16 (ML-KEM.KeyGen_internal)
template <class P>
KeyPair<P> KeyPair<P>::from_seed(const Seed& seed) noexcept {
  const Poisoned secret(seed.expose());
  KeyPair pair{EncapsulationKey<P>(), DecapsulationKey<P>()};
  const FixedMutBytes<P::dk_bytes> dk = pair.dk.bytes_.fill();
  Kpke<P>::keygen(pair.ek.bytes_, dk.template first<384 * P::k>(), seed.expose().first<32>());
  ct::unpoison(pair.ek.bytes_);
  copy(dk.template subspan<384 * P::k, P::ek_bytes>(), pair.ek.bytes_);
  keccak::sha3_256(dk.template subspan<768 * P::k + 32, 32>(), {pair.ek.bytes_});
  copy(dk.template last<32>(), seed.expose().last<32>());
  ct::unpoison(dk);
  return pair;
}

// FIPS 203, Algorithm 19 (ML-KEM.KeyGen)
template <class P>
KeyPair<P> KeyPair<P>::generate(Random& random) noexcept {
  Seed seed;
  random.fill(seed.fill());
  return from_seed(seed);
}

template <class P>
PreparedEncapsulator<P>::PreparedEncapsulator(const EncapsulationKey<P>& ek) noexcept
    : PreparedEncapsulator(ek.bytes()) {}

template <class P>
PreparedEncapsulator<P>::PreparedEncapsulator(FixedBytes<P::ek_bytes> ek) noexcept {
  sample_matrix(polys(a_transposed_), P::k, ek.template last<32>(), Order::transposed);
  decode_vector(polys(t_hat_), ek.template first<384 * P::k>());
  keccak::sha3_256(h_, {ek});
}

// FIPS 203, Algorithm 17 (ML-KEM.Encaps_internal)
template <class P>
Encapsulated<P> PreparedEncapsulator<P>::encapsulate_internal(const Message& m) const noexcept {
  const Poisoned secret(m.expose());
  KeyAndRandomness k_r;
  keccak::sha3_512(k_r.fill(), {m.expose(), h_});
  Encapsulated<P> result;
  Kpke<P>::encrypt(result.ciphertext.fill(), {polys(a_transposed_), polys(t_hat_)}, m.expose(),
                   k_r.expose().last<32>());
  copy(result.secret.fill(), k_r.expose().first<32>());
  ct::unpoison(result.ciphertext.bytes());
  ct::unpoison(result.secret.expose());
  return result;
}

// FIPS 203, Algorithm 20 (ML-KEM.Encaps)
template <class P>
Encapsulated<P> PreparedEncapsulator<P>::encapsulate(Random& random) const noexcept {
  Message m;
  random.fill(m.fill());
  return encapsulate_internal(m);
}

template <class P>
PreparedDecapsulator<P>::PreparedDecapsulator(const DecapsulationKey<P>& dk) noexcept
    : encapsulator_(DkParts<P>(dk.expose()).ek), z_(DkParts<P>(dk.expose()).z) {
  const DkParts<P> parts(dk.expose());
  const Poisoned secret(parts.s);
  struct Work {
    Poly s[P::k];
  };
  Wiped<Work> w;
  decode_vector(w.s, parts.s);
  for (std::size_t i = 0; i < P::k; ++i) {
    kernel().prepare(reinterpret_cast<Multiplier*>(s_hat_) + i, w.s[i].c);
  }
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(s_hat_), sizeof s_hat_});
}

template <class P>
PreparedDecapsulator<P>::~PreparedDecapsulator() {
  wipe_object(s_hat_);
}

// FIPS 203, Algorithm 18 (ML-KEM.Decaps_internal)
template <class P>
SharedSecret PreparedDecapsulator<P>::decapsulate(const Ciphertext<P>& ciphertext) const noexcept {
  const Poisoned secret_s({reinterpret_cast<const std::uint8_t*>(s_hat_), sizeof s_hat_});
  const Poisoned secret_z(z_.expose());
  Message m;
  Kpke<P>::decrypt(m.fill(), reinterpret_cast<const Multiplier*>(s_hat_), ciphertext.bytes());
  KeyAndRandomness k_r;
  keccak::sha3_512(k_r.fill(), {m.expose(), encapsulator_.h_});
  SharedSecret rejected;
  keccak::shake256(rejected.fill(), {z_.expose(), ciphertext.bytes()});
  struct Work {
    ByteArray<P::ct_bytes> again;
  };
  Wiped<Work> w;
  Kpke<P>::encrypt(w.again, {polys(encapsulator_.a_transposed_), polys(encapsulator_.t_hat_)},
                   m.expose(), k_r.expose().last<32>());
  SharedSecret result;
  ct::select(result.fill(), ct::equal(w.again, ciphertext.bytes()), k_r.expose().first<32>(),
             rejected.expose());
  ct::unpoison(result.expose());
  return result;
}

template class EncapsulationKey<Mlkem512>;
template class EncapsulationKey<Mlkem768>;
template class EncapsulationKey<Mlkem1024>;
template class DecapsulationKey<Mlkem512>;
template class DecapsulationKey<Mlkem768>;
template class DecapsulationKey<Mlkem1024>;
template class Ciphertext<Mlkem512>;
template class Ciphertext<Mlkem768>;
template class Ciphertext<Mlkem1024>;
template struct KeyPair<Mlkem512>;
template struct KeyPair<Mlkem768>;
template struct KeyPair<Mlkem1024>;
template class PreparedEncapsulator<Mlkem512>;
template class PreparedEncapsulator<Mlkem768>;
template class PreparedEncapsulator<Mlkem1024>;
template class PreparedDecapsulator<Mlkem512>;
template class PreparedDecapsulator<Mlkem768>;
template class PreparedDecapsulator<Mlkem1024>;

}  // namespace v100::mlkem
