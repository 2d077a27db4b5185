// ML-KEM arithmetic with AVX-512: thirty-two coefficients in a register, a polynomial in eight, so
// that every step from the noise bytes to the ciphertext happens in registers. Bytes become
// coefficients by vpermb and vpmultishiftqb, which take any eight bits of a 64-bit lane.
#include <cstdint>
#include <immintrin.h>
#include <type_traits>

#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

using Vec = __m512i;
constexpr int lanes = 32;

inline Vec load(const std::int16_t* p) { return _mm512_load_si512(p); }
inline void store(std::int16_t* p, Vec a) { _mm512_store_si512(p, a); }
inline Vec splat(std::int16_t a) { return _mm512_set1_epi16(a); }
inline Vec add(Vec a, Vec b) { return _mm512_add_epi16(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_epi16(a, b); }
inline Vec add_wide(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
inline Vec low_multiply(Vec a, Vec b) { return _mm512_mullo_epi16(a, b); }
inline Vec high_multiply(Vec a, Vec b) { return _mm512_mulhi_epi16(a, b); }
inline Vec round_multiply(Vec a, Vec b) { return _mm512_mulhrs_epi16(a, b); }
inline Vec multiply_pairs(Vec a, Vec b) { return _mm512_madd_epi16(a, b); }
inline Vec swap_pairs(Vec a) { return _mm512_rol_epi32(a, 16); }

template <int G>
inline void exchange(Vec& a, Vec& b) {
  const Vec x = a;
  const Vec y = b;
  if constexpr (G == 16) {
    a = _mm512_shuffle_i64x2(x, y, 0x44);
    b = _mm512_shuffle_i64x2(x, y, 0xee);
  } else if constexpr (G == 8) {
    a = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), y);
    b = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15), y);
  } else if constexpr (G == 4) {
    a = _mm512_unpacklo_epi64(x, y);
    b = _mm512_unpackhi_epi64(x, y);
  } else if constexpr (G == 2) {
    a = _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA);
    b = _mm512_mask_shuffle_epi32(y, 0x5555, x, _MM_PERM_DDBB);
  } else {
    a = _mm512_mask_blend_epi16(0xaaaaaaaau, x, _mm512_slli_epi32(y, 16));
    b = _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(x, 16), y);
  }
}

// Where the exchanges of 16, 8, 4 and 2 lanes leave the 64 lanes of a pair of vectors, and the way
// back: one permutation a vector.
struct alignas(64) Arrangement {
  std::int16_t there[64];
  std::int16_t back[64];
  constexpr Arrangement() : there{}, back{} {
    for (int i = 0; i < 64; ++i) {
      there[i] = static_cast<std::int16_t>(i);
    }
    for (int g = 16; g >= 2; g /= 2) {
      for (int i = 0; i < 32; ++i) {
        if (i / g % 2 == 1) {
          const std::int16_t t = there[i];
          there[i] = there[32 + i - g];
          there[32 + i - g] = t;
        }
      }
    }
    for (int i = 0; i < 64; ++i) {
      back[there[i]] = static_cast<std::int16_t>(i);
    }
  }
};
constexpr Arrangement arrangement;

inline void permute_pair(Vec& a, Vec& b, const std::int16_t (&order)[64]) {
  const Vec x = a;
  a = _mm512_permutex2var_epi16(x, load(order), b);
  b = _mm512_permutex2var_epi16(x, load(order + 32), b);
}
inline void arrange(Vec& a, Vec& b) { permute_pair(a, b, arrangement.there); }
inline void restore(Vec& a, Vec& b) { permute_pair(a, b, arrangement.back); }

}  // namespace
}  // namespace v100::mlkem

#include "crypto/mlkem/vector.inl.h"
//
#include "crypto/mlkem/bytes_avx512.inl.h"

