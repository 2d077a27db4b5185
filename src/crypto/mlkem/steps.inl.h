// The steps of K-PKE and the byte encodings, polynomial by polynomial through memory: for kernels
// whose registers do not hold a polynomial. The including kernel file has defined ntt, inverse_ntt,
// prepare and dot before. Buffers that held secrets are wiped.
#pragma once

#include <type_traits>

#include "crypto/mlkem/field.inl.h"

namespace v100::mlkem {
namespace {

__extension__ using Wide = unsigned __int128;

struct alignas(64) Coefficients {
  std::int16_t c[256];
};
struct Values {
  std::uint16_t v[256];
};

// The smallest group of coefficients that is whole bytes and, but for D = 11, fits in 64 bits.
template <unsigned D>
struct Group {
  static constexpr unsigned count = D <= 8 || D == 11 ? 8 : 4;
  static constexpr unsigned bytes = count * D / 8;
  static_assert(count * D % 8 == 0);
  using Bits = std::conditional_t<D == 11, Wide, std::uint64_t>;
};

template <unsigned D>
void pack(std::uint8_t* out, const std::uint16_t* in) {
  using G = Group<D>;
  for (unsigned i = 0; i < 256; i += G::count) {
    typename G::Bits bits = 0;
    for (unsigned j = 0; j < G::count; ++j) {
      bits |= static_cast<typename G::Bits>(in[i + j]) << (D * j);
    }
    for (unsigned j = 0; j < G::bytes; ++j) {
      out[j] = static_cast<std::uint8_t>(bits >> (8 * j));
    }
    out += G::bytes;
  }
}

template <unsigned D>
void unpack(std::uint16_t* out, const std::uint8_t* in) {
  using G = Group<D>;
  for (unsigned i = 0; i < 256; i += G::count) {
    typename G::Bits bits = 0;
    for (unsigned j = 0; j < G::bytes; ++j) {
      bits |= static_cast<typename G::Bits>(in[j]) << (8 * j);
    }
    for (unsigned j = 0; j < G::count; ++j) {
      out[i + j] = static_cast<std::uint16_t>(bits >> (D * j) & ((1u << D) - 1));
    }
    in += G::bytes;
  }
}

template <unsigned D>
void compress_to(std::uint8_t* out, const std::int16_t* poly) {
  Scratch<Values> values;
  for (int i = 0; i < 256; ++i) {
    const std::int32_t x = barrett(poly[i]);
    values.v[i] = static_cast<std::uint16_t>(
        (static_cast<std::uint32_t>(x) * compress_factor + compress_half(D)) >> (32 - D));
  }
  pack<D>(out, values.v);
}

// Decompress_d(y) = round(q y / 2^d).
template <unsigned D>
void decompress_from(std::int16_t* out, const std::uint8_t* in) {
  Scratch<Values> values;
  unpack<D>(values.v, in);
  for (int i = 0; i < 256; ++i) {
    out[i] = static_cast<std::int16_t>((values.v[i] * std::uint32_t{q} + (1u << (D - 1))) >> D);
  }
}

void compress(std::uint8_t* out, const std::int16_t* poly, int d) {
  switch (d) {
    case 1:
      return compress_to<1>(out, poly);
    case 4:
      return compress_to<4>(out, poly);
    case 5:
      return compress_to<5>(out, poly);
    case 10:
      return compress_to<10>(out, poly);
    default:
      return compress_to<11>(out, poly);
  }
}

void decompress(std::int16_t* out, const std::uint8_t* in, int d) {
  switch (d) {
    case 1:
      return decompress_from<1>(out, in);
    case 4:
      return decompress_from<4>(out, in);
    case 5:
      return decompress_from<5>(out, in);
    case 10:
      return decompress_from<10>(out, in);
    default:
      return decompress_from<11>(out, in);
  }
}

void encode_12(std::uint8_t* out, const std::int16_t* poly) {
  Scratch<Values> values;
  for (int i = 0; i < 256; ++i) {
    const int r = barrett(poly[i]);
    values.v[i] = static_cast<std::uint16_t>(r + ((r >> 15) & q));
  }
  pack<12>(out, values.v);
}

bool decode_12(std::int16_t* out, const std::uint8_t* in, int count) {
  int below = -1;  // negative while every value is below q
  for (int p = 0; p < count; ++p) {
    Scratch<Values> values;
    unpack<12>(values.v, in + 384 * p);
    for (int i = 0; i < 256; ++i) {
      // Values are below 4096 < 2q: one conditional subtraction, by mask.
      const int reduced = static_cast<int>(values.v[i]) - q;
      below &= reduced;
      out[256 * p + i] = static_cast<std::int16_t>(reduced + (q & (reduced >> 15)));
    }
  }
  return below < 0;
}

// Each half byte holds one coefficient: (bit0 + bit1) - (bit2 + bit3).
void cbd2(std::int16_t* out, const std::uint8_t* in) {
  for (int i = 0; i < 128; ++i) {
    const int pairs = (in[i] & 0x55) + ((in[i] >> 1) & 0x55);
    out[2 * i] = static_cast<std::int16_t>((pairs & 3) - ((pairs >> 2) & 3));
    out[2 * i + 1] = static_cast<std::int16_t>(((pairs >> 4) & 3) - ((pairs >> 6) & 3));
  }
}

// Three bytes hold four coefficients of six bits.
void cbd3(std::int16_t* out, const std::uint8_t* in) {
  for (int i = 0; i < 64; ++i) {
    const int bits = in[3 * i] | in[3 * i + 1] << 8 | in[3 * i + 2] << 16;
    const int sums = (bits & 0x249249) + ((bits >> 1) & 0x249249) + ((bits >> 2) & 0x249249);
    for (int j = 0; j < 4; ++j) {
      out[4 * i + j] =
          static_cast<std::int16_t>(((sums >> (6 * j)) & 7) - ((sums >> (6 * j + 3)) & 7));
    }
  }
}

// Data is public, so the branch may be. Kernels use this for the end of a polynomial.
int reject_scalar(std::int16_t* out, int have, const std::uint8_t* in, int size) {
  for (int i = 0; i + 3 <= size && have < 256; i += 3) {
    const int d1 = in[i] | (in[i + 1] & 15) << 8;
    const int d2 = in[i + 1] >> 4 | in[i + 2] << 4;
    if (d1 < q) {
      out[have++] = static_cast<std::int16_t>(d1);
    }
    if (d2 < q && have < 256) {
      out[have++] = static_cast<std::int16_t>(d2);
    }
  }
  return have;
}

void cbd(std::int16_t* out, const std::uint8_t* in, int eta) {
  eta == 3 ? cbd3(out, in) : cbd2(out, in);
}

inline void add_to(std::int16_t* out, const std::int16_t* b) {
  for (int i = 0; i < 256; ++i) {
    out[i] = static_cast<std::int16_t>(out[i] + b[i]);
  }
}

// FIPS 203, Algorithm 13 (K-PKE.KeyGen), steps 8-20
void make_key(std::uint8_t* t, std::uint8_t* s, const Shape& shape, const std::int16_t* a,
              const std::uint8_t* noise) {
  const int k = shape.k;
  struct Work {
    Coefficients poly;
    Coefficients error;
    Multiplier s[4];
  };
  Scratch<Work> w;
  for (int i = 0; i < k; ++i) {
    cbd(w.poly.c, noise + noise_stride * i, shape.eta1);
    ntt(w.poly.c);
    encode_12(s + 384 * i, w.poly.c);
    prepare(&w.s[i], w.poly.c);
  }
  for (int i = 0; i < k; ++i) {
    dot(w.poly.c, a + 256 * k * i, w.s, k);
    cbd(w.error.c, noise + noise_stride * (k + i), shape.eta1);
    ntt(w.error.c);
    add_to(w.poly.c, w.error.c);
    encode_12(t + 384 * i, w.poly.c);
  }
}

// FIPS 203, Algorithm 14 (K-PKE.Encrypt), steps 9-23
void encrypt(std::uint8_t* ciphertext, const Shape& shape, const std::int16_t* a_transposed,
             const std::int16_t* t_hat, const std::uint8_t* noise, const std::uint8_t* m) {
  const int k = shape.k;
  struct Work {
    Coefficients poly;
    Coefficients error;
    Multiplier y[4];
  };
  Scratch<Work> w;
  for (int i = 0; i < k; ++i) {
    cbd(w.poly.c, noise + noise_stride * i, shape.eta1);
    ntt(w.poly.c);
    prepare(&w.y[i], w.poly.c);
  }
  for (int i = 0; i < k; ++i) {
    dot(w.poly.c, a_transposed + 256 * k * i, w.y, k);
    inverse_ntt(w.poly.c);
    cbd2(w.error.c, noise + noise_stride * (k + i));
    add_to(w.poly.c, w.error.c);
    compress(ciphertext + 32 * shape.du * i, w.poly.c, shape.du);
  }
  dot(w.poly.c, t_hat, w.y, k);
  inverse_ntt(w.poly.c);
  cbd2(w.error.c, noise + noise_stride * 2 * k);
  add_to(w.poly.c, w.error.c);
  decompress(w.error.c, m, 1);
  add_to(w.poly.c, w.error.c);
  compress(ciphertext + 32 * shape.du * k, w.poly.c, shape.dv);
}

// FIPS 203, Algorithm 15 (K-PKE.Decrypt)
void decrypt(std::uint8_t* m, const Shape& shape, const Multiplier* s_hat,
             const std::uint8_t* ciphertext) {
  const int k = shape.k;
  struct Work {
    Coefficients u[4];
    Coefficients v;
    Coefficients w;
  };
  Scratch<Work> w;
  for (int i = 0; i < k; ++i) {
    decompress(w.u[i].c, ciphertext + 32 * shape.du * i, shape.du);
    ntt(w.u[i].c);
  }
  dot(w.w.c, w.u[0].c, s_hat, k);
  inverse_ntt(w.w.c);
  decompress(w.v.c, ciphertext + 32 * shape.du * k, shape.dv);
  for (int i = 0; i < 256; ++i) {
    w.w.c[i] = static_cast<std::int16_t>(w.v.c[i] - w.w.c[i]);
  }
  compress(m, w.w.c, 1);
}

// Lane by lane, for groups of `Lanes` states.
template <int Lanes>
void absorb_words(std::uint64_t* words, const std::uint8_t* const* ins, int count) {
  for (int lane = 0; lane < Lanes; ++lane) {
    for (int i = 0; i < count; ++i) {
      std::uint64_t word = 0;
      for (int byte = 0; byte < 8; ++byte) {  // one load, once compiled
        word |= static_cast<std::uint64_t>(ins[lane][8 * i + byte]) << (8 * byte);
      }
      words[i * Lanes + lane] ^= word;
    }
  }
}

}  // namespace
}  // namespace v100::mlkem
