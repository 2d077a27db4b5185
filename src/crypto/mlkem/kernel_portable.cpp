// The arithmetic as FIPS 203 writes it, with 16-bit Montgomery products: the reference of the other
// kernels.
#include <cstdint>

#include "crypto/mlkem/field.inl.h"
#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {
namespace {

struct Tables {
  std::int16_t zetas[128];
  std::int16_t gammas[128];
  constexpr Tables() : zetas{}, gammas{} {
    for (int i = 0; i < 128; ++i) {
      zetas[i] = montgomery(zeta_of(i));
      gammas[i] = montgomery(gamma_of(i));
    }
  }
};
constexpr Tables tables;

// a / 2^16 mod q; |a| < q 2^15 gives |result| < q.
inline std::int16_t reduce(std::int32_t a) {
  const std::int16_t t = static_cast<std::int16_t>(static_cast<std::uint16_t>(a) * q_inverse);
  return static_cast<std::int16_t>((a - t * q) >> 16);
}
inline std::int16_t multiply(std::int16_t a, std::int16_t b) { return reduce(a * b); }

// FIPS 203, Algorithm 9 (NTT). Each layer adds less than q: after seven, |f| < 8q < 2^15.
void ntt(std::int16_t* f) {
  int i = 1;
  for (int len = 128; len >= 2; len /= 2) {
    for (int start = 0; start < 256; start += 2 * len) {
      const std::int16_t z = tables.zetas[i++];
      for (int j = start; j < start + len; ++j) {
        const std::int16_t t = multiply(z, f[j + len]);
        f[j + len] = static_cast<std::int16_t>(f[j] - t);
        f[j] = static_cast<std::int16_t>(f[j] + t);
      }
    }
  }
  for (int j = 0; j < 256; ++j) {
    f[j] = barrett(f[j]);
  }
}

// FIPS 203, Algorithm 10 (NTT^-1). Sums are reduced in each layer.
void inverse_ntt(std::int16_t* f) {
  int i = 127;
  for (int len = 2; len <= 128; len *= 2) {
    for (int start = 0; start < 256; start += 2 * len) {
      const std::int16_t z = tables.zetas[i--];
      for (int j = start; j < start + len; ++j) {
        const std::int16_t t = f[j];
        f[j] = barrett(static_cast<std::int16_t>(t + f[j + len]));
        f[j + len] = multiply(z, static_cast<std::int16_t>(f[j + len] - t));
      }
    }
  }
  for (int j = 0; j < 256; ++j) {
    f[j] = multiply(f[j], montgomery(inverse_128));
  }
}

void prepare(Multiplier* out, const std::int16_t* b) {
  constexpr std::int16_t r_squared = montgomery(r16);
  for (int i = 0; i < 128; ++i) {
    const std::int16_t b0 = multiply(b[2 * i], r_squared);
    const std::int16_t b1 = multiply(b[2 * i + 1], r_squared);
    out->direct[2 * i] = b0;
    out->direct[2 * i + 1] = multiply(b1, tables.gammas[i]);
    out->crossed[2 * i] = b1;
    out->crossed[2 * i + 1] = b0;
  }
}

// FIPS 203, Algorithms 11 and 12, summed in 32 bits: 4 * 2 * q^2 < q 2^15.
void dot(std::int16_t* out, const std::int16_t* a, const Multiplier* b, int k) {
  for (int i = 0; i < 256; i += 2) {
    std::int32_t c0 = 0;
    std::int32_t c1 = 0;
    for (int j = 0; j < k; ++j) {
      const std::int16_t* p = a + 256 * j + i;
      c0 += p[0] * b[j].direct[i] + p[1] * b[j].direct[i + 1];
      c1 += p[0] * b[j].crossed[i] + p[1] * b[j].crossed[i + 1];
    }
    out[i] = reduce(c0);
    out[i + 1] = reduce(c1);
  }
}

}  // namespace
}  // namespace v100::mlkem

#include "crypto/mlkem/steps.inl.h"

namespace v100::mlkem {

extern const MlkemKernel kernel_portable{
    .name = "portable",
    .hash_lanes = 1,
    .make_key = make_key,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .decode_12 = decode_12,
    .prepare = prepare,
    .reject = reject_scalar,
    .absorb = absorb_words<1>,
    .ntt = ntt,
    .inverse_ntt = inverse_ntt,
    .dot = dot,
    .cbd = cbd,
    .encode_12 = encode_12,
    .compress = compress,
    .decompress = decompress,
};

}  // namespace v100::mlkem
