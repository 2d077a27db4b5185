// AES-256 in counter mode, four blocks a register, and counting of bits by VPOPCNTDQ: noise for a
// polynomial costs a quarter of what SHAKE's lanes take.
#include <cstdint>
#include <immintrin.h>

#include "he/bfv/noise_kernel.h"

namespace v100::he::bfv {
namespace {

// FIPS 197 §5.2: four words w[i-Nk], each XORed with all before it and with f(w[i-1]).
__m128i next_words(__m128i before, __m128i f) {
  before = _mm_xor_si128(before, _mm_slli_si128(before, 4));
  before = _mm_xor_si128(before, _mm_slli_si128(before, 8));
  return _mm_xor_si128(before, f);
}

template <int constant>
void expand_pair(__m128i* k, int at) {
  const __m128i rotated = _mm_aeskeygenassist_si128(k[at - 1], constant);
  k[at] = next_words(k[at - 2], _mm_shuffle_epi32(rotated, 0xff));
  if (at < 14) {
    const __m128i substituted = _mm_aeskeygenassist_si128(k[at], 0);
    k[at + 1] = next_words(k[at - 1], _mm_shuffle_epi32(substituted, 0xaa));
  }
}

void expand(StreamKey& out, const std::uint8_t key[32]) {
  __m128i k[15];
  k[0] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
  k[1] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key + 16));
  expand_pair<0x01>(k, 2);
  expand_pair<0x02>(k, 4);
  expand_pair<0x04>(k, 6);
  expand_pair<0x08>(k, 8);
  expand_pair<0x10>(k, 10);
  expand_pair<0x20>(k, 12);
  expand_pair<0x40>(k, 14);
  for (int i = 0; i < 15; ++i) {
    _mm_store_si128(reinterpret_cast<__m128i*>(out.round_keys[i]), k[i]);
  }
}

void stream(const StreamKey& key, std::uint64_t first, std::uint8_t* out, std::size_t bytes) {
  __m512i k[15];
  for (int i = 0; i < 15; ++i) {
    k[i] =
        _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(key.round_keys[i])));
  }
  const long long at = static_cast<long long>(first);
  __m512i counter = _mm512_set_epi64(0, at + 3, 0, at + 2, 0, at + 1, 0, at);
  const __m512i four = _mm512_set_epi64(0, 4, 0, 4, 0, 4, 0, 4);
  for (std::size_t j = 0; j < bytes; j += 512) {
    __m512i state[8];
    for (int i = 0; i < 8; ++i) {
      state[i] = _mm512_xor_si512(counter, k[0]);
      counter = _mm512_add_epi64(counter, four);
    }
    for (int round = 1; round < 14; ++round) {
      for (int i = 0; i < 8; ++i) {
        state[i] = _mm512_aesenc_epi128(state[i], k[round]);
      }
    }
    for (int i = 0; i < 8; ++i) {
      _mm512_storeu_si512(out + j + 64 * static_cast<std::size_t>(i),
                          _mm512_aesenclast_epi128(state[i], k[14]));
    }
  }
}

void store_small(std::int8_t* out, __m512i v) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm512_cvtepi64_epi8(v));
}

void binomial(std::int8_t* out, const std::uint64_t* random, std::size_t n) {
  const __m512i mask = _mm512_set1_epi64((1 << 21) - 1);
  for (std::size_t j = 0; j < n; j += 8) {
    const __m512i x = _mm512_loadu_si512(random + j);
    const __m512i up = _mm512_popcnt_epi64(_mm512_and_si512(x, mask));
    const __m512i down = _mm512_popcnt_epi64(_mm512_and_si512(_mm512_srli_epi64(x, 21), mask));
    store_small(out + j, _mm512_sub_epi64(up, down));
  }
}

void ternary(std::int8_t* out, const std::uint64_t* random, std::size_t n) {
  const __m512i three = _mm512_set1_epi64(3);
  for (std::size_t j = 0; j < n; j += 8) {
    const __m512i x = _mm512_srli_epi64(_mm512_loadu_si512(random + j), 12);
    const __m512i third = _mm512_madd52hi_epu64(_mm512_setzero_si512(), x, three);
    store_small(out + j, _mm512_sub_epi64(third, _mm512_set1_epi64(1)));
  }
}

}  // namespace

const NoiseKernel noise_avx512{"avx512", expand, stream, binomial, ternary};

}  // namespace v100::he::bfv
