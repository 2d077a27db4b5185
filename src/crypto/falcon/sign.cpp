// Falcon §3.9, Algorithm 10 (Sign), with a key expanded before.
#include "crypto/falcon/internal.h"
#include "crypto/falcon/reference.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {
namespace {

// Adding this rounds a number below 2^51 to the nearest integer.
constexpr double round_shift = 6755399441055744.0;
std::int32_t rounded(double a) {
  return static_cast<std::int32_t>((a + round_shift) - round_shift);
}

std::unexpected<Error> stuck() {
  return fail(Errc::unavailable, "falcon: the source of randomness repeats one byte");
}

// An attempt's randomness from a hash that both the key and the outside went into.
class Drawn {
 public:
  explicit Drawn(const keccak::Shake256& hash) noexcept : hash_(hash) {}
  Drawn(const Drawn&) = delete;
  Drawn& operator=(const Drawn&) = delete;
  ~Drawn() { wipe_object(state_); }
  void sample(const double* tree, Attempt& attempt, int logn) noexcept {
    ByteArray<stream_seed_bytes> seed;
    hash_.squeeze(seed);
    start(state_, seed, logn);
    wipe(seed);
    kernel().sample(state_, tree, attempt.t0(), attempt.t1(), attempt.z0(), attempt.z1(),
                    attempt.scratch(), logn);
  }

 private:
  keccak::Shake256 hash_;
  SamplerState state_;
};

}  // namespace

void start(SamplerState& state, FixedBytes<stream_seed_bytes> seed, int logn) {
  start(state.stream, seed);
  state.sigma_min = sigma_min_of(logn);
  state.candidates.next[0] = state.candidates.next[1] = Candidates::size;
}

bool nothing_but_one_byte(Bytes bytes) {
  std::uint8_t difference = 0;
  for (const std::uint8_t b : bytes) {
    difference |= static_cast<std::uint8_t>(b ^ bytes[0]);
  }
  const ct::Mask same_all = ct::is_zero(difference);
  return ct::declassify(same_all, "a dead source of randomness is an error");
}

// t = (c, 0) B^-1 = (-c F, c f) / q
void Attempt::aim(const double* basis, const std::uint16_t* c) noexcept {
  const std::size_t size = n(), m = size / 2;
  double* a0 = t0();
  double* a1 = t1();
  for (std::size_t i = 0; i < size; ++i) {
    a0[i] = c[i];
  }
  kernel().fft(a0, logn_);
  const double* b01 = basis + size;
  const double* b11 = basis + 3 * size;
  constexpr double inverse_q = 1.0 / q;
  for (std::size_t u = 0; u < m; ++u) {
    const double re = a0[u], im = a0[m + u];
    a1[u] = (re * b01[u] - im * b01[m + u]) * -inverse_q;
    a1[m + u] = (re * b01[m + u] + im * b01[u]) * -inverse_q;
    a0[u] = (re * b11[u] - im * b11[m + u]) * inverse_q;
    a0[m + u] = (re * b11[m + u] + im * b11[u]) * inverse_q;
  }
}

// (s1, s2) = (c, 0) - z B
std::uint32_t Attempt::finish(const double* basis, const std::uint16_t* c,
                              std::int16_t* s2) noexcept {
  const std::size_t size = n(), m = size / 2;
  double* p0 = t0();
  double* p1 = t1();
  const double* x = z0();
  const double* y = z1();
  for (std::size_t column = 0; column < 2; ++column) {
    const double* top = basis + column * size;
    const double* bottom = basis + (column + 2) * size;
    double* p = column == 0 ? p0 : p1;
    for (std::size_t u = 0; u < m; ++u) {
      p[u] =
          (x[u] * top[u] - x[m + u] * top[m + u]) + (y[u] * bottom[u] - y[m + u] * bottom[m + u]);
      p[m + u] =
          (x[u] * top[m + u] + x[m + u] * top[u]) + (y[u] * bottom[m + u] + y[m + u] * bottom[u]);
    }
    kernel().ifft(p, logn_);
  }
  // Squares of what fits 32 bits may not fit 64: whatever is beyond 2^15 counts as too long.
  std::uint64_t norm = 0;
  std::uint32_t beyond = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int32_t first = static_cast<std::int32_t>(c[i]) - rounded(p0[i]);
    const std::int32_t second = -rounded(p1[i]);
    s2[i] = static_cast<std::int16_t>(second);
    beyond |= static_cast<std::uint32_t>(first + 32768) >> 16;
    beyond |= static_cast<std::uint32_t>(second + 32768) >> 16;
    norm += static_cast<std::uint64_t>(static_cast<std::int64_t>(first) * first) +
            static_cast<std::uint64_t>(static_cast<std::int64_t>(second) * second);
  }
  const std::uint64_t high = norm >> 32;
  const std::uint32_t too_much =
      ~ct::is_zero(beyond | static_cast<std::uint32_t>(high | (high >> 32))).bits();
  return static_cast<std::uint32_t>(norm) | too_much;
}

template <class P>
PreparedSigner<P>::PreparedSigner(const PrivateKey<P>& key) noexcept {
  using S = Shape<P>;
  const Poisoned secret(key.bytes_.expose().template subspan<1>());
  const Poisoned secret_g(key.g_large_.expose());
  SecretValues<std::int8_t, S::n> f, g, big_f, big_g;
  const std::uint8_t* from = key.bytes_.expose().data() + 1;
  constexpr std::size_t fg_bytes = S::n * S::fg_bits / 8;
  (void)unpack_signed(from, S::fg_bits, f.v, P::logn);
  (void)unpack_signed(from + fg_bytes, S::fg_bits, g.v, P::logn);
  (void)unpack_signed(from + 2 * fg_bytes, S::big_f_bits, big_f.v, P::logn);
  std::memcpy(big_g.v, key.g_large_.expose().data(), S::n);
  SecretValues<double, 5 * S::n> scratch;
  expand({f.v, g.v, big_f.v, big_g.v}, basis_, tree_, scratch.v, P::logn);
  keccak::shake256(hedge_, {as_bytes("falcon hedge"), key.bytes_.expose()});
}

