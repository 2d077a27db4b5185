// Key generation and private keys. Falcon §3.8.
#include "crypto/falcon/internal.h"
#include "crypto/falcon/modular.h"
#include "crypto/falcon/ntru.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {
namespace {

// The reference's distribution of one number of size 1024's f and g: sigma = 1.17 sqrt(q / 2048).
// First the chance of 0, then that of more than k among the positive ones, times 2^63. (falcon_test
// holds what keys come out against the definition.)
constexpr std::uint64_t table_of_f[27] = {1283868770400643928u,
                                          6416574995475331444u,
                                          4078260278032692663u,
                                          2353523259288686585u,
                                          1227179971273316331u,
                                          575931623374121527u,
                                          242543240509105209u,
                                          91437049221049666u,
                                          30799446349977173u,
                                          9255276791179340u,
                                          2478152334826140u,
                                          590642893610164u,
                                          125206034929641u,
                                          23590435911403u,
                                          3948334035941u,
                                          586753615614u,
                                          77391054539u,
                                          9056793210u,
                                          940121950u,
                                          86539696u,
                                          7062824u,
                                          510971u,
                                          32764u,
                                          1862u,
                                          94u,
                                          4u,
                                          0u};

std::uint64_t next_u64(keccak::Shake256& rng) {
  ByteArray<8> bytes;
  rng.squeeze(bytes);
  return load_le<std::uint64_t>(bytes.data());
}

// A sum of 2^(10 - logn) numbers of that distribution.
std::int32_t gaussian(keccak::Shake256& rng, int logn) {
  constexpr std::uint64_t low63 = ~std::uint64_t{0} >> 1;
  std::uint32_t sum = 0;
  for (int i = 0; i < 1 << (10 - logn); ++i) {
    const std::uint64_t first = next_u64(rng);
    const std::uint64_t second = next_u64(rng) & low63;
    const std::uint32_t negative = static_cast<std::uint32_t>(first >> 63);
    std::uint32_t found = static_cast<std::uint32_t>(((first & low63) - table_of_f[0]) >> 63);
    const std::uint32_t not_zero = found ^ 1;
    std::uint32_t magnitude = 0;
    for (std::uint32_t k = 1; k < 27; ++k) {
      const std::uint32_t reached = static_cast<std::uint32_t>((second - table_of_f[k]) >> 63) ^ 1;
      magnitude |= k & (0u - (reached & (found ^ 1)));
      found |= reached;
    }
    magnitude &= 0u - not_zero;
    sum += (magnitude ^ (0u - negative)) + negative;
  }
  return static_cast<std::int32_t>(sum);
}

// f or g: coefficients in -127..127, of odd sum, without which the norms have no odd value.
void draw_poly(keccak::Shake256& rng, std::int8_t* f, int logn) {
  const std::size_t n = std::size_t{1} << logn;
  std::uint32_t parity = 0;
  for (std::size_t i = 0; i < n;) {
    const std::int32_t value = gaussian(rng, logn);
    const std::uint32_t bit = static_cast<std::uint32_t>(value) & 1;
    std::uint32_t good = 1 ^ (static_cast<std::uint32_t>(value + 127) > 254 ? 1u : 0u);
    if (i == n - 1) {
      good &= parity ^ bit;
    }
    if (ct::declassify(ct::Mask::from_bit(good), "a coefficient that is thrown away")) {
      parity ^= bit;
      f[i++] = static_cast<std::int8_t>(value);
    }
  }
}

// |f|, |g| below the bound of their encoding.
ct::Mask fits(const std::int8_t* f, int bits, std::size_t n) {
  const std::int32_t bound = 1 << (bits - 1);
  std::uint32_t good = 1;
  for (std::size_t i = 0; i < n; ++i) {
    good &= static_cast<std::uint32_t>(f[i] + bound - 1) > static_cast<std::uint32_t>(2 * bound - 2)
                ? 0u
                : 1u;
  }
  return ct::Mask::from_bit(good);
}

// Falcon §3.8.2, Algorithm 5, the bound gamma: neither (g, -f) nor the orthogonalised (F, G), whose
// norm follows from f and g, is longer than 1.17 sqrt(q).
template <std::size_t N>
ct::Mask short_enough(const std::int8_t* f, const std::int8_t* g, int logn) {
  std::uint32_t sum = 0;
  SecretValues<double, N> x, y;
  for (std::size_t i = 0; i < N; ++i) {
    sum += static_cast<std::uint32_t>(f[i] * f[i] + g[i] * g[i]);
    x.v[i] = f[i];
    y.v[i] = g[i];
  }
  kernel().fft(x.v, logn);
  kernel().fft(y.v, logn);
  constexpr std::size_t m = N / 2;
  for (std::size_t u = 0; u < m; ++u) {
    const double scale = static_cast<double>(q) / (x.v[u] * x.v[u] + x.v[m + u] * x.v[m + u] +
                                                   y.v[u] * y.v[u] + y.v[m + u] * y.v[m + u]);
    x.v[u] *= scale;
    x.v[m + u] *= -scale;
    y.v[u] *= scale;
    y.v[m + u] *= -scale;
  }
  kernel().ifft(x.v, logn);
  kernel().ifft(y.v, logn);
  double norm = 0;
  for (std::size_t i = 0; i < N; ++i) {
    norm += x.v[i] * x.v[i] + y.v[i] * y.v[i];
  }
  return ct::Mask::from_bit(static_cast<std::uint32_t>(norm < 16822.4121) &
                            static_cast<std::uint32_t>((sum - 16823u) >> 31));
}

// Quotients modulo q, coefficient by coefficient of transformed polynomials.
class ModuloQ {
 public:
  explicit ModuloQ(int logn) : mod_(static_cast<std::uint32_t>(q)), logn_(logn) {
    tables_.fill(mod_, logn);
  }
  std::size_t n() const { return std::size_t{1} << logn_; }
  void load(const std::int8_t* f, std::uint32_t* out) const {
    for (std::size_t i = 0; i < n(); ++i) {
      out[i] = mod_.from_signed(f[i]);
    }
    ntt(out, mod_, tables_, logn_);
  }
  // a /= b, back from the transformed form. All ones if b is invertible.
  ct::Mask divide(std::uint32_t* a, const std::uint32_t* b) const {
    ct::Mask good = ct::Mask::from_bit(1);
    for (std::size_t i = 0; i < n(); ++i) {
      good = good & ~ct::is_zero(b[i]);
      a[i] = mod_.mul(a[i], mod_.inverse(mod_.enter(b[i])));
    }
    intt(a, mod_, tables_, logn_);
    return good;
  }
  void multiply(std::uint32_t* a, const std::uint32_t* b) const {
    for (std::size_t i = 0; i < n(); ++i) {
      a[i] = mod_.mul(mod_.enter(a[i]), b[i]);
    }
  }
  std::int32_t centred(std::uint32_t a) const { return mod_.to_signed(a); }

