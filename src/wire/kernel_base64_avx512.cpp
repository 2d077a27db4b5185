// Base64 decoding, 64 characters at a time: one table look-up over 128 bytes gives each character's
// value or a high bit, one permutation packs the bytes.
#include <cstdint>
#include <immintrin.h>

#include "wire/base64_kernel.h"

namespace v100::wire {
namespace {

struct Tables {
  alignas(64) std::uint8_t values[128];
  alignas(64) std::uint8_t pack[64];
};
constexpr Tables make_tables() {
  Tables t{};
  for (int c = 0; c < 128; ++c) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : 0x80;
    t.values[c] = static_cast<std::uint8_t>(value);
  }
  for (int i = 0; i < 48; ++i) {
    t.pack[i] = static_cast<std::uint8_t>(i / 3 * 4 + 2 - i % 3);
  }
  return t;
}
constexpr Tables tables = make_tables();

std::size_t decode(const std::uint8_t* in, std::size_t chars, std::uint8_t* out) {
  const __m512i low = _mm512_load_si512(tables.values);
  const __m512i high = _mm512_load_si512(tables.values + 64);
  const __m512i pack = _mm512_load_si512(tables.pack);
  std::size_t at = 0;
  for (; at + 64 + 8 <= chars; at += 64) {
    const __m512i text = _mm512_loadu_si512(in + at);
    const __m512i six = _mm512_permutex2var_epi8(low, text, high);
    if (_mm512_movepi8_mask(_mm512_or_si512(text, six)) != 0) {
      break;
    }
    const __m512i twelve = _mm512_maddubs_epi16(six, _mm512_set1_epi32(0x01400140));
    const __m512i packed = _mm512_madd_epi16(twelve, _mm512_set1_epi32(0x00011000));
    _mm512_mask_storeu_epi8(out + at / 4 * 3, 0xffffffffffffu,
                            _mm512_permutexvar_epi8(pack, packed));
  }
  return at;
}

}  // namespace

const Base64Kernel base64_avx512{"avx512", decode};

}  // namespace v100::wire
