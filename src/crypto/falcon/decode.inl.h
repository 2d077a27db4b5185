// Reading what travels: Golomb-Rice coefficients and hash candidates. All of it is public. Included
// by every kernel file after ring.inl.h.

namespace v100::falcon {
namespace {

// The next 57 bits or more from bit `at`, the first one on top.
inline u64 window(const u8* in, std::size_t at) {
  u64 word;
  __builtin_memcpy(&word, in + at / 8, 8);
  return __builtin_bswap64(word) << (at % 8);
}

// Bits of one coefficient: sign, seven low bits, as many zeros as the high bits say, a one.
// The value is at most 2047, so its bits are at most 8 + 15 + 1; minus zero is not an encoding.
// They are read behind the one that ended the coefficient before, which stays on top: so all that
// lies between two coefficients is a mask, a count and a shift.
struct Coefficient {
  static constexpr unsigned bits_max = 24;
  i16 value;
  unsigned bits;
  bool bad;
  explicit Coefficient(u64 w) {
    const u64 unary = w & (~u64{0} >> 9);
    bits = leading_zeros(unary);
    const u32 magnitude = ((bits - 9) << 7) | (static_cast<u32>(w >> 55) & 127);
    const u32 sign = static_cast<u32>(w >> 62) & 1;
    value = static_cast<i16>((magnitude ^ (0u - sign)) + sign);
    bad = (bits > bits_max) | (((w >> 54) & 0x1ff) == 0x101);
  }
};

constexpr int together = 4;

// `together` coefficients from bit `at` on, one by one: where they do not fit into one window.
inline std::size_t decode_slowly(const u8* in, std::size_t at, std::size_t end, i16* s2) {
  for (int j = 0; j < together; ++j) {
    if (at >= end) {
      return 0;
    }
    const Coefficient c(window(in, at) >> 1);
    s2[j] = c.value;
    at += c.bits;
    if (c.bad) {
      return 0;
    }
  }
  return at;
}

// The same from one window: 40 bits are usual, 56 are there. Returns the bit behind them, 0 if bad.
inline std::size_t decode_some(const u8* in, std::size_t at, std::size_t end, i16* s2) {
  u64 w = window(in, at) >> 1;
  std::size_t used = 0;
  bool bad = false;
#pragma GCC unroll 4
  for (int j = 0; j < together; ++j) {
    const Coefficient c(w);
    s2[j] = c.value;
    bad |= c.bad;
    used += c.bits;
    w <<= c.bits & 63;
  }
  if (used > 56) [[unlikely]] {
    at = decode_slowly(in, at, end, s2);
    return at > end ? 0 : at;
  }
  return bad || at + used > end ? 0 : at + used;
}

// Falcon §3.11.2, Algorithm 18 (Decompress).
std::size_t decode(const u8* in, std::size_t bytes, i16* s2, int logn) {
  const std::size_t end = 8 * bytes;
  std::size_t at = 0;
  for (int i = 0; i < 1 << logn; i += together) {
    at = decode_some(in, at, end, s2 + i);
    if (at == 0) [[unlikely]] {
      return 0;
    }
  }
  return at;
}

// Two at a time: each waits for its own shifts only, so the second one costs little.
void decode_two(const u8* const* in, const std::size_t* bytes, i16* const* s2, std::size_t* bits,
                int logn) {
  std::size_t at0 = 0, at1 = 0;
  for (int i = 0; i < 1 << logn; i += together) {
    at0 = decode_some(in[0], at0, 8 * bytes[0], s2[0] + i);
    at1 = decode_some(in[1], at1, 8 * bytes[1], s2[1] + i);
    if (at0 == 0 || at1 == 0) [[unlikely]] {
      bits[0] = decode(in[0], bytes[0], s2[0], logn);
      bits[1] = decode(in[1], bytes[1], s2[1], logn);
      return;
    }
  }
  bits[0] = at0;
  bits[1] = at1;
}

inline std::size_t points_scalar(u16* out, std::size_t have, const u8* in, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 2) {
    const u32 candidate = (static_cast<u32>(in[i]) << 8) | in[i + 1];
    out[have] = static_cast<u16>(candidate % u32{q});
    have += candidate < 5 * u32{q} ? 1 : 0;
  }
  return have;
}

}  // namespace
}  // namespace v100::falcon
