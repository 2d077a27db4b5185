// Constants of Z_q and the loops that every kernel shares: written plainly, so that the compiler
// vectorises them with the flags of the including file. Included by kernel files only.
#pragma once

namespace v100::mlkem {
namespace {

constexpr int q = 3329;

constexpr int power(int base, int exponent) {
  int result = 1;
  for (int i = 0; i < exponent; ++i) {
    result = result * base % q;
  }
  return result;
}
constexpr int centered(int value) {
  const int r = (value % q + q) % q;
  return r > q / 2 ? r - q : r;
}
constexpr int bit_reverse_7(int value) {
  int result = 0;
  for (int i = 0; i < 7; ++i) {
    result |= ((value >> i) & 1) << (6 - i);
  }
  return result;
}

constexpr int r16 = 65536 % q;  // Montgomery's R
constexpr int r16_squared = r16 * r16 % q;
constexpr std::int16_t q_inverse = -3327;  // q^-1 mod 2^16
static_assert((q * q_inverse & 0xffff) == 1);

// zeta^BitRev7(i) (FIPS 203 §4.3) and gamma_i = zeta^(2 BitRev7(i) + 1), centered.
constexpr int zeta_of(int i) { return centered(power(17, bit_reverse_7(i))); }
constexpr int gamma_of(int i) { return centered(power(17, 2 * bit_reverse_7(i) + 1)); }
// A factor as Montgomery multiplication wants it: times R, so that the product keeps its domain.
constexpr std::int16_t montgomery(int value) {
  return static_cast<std::int16_t>(centered(centered(value) * r16 % q));
}
constexpr std::int16_t low_product(int value) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(value * q_inverse & 0xffff));
}
// 128^-1 ends the inverse NTT.
constexpr std::int16_t inverse_128 = montgomery(3303);
static_assert(3303 * 128 % q == 1);

// Barrett: t = round(a / q) by 20159 = round(2^26 / q); |a - t q| <= (q - 1) / 2 for any int16.
constexpr int barrett_factor = ((1 << 26) + q / 2) / q;
static_assert(barrett_factor == 20159);

inline std::int16_t barrett(std::int16_t a) {
  const int t = (barrett_factor * a + (1 << 25)) >> 26;
  return static_cast<std::int16_t>(a - t * q);
}

void canonical(std::uint16_t* out, const std::int16_t* poly) {
  for (int i = 0; i < 256; ++i) {
    const int r = barrett(poly[i]);
    out[i] = static_cast<std::uint16_t>(r + ((r >> 15) & q));
  }
}

// Compress_d(x) = round(2^d x / q) mod 2^d. Division is by multiplication: a `/` on a secret may
// become a division instruction whose time depends on it (KyberSlash). The factor exceeds 2^40 / q
// by less than one, so for numerators below 2^23 the quotient errs by less than 2^-17 < 1/q, and
// its floor is exact.
constexpr std::uint64_t division_factor = (std::uint64_t{1} << 40) / q + 1;
static_assert(((q - 1) << 11) + q / 2 < 1 << 23);

template <int D>
void compress_to(std::uint16_t* values) {
  for (int i = 0; i < 256; ++i) {
    const std::uint64_t numerator = (static_cast<std::uint32_t>(values[i]) << D) + q / 2;
    values[i] = static_cast<std::uint16_t>((numerator * division_factor >> 40) & ((1 << D) - 1));
  }
}

void compress(std::uint16_t* values, int d) {
  switch (d) {
    case 1:
      return compress_to<1>(values);
    case 4:
      return compress_to<4>(values);
    case 5:
      return compress_to<5>(values);
    case 10:
      return compress_to<10>(values);
    default:
      return compress_to<11>(values);
  }
}

// Decompress_d(y) = round(q y / 2^d).
void decompress(std::int16_t* out, const std::uint16_t* values, int d) {
  const std::uint32_t half = std::uint32_t{1} << (d - 1);
  for (int i = 0; i < 256; ++i) {
    out[i] = static_cast<std::int16_t>((values[i] * std::uint32_t{q} + half) >> d);
  }
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

}  // namespace
}  // namespace v100::mlkem