 private:
  Modulus mod_;
  int logn_;
  NttTables tables_;
};

// h = g / f
template <std::size_t N>
ct::Mask public_of(const std::int8_t* f, const std::int8_t* g, std::uint16_t* h, int logn) {
  const ModuloQ ring(logn);
  SecretValues<std::uint32_t, N> a, b;
  ring.load(g, a.v);
  ring.load(f, b.v);
  const ct::Mask good = ring.divide(a.v, b.v);
  for (std::size_t i = 0; i < N; ++i) {
    h[i] = static_cast<std::uint16_t>(a.v[i]);
  }
  return good;
}

// G = g F / f modulo q, which is G itself where a whole G solves the equation.
template <std::size_t N>
ct::Mask complete(const std::int8_t* f, const std::int8_t* g, const std::int8_t* big_f,
                  std::int8_t* big_g, int logn) {
  const ModuloQ ring(logn);
  SecretValues<std::uint32_t, N> a, b;
  ring.load(g, a.v);
  ring.load(big_f, b.v);
  ring.multiply(a.v, b.v);
  ring.load(f, b.v);
  ct::Mask good = ring.divide(a.v, b.v);
  for (std::size_t i = 0; i < N; ++i) {
    const std::int32_t value = ring.centred(a.v[i]);
    good = good & ct::Mask::from_bit(static_cast<std::uint32_t>(value + 127) > 254 ? 0u : 1u);
    big_g[i] = static_cast<std::int8_t>(value);
  }
  return good;
}

// f G - g F = q exactly: modulo a prime far above what the sum can be.
template <std::size_t N>
ct::Mask solves(const std::int8_t* f, const std::int8_t* g, const std::int8_t* big_f,
                const std::int8_t* big_g) {
  SecretValues<std::int32_t, 2 * N> sum;
  std::memset(sum.v, 0, sizeof sum.v);
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = 0; j < N; ++j) {
      sum.v[i + j] += f[i] * big_g[j] - g[i] * big_f[j];
    }
  }
  std::uint32_t wrong = static_cast<std::uint32_t>(sum.v[0] - sum.v[N] - q);
  for (std::size_t i = 1; i < N; ++i) {
    wrong |= static_cast<std::uint32_t>(sum.v[i] - sum.v[N + i]);
  }
  return ct::is_zero(wrong);
}

}  // namespace

