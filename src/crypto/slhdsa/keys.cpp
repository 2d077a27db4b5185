// FIPS 205, sections 9 and 10: keys, signing and verification over whole messages.
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

// Secret for the checker while this stands: inputs come from callers that have no marks.
class Poisoned {
 public:
  explicit Poisoned(Bytes secret) noexcept : secret_(secret) { ct::poison(secret_); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
  ~Poisoned() { ct::unpoison(secret_); }

 private:
  Bytes secret_;
};

// SK.seed in every lane, as the PRF takes it.
struct SeedLanes : NodeLanes {
  SeedLanes(const Hasher& hasher, Bytes sk_seed) noexcept {
    Node node = hasher.load(sk_seed);
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      put(lane, node.data(), hasher.words());
    }
    wipe_object(node);
  }
  SeedLanes(const SeedLanes&) = delete;
  SeedLanes& operator=(const SeedLanes&) = delete;
  ~SeedLanes() { wipe_object(words); }
};

// FIPS 205, Algorithm 19 (slh_sign_internal). `key` is SK.seed, SK.prf, PK.seed, PK.root.
void sign_with(const Params& p, Bytes key, std::span<const Bytes> message, Bytes opt_rand,
               MutBytes out) noexcept {
  const Poisoned secret(key.first(2 * p.n));
  const Hasher hasher(p, key.subspan(2 * p.n, p.n));
  const SeedLanes sk_seed(hasher, key.first(p.n));
  const MutBytes r = out.first(p.n);
  hasher.prf_msg(r, key.subspan(p.n, p.n), opt_rand, message);
  ct::unpoison(r);
  ByteArray<64> digest;
  const MutBytes used = MutBytes(digest).first(p.digest);
  hasher.h_msg(used, r, key.subspan(3 * p.n, p.n), message);
  const Place place = place_of(p, used);
  const Node fors = fors_sign(hasher, sk_seed, place, out.subspan(p.n, p.fors_bytes()));
  hypertree_sign(hasher, sk_seed, place, fors, out.subspan(p.n + p.fors_bytes()));
  ct::unpoison(out);
}

// FIPS 205, Algorithm 20 (slh_verify_internal)
Result<void> verify_with(const Params& p, Bytes key, std::span<const Bytes> message,
                         Bytes signature) noexcept {
  const Hasher hasher(p, key.first(p.n));
  ByteArray<64> digest;
  const MutBytes used = MutBytes(digest).first(p.digest);
  hasher.h_msg(used, signature.first(p.n), key.subspan(p.n, p.n), message);
  const Place place = place_of(p, used);
  const Node fors = fors_public_key(hasher, place, signature.subspan(p.n, p.fors_bytes()));
  const Node root =
      hypertree_verify_root(hasher, place, fors, signature.subspan(p.n + p.fors_bytes()));
  ByteArray<8 * words_max> bytes;
  hasher.store(MutBytes(bytes).first(p.n), root.data());
  if (!same(Bytes(bytes).first(p.n), key.subspan(p.n, p.n))) {
    return fail(Errc::unauthenticated, "slhdsa: the signature does not verify");
  }
  return {};
}

// FIPS 205, Algorithm 18 (slh_keygen_internal): PK.root of a key whose three seeds stand in `key`.
void make_root(const Params& p, Bytes key, MutBytes out) noexcept {
  const Poisoned secret(key.first(2 * p.n));
  const Hasher hasher(p, key.subspan(2 * p.n, p.n));
  const SeedLanes sk_seed(hasher, key.first(p.n));
  const Node root = hypertree_root(hasher, sk_seed);
  hasher.store(out, root.data());
  ct::unpoison(out);
}

Result<void> check_context(Bytes context) noexcept {
  if (context.size() > context_bytes_max) {
    return fail(Errc::malformed, "slhdsa: context above 255 bytes");
  }
  return {};
}

// The last byte of 2.16.840.1.101.3.4.2.*, in the order of enum Hash.
constexpr std::uint8_t oid_last[] = {4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12};
static_assert(std::size(oid_last) == static_cast<std::size_t>(Hash::shake256) + 1);

}  // namespace

Framed::Framed(Framed&& other) noexcept
    : head_(other.head_), oid_(other.oid_), parts_(other.parts_), count_(other.count_) {
  parts_[0] = head_;
  if (count_ == 4) {
    parts_[2] = oid_;
  }
}

// FIPS 205, Algorithm 22, line 8: M' = 0 || |ctx| || ctx || M
Result<Framed> Framed::pure(Bytes message, Bytes context) {
  TRY(check_context(context));
  Framed framed;
  framed.head_ = {0, static_cast<std::uint8_t>(context.size())};
  framed.parts_ = {Bytes(framed.head_), context, message, Bytes()};
  framed.count_ = 3;
  return framed;
}

// FIPS 205, Algorithm 23, line 24: M' = 1 || |ctx| || ctx || OID || PH(M)
Result<Framed> Framed::prehash(const Digest& digest, Bytes context) {
  TRY(check_context(context));
  Framed framed;
  framed.head_ = {1, static_cast<std::uint8_t>(context.size())};
  framed.oid_ = {0x06,
                 0x09,
                 0x60,
                 0x86,
                 0x48,
                 0x01,
                 0x65,
                 0x03,
                 0x04,
                 0x02,
                 oid_last[static_cast<std::size_t>(digest.hash())]};
  framed.parts_ = {Bytes(framed.head_), context, Bytes(framed.oid_), digest.bytes()};
  framed.count_ = 4;
  return framed;
}

