#include "crypto/mlkem/kpke.h"

#include "base/ct.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/pick.h"

namespace v100::mlkem {
namespace {

// In an 32-byte message each bit becomes 0 or (q + 1) / 2: ByteDecode_1 and Decompress_1.
void decode_message(Poly& out, FixedBytes<32> m) noexcept { decode_decompress(out, m, 1); }

}  // namespace

void decode_vector(Poly* out, Bytes in) noexcept {
  for (std::size_t i = 0; i < in.size() / 384; ++i) {
    decode_12(out[i], in.subspan(384 * i).first<384>());
  }
}

// FIPS 203, Algorithm 13 (K-PKE.KeyGen)
template <class P>
void Kpke<P>::keygen(FixedMutBytes<P::ek_bytes> ek, FixedMutBytes<384 * P::k> dk,
                     FixedBytes<32> d) noexcept {
  constexpr int k = static_cast<int>(P::k);
  struct Work {
    std::uint8_t seeds[64];  // rho, sigma
    Poly noise[2 * P::k];    // s, e
    Multiplier s[P::k];
    Poly t;
  };
  Wiped<Work> w;
  const std::uint8_t domain = P::k;
  keccak::sha3_512(w.seeds, {d, {&domain, 1}});
  const auto rho = Bytes(w.seeds).first<32>();
  const auto sigma = Bytes(w.seeds).last<32>();
  ct::unpoison(rho);  // rho is published in ek
  Poly a[P::k * P::k];
  sample_matrix(a, P::k, rho, Order::normal);
  sample_noise(w.noise, sigma, {.count = 2 * P::k, .wide = 2 * P::k, .eta1 = P::eta1});
  kernel().ntt(w.noise[0].c, 2 * k);
  for (std::size_t i = 0; i < P::k; ++i) {
    encode_12(FixedMutBytes<384>(dk.data() + 384 * i, 384), w.noise[i]);
    kernel().prepare(&w.s[i], w.noise[i].c);
  }
  for (std::size_t i = 0; i < P::k; ++i) {
    kernel().dot(w.t.c, a[P::k * i].c, w.s, k);
    add(w.t, w.noise[P::k + i]);
    encode_12(FixedMutBytes<384>(ek.data() + 384 * i, 384), w.t);
  }
  copy(ek.template last<32>(), rho);
}

// FIPS 203, Algorithm 14 (K-PKE.Encrypt)
template <class P>
void Kpke<P>::encrypt(FixedMutBytes<P::ct_bytes> out, const PublicPolys& key, FixedBytes<32> m,
                      FixedBytes<32> r) noexcept {
  constexpr int k = static_cast<int>(P::k);
  struct Work {
    Poly noise[2 * P::k + 1];  // y, e1, e2
    Multiplier y[P::k];
    Poly u[P::k];
    Poly v;
    Poly mu;
  };
  Wiped<Work> w;
  sample_noise(w.noise, r, {.count = 2 * P::k + 1, .wide = P::k, .eta1 = P::eta1});
  kernel().ntt(w.noise[0].c, k);
  for (std::size_t i = 0; i < P::k; ++i) {
    kernel().prepare(&w.y[i], w.noise[i].c);
  }
  for (std::size_t i = 0; i < P::k; ++i) {
    kernel().dot(w.u[i].c, key.a_transposed[P::k * i].c, w.y, k);
  }
  kernel().inverse_ntt(w.u[0].c, k);
  constexpr std::size_t u_bytes = std::size_t{32} * P::du;
  for (std::size_t i = 0; i < P::k; ++i) {
    add(w.u[i], w.noise[P::k + i]);
    compress_encode(out.subspan(u_bytes * i, u_bytes), w.u[i], P::du);
  }
  kernel().dot(w.v.c, key.t_hat[0].c, w.y, k);
  kernel().inverse_ntt(w.v.c, 1);
  decode_message(w.mu, m);
  add(w.v, w.noise[2 * P::k]);
  add(w.v, w.mu);
  compress_encode(out.subspan(u_bytes * P::k), w.v, P::dv);
}

// FIPS 203, Algorithm 15 (K-PKE.Decrypt)
template <class P>
void Kpke<P>::decrypt(FixedMutBytes<32> m, const Multiplier* s_hat,
                      FixedBytes<P::ct_bytes> ciphertext) noexcept {
  constexpr int k = static_cast<int>(P::k);
  constexpr std::size_t u_bytes = std::size_t{32} * P::du;
  struct Work {
    Poly u[P::k];
    Poly v;
    Poly w;
  };
  Wiped<Work> w;
  for (std::size_t i = 0; i < P::k; ++i) {
    decode_decompress(w.u[i], ciphertext.subspan(u_bytes * i, u_bytes), P::du);
  }
  decode_decompress(w.v, ciphertext.subspan(u_bytes * P::k), P::dv);
  kernel().ntt(w.u[0].c, k);
  kernel().dot(w.w.c, w.u[0].c, s_hat, k);
  kernel().inverse_ntt(w.w.c, 1);
  for (std::size_t i = 0; i < 256; ++i) {
    w.w.c[i] = static_cast<std::int16_t>(w.v.c[i] - w.w.c[i]);
  }
  compress_encode(m, w.w, 1);
}

template struct Kpke<Mlkem512>;
template struct Kpke<Mlkem768>;
template struct Kpke<Mlkem1024>;

}  // namespace v100::mlkem