template <class P>
PreparedSigner<P>::~PreparedSigner() {
  wipe_object(basis_);
  wipe_object(tree_);
  wipe(hedge_);
}

template <class P>
template <class Draw>
Result<Signature<P>> PreparedSigner<P>::sign_with(FixedBytes<salt_bytes> salt,
                                                  const std::uint16_t* c, Encoding encoding,
                                                  Draw& draw) const {
  using S = Shape<P>;
  Signature<P> signature;
  signature.bytes_[0] = S::signature_header;
  copy(MutBytes(signature.bytes_).template subspan<1, salt_bytes>(), salt);
  const std::size_t size_max =
      encoding == Encoding::padded ? P::padded_bytes : Signature<P>::size_max;
  const MutBytes coded = MutBytes(signature.bytes_).subspan(S::s2_at, size_max - S::s2_at);
  Attempt attempt(P::logn);
  SecretValues<std::int16_t, S::n> s2;
  for (unsigned i = 0; i < sign_attempts_max; ++i) {
    attempt.aim(basis_, c);
    draw.sample(tree_, attempt, P::logn);
    const std::uint32_t norm = attempt.finish(basis_, c, s2.v);
    const ct::Mask short_enough = ct::Mask::from_bit(
        static_cast<std::uint32_t>((std::uint64_t{norm} - S::norm_max - 1) >> 63));
    if (!ct::declassify(short_enough, "how often a signature was too long")) {
      continue;
    }
    ct::unpoison({reinterpret_cast<const std::uint8_t*>(s2.v), sizeof s2.v});
    const std::size_t used = compress(s2.v, coded);
    if (used > 0) {
      signature.size_ = encoding == Encoding::padded ? P::padded_bytes : S::s2_at + used;
      std::memset(coded.data() + used, 0, coded.size() - used);
      return signature;
    }
  }
  return fail(Errc::unavailable, "falcon: no signature short enough; the key is damaged");
}

template <class P>
Result<Signature<P>> sign_as_reference(const PreparedSigner<P>& signer, FixedBytes<salt_bytes> salt,
                                       Bytes sampler_seed, Bytes message, Encoding encoding) {
  Values<std::uint16_t, Shape<P>::n> c;
  hash_to_point(salt, message, c.v, P::logn);
  ReferenceDraw draw(sampler_seed);
  return signer.sign_with(salt, c.v, encoding, draw);
}

template <class P>
Result<Signature<P>> PreparedSigner<P>::sign(Bytes message, Encoding encoding,
                                             Random& random) const {
  ByteArray<salt_bytes + 48> fresh;
  random.fill(fresh);
  if (nothing_but_one_byte(fresh)) {
    return stuck();
  }
  const FixedBytes<salt_bytes> salt =
      FixedBytes<salt_bytes + 48>(fresh).template first<salt_bytes>();
  const Poisoned secret(Bytes(fresh).subspan(salt_bytes));
  const Poisoned secret_hedge(hedge_);
  Values<std::uint16_t, Shape<P>::n> c;
  hash_to_point(salt, message, c.v, P::logn);
  keccak::Shake256 hash;
  hash.absorb(hedge_);
  hash.absorb(Bytes(fresh));
  hash.absorb(message);
  Drawn draw(hash);
  Result<Signature<P>> signature = sign_with(salt, c.v, encoding, draw);
  wipe(fresh);
  return signature;
}

template <class P>
Result<Signature<P>> PrivateKey<P>::sign(Bytes message, Encoding encoding, Random& random) const {
  const PreparedSigner<P> signer(*this);
  return signer.sign(message, encoding, random);
}

template <class P>
void sign_batch(std::span<const SignItem<P>> items, Random& random,
                std::span<std::optional<Signature<P>>> out) {
  CHECK(items.size() == out.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    Result<Signature<P>> signature =
        items[i].signer->sign(items[i].message, items[i].encoding, random);
    if (signature) {
      out[i] = *signature;
    } else {
      out[i].reset();
    }
  }
}

template class PreparedSigner<Falcon512>;
template class PreparedSigner<Falcon1024>;
template Result<Signature<Falcon512>> sign_as_reference(const PreparedSigner<Falcon512>&,
                                                        FixedBytes<salt_bytes>, Bytes, Bytes,
                                                        Encoding);
template Result<Signature<Falcon1024>> sign_as_reference(const PreparedSigner<Falcon1024>&,
                                                         FixedBytes<salt_bytes>, Bytes, Bytes,
                                                         Encoding);
template Result<Signature<Falcon512>> PrivateKey<Falcon512>::sign(Bytes, Encoding, Random&) const;
template Result<Signature<Falcon1024>> PrivateKey<Falcon1024>::sign(Bytes, Encoding, Random&) const;
template void sign_batch(std::span<const SignItem<Falcon512>>, Random&,
                         std::span<std::optional<Signature<Falcon512>>>);
template void sign_batch(std::span<const SignItem<Falcon1024>>, Random&,
                         std::span<std::optional<Signature<Falcon1024>>>);

}  // namespace v100::falcon