template <class P>
PrivateKey<P> PrivateKey<P>::from_seed(const Seed& seed) {
  using S = Shape<P>;
  const Poisoned secret(seed.expose());
  keccak::Shake256 rng;
  rng.absorb(seed.expose());
  SecretValues<std::int8_t, S::n> f, g, big_f, big_g;
  Values<std::uint16_t, S::n> h;
  for (;;) {
    draw_poly(rng, f.v, P::logn);
    draw_poly(rng, g.v, P::logn);
    const ct::Mask bounded = fits(f.v, S::fg_bits, S::n) & fits(g.v, S::fg_bits, S::n);
    if (!ct::declassify(bounded, "a key that is thrown away") ||
        !ct::declassify(short_enough<S::n>(f.v, g.v, P::logn), "a key that is thrown away") ||
        !ct::declassify(public_of<S::n>(f.v, g.v, h.v, P::logn), "a key that is thrown away") ||
        !solve_ntru(f.v, g.v, big_f.v, big_g.v, P::logn)) {
      continue;
    }
    break;
  }
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(h.v), sizeof h.v});
  PrivateKey key;
  key.public_key_.bytes_[0] = S::public_header;
  pack_public(h.v, key.public_key_.bytes_.data() + 1, P::logn);
  std::uint8_t* out = key.bytes_.fill().data();
  *out++ = S::private_header;
  pack_signed(f.v, S::fg_bits, out, P::logn);
  pack_signed(g.v, S::fg_bits, out + S::n * S::fg_bits / 8, P::logn);
  pack_signed(big_f.v, S::big_f_bits, out + 2 * (S::n * S::fg_bits / 8), P::logn);
  std::memcpy(key.g_large_.fill().data(), big_g.v, S::n);
  ct::unpoison(key.bytes_.expose());
  ct::unpoison(key.g_large_.expose());
  return key;
}

template <class P>
Result<PrivateKey<P>> PrivateKey<P>::generate(Random& random) {
  Seed seed;
  random.fill(seed.fill());
  if (nothing_but_one_byte(seed.expose())) {
    return fail(Errc::unavailable, "falcon: the source of randomness repeats one byte");
  }
  return from_seed(seed);
}

template <class P>
Result<PrivateKey<P>> PrivateKey<P>::parse(Bytes bytes) {
  using S = Shape<P>;
  if (bytes.size() != size || bytes[0] != S::private_header) {
    return fail(Errc::malformed, "falcon: private key with a wrong length or header");
  }
  PrivateKey key;
  copy(key.bytes_.fill(), bytes);
  const Poisoned secret(key.bytes_.expose().template subspan<1>());
  SecretValues<std::int8_t, S::n> f, g, big_f, big_g;
  const std::uint8_t* from = key.bytes_.expose().data() + 1;
  constexpr std::size_t fg_bytes = S::n * S::fg_bits / 8;
  const ct::Mask in_range = unpack_signed(from, S::fg_bits, f.v, P::logn) &
                            unpack_signed(from + fg_bytes, S::fg_bits, g.v, P::logn) &
                            unpack_signed(from + 2 * fg_bytes, S::big_f_bits, big_f.v, P::logn);
  Values<std::uint16_t, S::n> h;
  const ct::Mask good = in_range & complete<S::n>(f.v, g.v, big_f.v, big_g.v, P::logn) &
                        solves<S::n>(f.v, g.v, big_f.v, big_g.v) &
                        public_of<S::n>(f.v, g.v, h.v, P::logn) &
                        short_enough<S::n>(f.v, g.v, P::logn);
  if (!ct::declassify(good, "a key whose parts disagree is refused")) {
    return fail(Errc::malformed, "falcon: private key whose parts make no key");
  }
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(h.v), sizeof h.v});
  key.public_key_.bytes_[0] = S::public_header;
  pack_public(h.v, key.public_key_.bytes_.data() + 1, P::logn);
  std::memcpy(key.g_large_.fill().data(), big_g.v, S::n);
  ct::unpoison(key.g_large_.expose());
  return key;
}

template PrivateKey<Falcon512> PrivateKey<Falcon512>::from_seed(const Seed&);
template PrivateKey<Falcon1024> PrivateKey<Falcon1024>::from_seed(const Seed&);
template Result<PrivateKey<Falcon512>> PrivateKey<Falcon512>::generate(Random&);
template Result<PrivateKey<Falcon1024>> PrivateKey<Falcon1024>::generate(Random&);
template Result<PrivateKey<Falcon512>> PrivateKey<Falcon512>::parse(Bytes);
template Result<PrivateKey<Falcon1024>> PrivateKey<Falcon1024>::parse(Bytes);

}  // namespace v100::falcon