Hedge Hedge::fresh(Random& random) {
  Hedge hedge;
  random.fill(hedge.bytes_.fill());
  hedge.given_ = true;
  return hedge;
}

Hedge Hedge::from(Bytes opt_rand) {
  CHECK(opt_rand.size() <= 32);
  Hedge hedge;
  copy(MutBytes(hedge.bytes_.fill()).first(opt_rand.size()), opt_rand);
  hedge.given_ = true;
  return hedge;
}

template <class P>
Result<Signature<P>> Signature<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "slhdsa: signature of a wrong length");
  }
  Signature signature;
  copy(signature.bytes_, bytes);
  return signature;
}

template <class P>
Result<PublicKey<P>> PublicKey<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "slhdsa: public key of a wrong length");
  }
  PublicKey key;
  copy(key.bytes_, bytes);
  return key;
}

template <class P>
Result<void> PublicKey<P>::verify(Bytes message, Bytes context, const Signature<P>& sig) const {
  const Framed framed = TRY(Framed::pure(message, context));
  return verify_with(P::params, bytes_, framed.parts(), sig.bytes());
}
template <class P>
Result<void> PublicKey<P>::verify(const Digest& digest, Bytes context,
                                  const Signature<P>& sig) const {
  const Framed framed = TRY(Framed::prehash(digest, context));
  return verify_with(P::params, bytes_, framed.parts(), sig.bytes());
}
template <class P>
Result<void> PublicKey<P>::verify_internal(Bytes message, const Signature<P>& sig) const {
  return verify_with(P::params, bytes_, {&message, 1}, sig.bytes());
}

template <class P>
PrivateKey<P> PrivateKey<P>::generate(Random& random) {
  Seeds seeds;
  random.fill(seeds.fill());
  return from_seeds(seeds);
}

template <class P>
PrivateKey<P> PrivateKey<P>::from_seeds(const Seeds& seeds) {
  constexpr std::size_t n = P::params.n;
  PrivateKey key;
  const FixedMutBytes<size> own = key.bytes_.fill();
  copy(own.template first<seeds_bytes>(), seeds.expose());
  make_root(P::params, own, own.template last<n>());
  ct::unpoison(own);
  copy(key.public_key_.bytes_, own.template last<2 * n>());
  return key;
}

template <class P>
Result<PrivateKey<P>> PrivateKey<P>::parse(Bytes bytes) {
  constexpr std::size_t n = P::params.n;
  if (bytes.size() != size) {
    return fail(Errc::malformed, "slhdsa: private key of a wrong length");
  }
  PrivateKey key = from_seeds(Seeds(bytes.first<seeds_bytes>()));
  if (!same(key.expose().template last<n>(), bytes.last(n))) {
    return fail(Errc::malformed, "slhdsa: private key whose parts do not belong together");
  }
  return key;
}

template <class P>
Signature<P> PrivateKey<P>::sign_parts(std::span<const Bytes> message, const Hedge& hedge) const {
  constexpr std::size_t n = P::params.n;
  Signature<P> signature;
  const Bytes opt_rand =
      hedge.given_ ? Bytes(hedge.bytes_.expose()).first(n) : Bytes(expose()).subspan(2 * n, n);
  sign_with(P::params, expose(), message, opt_rand, signature.bytes_);
  return signature;
}

template <class P>
Result<Signature<P>> PrivateKey<P>::sign(Bytes message, Bytes context, const Hedge& hedge) const {
  const Framed framed = TRY(Framed::pure(message, context));
  return sign_parts(framed.parts(), hedge);
}
template <class P>
Result<Signature<P>> PrivateKey<P>::sign(const Digest& digest, Bytes context,
                                         const Hedge& hedge) const {
  const Framed framed = TRY(Framed::prehash(digest, context));
  return sign_parts(framed.parts(), hedge);
}
template <class P>
Signature<P> PrivateKey<P>::sign_internal(Bytes message, const Hedge& hedge) const {
  return sign_parts({&message, 1}, hedge);
}

#define V100_SLHDSA_SET(P)     \
  template class Signature<P>; \
  template class PublicKey<P>; \
  template class PrivateKey<P>;
V100_SLHDSA_SET(Shake128s)
V100_SLHDSA_SET(Shake128f)
V100_SLHDSA_SET(Shake192s)
V100_SLHDSA_SET(Shake192f)
V100_SLHDSA_SET(Shake256s)
V100_SLHDSA_SET(Shake256f)
V100_SLHDSA_SET(Sha2_128s)
V100_SLHDSA_SET(Sha2_128f)
V100_SLHDSA_SET(Sha2_192s)
V100_SLHDSA_SET(Sha2_192f)
V100_SLHDSA_SET(Sha2_256s)
V100_SLHDSA_SET(Sha2_256f)
#undef V100_SLHDSA_SET

}  // namespace v100::slhdsa