namespace v100::mlkem {
namespace {

inline void store_multiplier(Multiplier& out, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int b = 0; b < 8; ++b) {
    store(out.direct + 32 * b, direct_part(v[b], 32 * b));
    store(out.crossed + 32 * b, crossed_part(v[b]));
  }
}

// Calls `work` with first and a constant number of polynomials: two at a time, one at the end.
template <int Count, class Work>
inline void in_pairs(const Work& work) {
  for (int i = 0; i + 2 <= Count; i += 2) {
    work(i, std::integral_constant<int, 2>());
  }
  if constexpr (Count % 2 == 1) {
    work(Count - 1, std::integral_constant<int, 1>());
  }
}

// Noise to the NTT domain.
template <int Eta, int N>
[[gnu::always_inline]] inline void transformed_noise(Vec (&v)[N][8], const std::uint8_t* noise) {
  each<N>([&](int n)
              __attribute__((always_inline)) { sample_cbd<Eta>(v[n], noise + noise_stride * n); });
  ntt_lazy<Input::small>(v);
}

// FIPS 203, Algorithm 13 (K-PKE.KeyGen), steps 8-20
template <int K, int Eta1>
void make_key_of(std::uint8_t* t, std::uint8_t* s, const std::int16_t* a,
                 const std::uint8_t* noise) {
  struct Work {
    Multiplier s[K];
  };
  Scratch<Work> w;
  in_pairs<K>([&](int i, auto count) {
    Vec v[count()][8];
    transformed_noise<Eta1>(v, noise + noise_stride * i);
    each<decltype(count)::value>([&](int n) __attribute__((always_inline)) {
      store_multiplier(w.s[i + n], v[n]);
      write_12(s + 384 * (i + n), v[n]);
    });
  });
  static_assert(ntt_bound + 1 < fits);
  in_pairs<K>([&](int i, auto count) {
    Vec v[count()][8];
    transformed_noise<Eta1>(v, noise + noise_stride * (K + i));
    each<decltype(count)::value>([&](int n) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int b = 0; b < 8; ++b) {
        v[n][b] = add(v[n][b], dot_part<K>(a + 256 * K * (i + n), w.s, 32 * b));
      }
      write_12(t + 384 * (i + n), v[n]);
    });
  });
}

void make_key(std::uint8_t* t, std::uint8_t* s, const Shape& shape, const std::int16_t* a,
              const std::uint8_t* noise) {
  switch (shape.k) {
    case 2:
      return make_key_of<2, 3>(t, s, a, noise);
    case 3:
      return make_key_of<3, 2>(t, s, a, noise);
    default:
      return make_key_of<4, 2>(t, s, a, noise);
  }
}

// FIPS 203, Algorithm 14 (K-PKE.Encrypt), steps 9-23
template <int K, int Eta1, int Du, int Dv>
void encrypt_of(std::uint8_t* ciphertext, const std::int16_t* a_transposed,
                const std::int16_t* t_hat, const std::uint8_t* noise, const std::uint8_t* m) {
  static_assert(inverse_ntt_bound * q + 2 <= compress_bound);
  static_assert(inverse_ntt_bound * q + 2 + (q + 1) / 2 < 2 * q, "v");
  struct Work {
    Multiplier y[K];
    alignas(64) std::int16_t product[K + 1][256];
  };
  Scratch<Work> w;
  in_pairs<K>([&](int i, auto count) {
    Vec v[count()][8];
    transformed_noise<Eta1>(v, noise + noise_stride * i);
    each<decltype(count)::value>(
        [&](int n) __attribute__((always_inline)) { store_multiplier(w.y[i + n], v[n]); });
  });
  // Column of vectors by column, so that y is read once.
  for (int b = 0; b < 8; ++b) {
#pragma GCC unroll 5
    for (int i = 0; i <= K; ++i) {
      const std::int16_t* row = i < K ? a_transposed + 256 * K * i : t_hat;
      store(w.product[i] + 32 * b, dot_part<K>(row, w.y, 32 * b));
    }
  }
  in_pairs<K + 1>([&](int i, auto count) {
    Vec v[count()][8];
    each<decltype(count)::value>(
        [&](int n) __attribute__((always_inline)) { load_poly(v[n], w.product[i + n]); });
    inverse_ntt_reduced(v);
    each<decltype(count)::value>([&](int n) __attribute__((always_inline)) {
      add_cbd2(v[n], noise + noise_stride * (K + i + n));
      if (i + n < K) {
        write_compressed<Du>(ciphertext + 32 * Du * (i + n), v[n]);
      } else {
        add_message(v[n], m);
        write_compressed<Dv>(ciphertext + 32 * Du * K, v[n]);
      }
    });
  });
}

