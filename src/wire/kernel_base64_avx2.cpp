// Base64 decoding, 32 characters at a time. A character's two nibbles index two tables whose bits
// meet exactly where it is outside the alphabet; its high nibble gives what to add to it.
#include <cstdint>
#include <immintrin.h>

#include "wire/base64_kernel.h"

namespace v100::wire {
namespace {

// Classes of high nibbles: 0x01 '2', 0x02 '3', 0x04 '4' and '6', 0x08 '5' and '7', 0x10 all others.
// A low nibble's row has the bits of the classes in which it is no character of the alphabet.
__m256i low_rows() {
  return _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a,
                          0x1b, 0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                          0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
}
__m256i high_rows() {
  return _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10,
                          0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                          0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
}
// What to add, by high nibble; '/' (which shares its nibble with '+') uses the row before.
__m256i offsets() {
  return _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4,
                          -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
}

std::size_t decode(const std::uint8_t* in, std::size_t chars, std::uint8_t* out) {
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  std::size_t at = 0;
  // A store writes 32 bytes, 8 more than were decoded: 11 characters' worth must still follow.
  for (; at + 32 + 16 <= chars; at += 32) {
    const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + at));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
    const __m256i low = _mm256_and_si256(text, nibble);
    const __m256i bad = _mm256_and_si256(_mm256_shuffle_epi8(low_rows(), low),
                                         _mm256_shuffle_epi8(high_rows(), high));
    if (_mm256_testz_si256(bad, bad) == 0) {
      break;
    }
    const __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
    const __m256i six =
        _mm256_add_epi8(text, _mm256_shuffle_epi8(offsets(), _mm256_add_epi8(slash, high)));
    // 4 x 6 bits to 24 bits in each 32-bit lane, then the three bytes in order.
    const __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x01400140));
    const __m256i packed = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
    const __m256i ordered = _mm256_shuffle_epi8(
        packed, _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6,
                                 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i joined =
        _mm256_permutevar8x32_epi32(ordered, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at / 4 * 3), joined);
  }
  return at;
}

}  // namespace

const Base64Kernel base64_avx2{"avx2", decode};

}  // namespace v100::wire
