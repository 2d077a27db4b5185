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
struct Coefficient {
  static constexpr std::size_t bits_max = 24;
  i16 value;
  unsigned bits;
  bool bad;
  explicit Coefficient(u64 w) {
    bits = static_cast<unsigned>(__builtin_clzll((w & (~u64{0} >> 8)) | 1)) + 1;
    const u32 magnitude = ((bits - 9) << 7) | (static_cast<u32>(w >> 56) & 127);
    const u32 sign = static_cast<u32>(w >> 63);
    value = static_cast<i16>((magnitude ^ (0u - sign)) + sign);
    bad = (bits > bits_max) | ((w >> 55) == 0x101);
  }
};

// Falcon §3.11.2, Algorithm 18 (Decompress). Four coefficients from one window where they fit into
// it, which they nearly always do: 40 bits are usual, 57 are there.
constexpr int together = 4;

std::size_t decode(const u8* in, std::size_t bytes, i16* s2, int logn) {
  const std::size_t end = 8 * bytes;
  std::size_t at = 0;
  for (int i = 0; i < 1 << logn; i += together) {
    u64 w = window(in, at);
    std::size_t used = 0;
    bool bad = false;
#pragma GCC unroll 4
    for (int j = 0; j < together; ++j) {
      const Coefficient c(w);
      s2[i + j] = c.value;
      bad |= c.bad;
      used += c.bits;
      w = w << (c.bits - 1) << 1;
    }
    if (used > 57) [[unlikely]] {
      used = 0;
      bad = false;
      for (int j = 0; j < together; ++j) {
        if (at + used >= end) {
          return 0;
        }
        const Coefficient c(window(in, at + used));
        s2[i + j] = c.value;
        bad |= c.bad;
        used += c.bits;
      }
    }
    at += used;
    if (at > end || bad) [[unlikely]] {
      return 0;
    }
  }
  return at;
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