void encrypt(std::uint8_t* ciphertext, const Shape& shape, const std::int16_t* a_transposed,
             const std::int16_t* t_hat, const std::uint8_t* noise, const std::uint8_t* m) {
  switch (shape.k) {
    case 2:
      return encrypt_of<2, 3, 10, 4>(ciphertext, a_transposed, t_hat, noise, m);
    case 3:
      return encrypt_of<3, 2, 10, 4>(ciphertext, a_transposed, t_hat, noise, m);
    default:
      return encrypt_of<4, 2, 11, 5>(ciphertext, a_transposed, t_hat, noise, m);
  }
}

// FIPS 203, Algorithm 15 (K-PKE.Decrypt)
template <int K, int Du, int Dv>
void decrypt_of(std::uint8_t* m, const Multiplier* s_hat, const std::uint8_t* ciphertext) {
  alignas(64) std::int16_t u[K * 256];  // of the ciphertext alone: not secret
  in_pairs<K>([&](int i, auto count) {
    Vec v[count()][8];
    each<decltype(count)::value>([&](int n) __attribute__((always_inline)) {
      read_compressed<Du>(v[n], ciphertext + 32 * Du * (i + n));
    });
    ntt_lazy<Input::reduced>(v);
    each<decltype(count)::value>([&](int n) __attribute__((always_inline)) {
      reduce_poly(v[n]);
      store_poly(u + 256 * (i + n), v[n]);
    });
  });
  Vec v[1][8];
#pragma GCC unroll 8
  for (int b = 0; b < 8; ++b) {
    v[0][b] = dot_part<K>(u, s_hat, 32 * b);
  }
  inverse_ntt_reduced(v);
  static_assert(inverse_ntt_bound + 1 < 2);
  Vec c[8];
  read_compressed<Dv>(c, ciphertext + 32 * Du * K);
#pragma GCC unroll 8
  for (int b = 0; b < 8; ++b) {
    v[0][b] = sub(c[b], v[0][b]);
  }
  write_message(m, v[0]);
}

void decrypt(std::uint8_t* m, const Shape& shape, const Multiplier* s_hat,
             const std::uint8_t* ciphertext) {
  switch (shape.k) {
    case 2:
      return decrypt_of<2, 10, 4>(m, s_hat, ciphertext);
    case 3:
      return decrypt_of<3, 10, 4>(m, s_hat, ciphertext);
    default:
      return decrypt_of<4, 11, 5>(m, s_hat, ciphertext);
  }
}

void cbd(std::int16_t* out, const std::uint8_t* in, int eta) {
  Vec v[8];
  eta == 3 ? sample_cbd<3>(v, in) : sample_cbd<2>(v, in);
  store_poly(out, v);
}

void encode_12(std::uint8_t* out, const std::int16_t* poly) {
  Vec v[8];
  load_poly(v, poly);
  write_12(out, v);
}

void compress(std::uint8_t* out, const std::int16_t* poly, int d) {
  Vec v[8];
  load_poly(v, poly);
  switch (d) {
    case 1:
      return write_message(out, v);
    case 4:
      return write_compressed<4>(out, v);
    case 5:
      return write_compressed<5>(out, v);
    case 10:
      return write_compressed<10>(out, v);
    default:
      return write_compressed<11>(out, v);
  }
}

void decompress(std::int16_t* out, const std::uint8_t* in, int d) {
  Vec v[8] = {};
  switch (d) {
    case 1:
      add_message(v, in);
      break;
    case 4:
      read_compressed<4>(v, in);
      break;
    case 5:
      read_compressed<5>(v, in);
      break;
    case 10:
      read_compressed<10>(v, in);
      break;
    default:
      read_compressed<11>(v, in);
  }
  store_poly(out, v);
}

}  // namespace

extern const MlkemKernel kernel_avx512{
    .name = "avx512",
    .hash_lanes = 8,
    .make_key = make_key,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .decode_12 = decode_12,
    .prepare = prepare,
    .reject = reject,
    .absorb = absorb,
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .dot = dot,
    .cbd = cbd,
    .encode_12 = encode_12,
    .compress = compress,
    .decompress = decompress,
};

}  // namespace v100::mlkem
