// AES-GCM (NIST SP 800-38D) with four blocks a register: VAES for the cipher, VPCLMULQDQ for GHASH.
// A 1,200-byte packet costs a third of libcrypto's, which has no such code before version 3.1.
//
// GHASH multiplies in GF(2^128) with the bits of each byte reflected. Blocks are byte-reversed on
// load, so that bit i of a register is the coefficient of x^(127-i); a carry-less product of two
// such values lacks one factor x, which is why the powers of H are kept times x.
#include <cstdint>
#include <immintrin.h>

#include "crypto/aead/gcm_kernel.h"

namespace v100::crypto {
namespace {

using Block = __m128i;
using Quad = __m512i;  // four blocks

constexpr std::size_t lanes = 4;
constexpr std::size_t group = 16;  // blocks that are multiplied before one reduction

Block reverse_mask() { return _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
Block load(const void* from) { return _mm_loadu_si128(static_cast<const Block*>(from)); }
void store(void* to, Block value) { _mm_storeu_si128(static_cast<Block*>(to), value); }

void zero(std::uint8_t* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = 0;
  }
}
void copy_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = from[i];
  }
}

// ---- the cipher ----

// FIPS 197 §5.2: w[i-Nk] XOR f(w[i-1]) for four words; `f` has f(w[i-1]) in all of them.
Block next_words(Block four_before, Block f) {
  four_before = _mm_xor_si128(four_before, _mm_slli_si128(four_before, 4));
  four_before = _mm_xor_si128(four_before, _mm_slli_si128(four_before, 8));
  return _mm_xor_si128(four_before, f);
}

// The round constant is an immediate of the instruction, hence a template.
template <int Rcon>
Block rotated(Block last) {
  return _mm_shuffle_epi32(_mm_aeskeygenassist_si128(last, Rcon), 0xff);
}
Block substituted(Block last) {
  return _mm_shuffle_epi32(_mm_aeskeygenassist_si128(last, 0), 0xaa);
}

void expand_128(Block k[11]) {
  k[1] = next_words(k[0], rotated<0x01>(k[0]));
  k[2] = next_words(k[1], rotated<0x02>(k[1]));
  k[3] = next_words(k[2], rotated<0x04>(k[2]));
  k[4] = next_words(k[3], rotated<0x08>(k[3]));
  k[5] = next_words(k[4], rotated<0x10>(k[4]));
  k[6] = next_words(k[5], rotated<0x20>(k[5]));
  k[7] = next_words(k[6], rotated<0x40>(k[6]));
  k[8] = next_words(k[7], rotated<0x80>(k[7]));
  k[9] = next_words(k[8], rotated<0x1b>(k[8]));
  k[10] = next_words(k[9], rotated<0x36>(k[9]));
}

template <int Rcon>
void expand_256_pair(Block k[15], int at) {
  k[at] = next_words(k[at - 2], rotated<Rcon>(k[at - 1]));
  if (at < 14) {
    k[at + 1] = next_words(k[at - 1], substituted(k[at]));
  }
}
void expand_256(Block k[15]) {
  expand_256_pair<0x01>(k, 2);
  expand_256_pair<0x02>(k, 4);
  expand_256_pair<0x04>(k, 6);
  expand_256_pair<0x08>(k, 8);
  expand_256_pair<0x10>(k, 10);
  expand_256_pair<0x20>(k, 12);
  expand_256_pair<0x40>(k, 14);
}

Block encrypt_block(const GcmKey& key, Block block) {
  block = _mm_xor_si128(block, load(key.round_keys[0]));
  for (std::uint32_t r = 1; r < key.rounds; ++r) {
    block = _mm_aesenc_si128(block, load(key.round_keys[r]));
  }
  return _mm_aesenclast_si128(block, load(key.round_keys[key.rounds]));
}

// J0 of a 12-byte nonce: nonce || 1, as bytes.
Block first_counter(const std::uint8_t nonce[12]) {
  alignas(16) std::uint8_t j0[16] = {};
  copy_bytes(j0, nonce, 12);
  j0[15] = 1;
  return load(j0);
}

// ---- GHASH ----

// x^128 = x^127 + x^126 + x^121 + 1 in the reflected representation: 0xc2 at the top, and the 1.
Block polynomial() { return _mm_set_epi64x(static_cast<long long>(0xc200000000000000ull), 1); }

// A 256-bit product as high, middle (at x^64) and low: folds the low 64 bits in twice.
Block reduce(Block low, Block middle, Block high) {
  const Block p = polynomial();
  middle = _mm_xor_si128(middle, _mm_shuffle_epi32(low, 0x4e));
  middle = _mm_xor_si128(middle, _mm_clmulepi64_si128(p, low, 0x01));
  high = _mm_xor_si128(high, _mm_shuffle_epi32(middle, 0x4e));
  return _mm_xor_si128(high, _mm_clmulepi64_si128(p, middle, 0x01));
}

Block multiply(Block a, Block b) {
  const Block low = _mm_clmulepi64_si128(a, b, 0x00);
  const Block high = _mm_clmulepi64_si128(a, b, 0x11);
  const Block middle =
      _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
  return reduce(low, middle, high);
}

// H times x: a shift to the left, with what falls out at the top folded in again.
Block times_x(Block h) {
  const Block carries = _mm_srli_epi64(h, 63);
  const Block shifted = _mm_or_si128(_mm_slli_epi64(h, 1), _mm_slli_si128(carries, 8));
  // all ones where the top bit was set
  const Block top = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xff), 31);
  return _mm_xor_si128(shifted, _mm_and_si128(top, polynomial()));
}

Block fold(Quad x) {
  const __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
  return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// Hashes `count` whole blocks into `state`, up to sixteen for one reduction: the first of a group
// of n is multiplied by H^n, the last by H.
Block hash_blocks(const GcmKey& key, Block state, const std::uint8_t* blocks, std::size_t count) {
  const Quad reverse = _mm512_broadcast_i32x4(reverse_mask());
  while (count > 0) {
    const std::size_t n = count < group ? count : group;
    const std::uint8_t* const power = key.powers[group - n];
    Quad low = _mm512_setzero_si512();
    Quad middle = low;
    Quad high = low;
    Quad carried = _mm512_zextsi128_si512(state);  // into the first block only
    for (std::size_t i = 0; i < n; i += lanes) {
      const auto present = static_cast<__mmask8>(n - i >= lanes ? 0xff : (1u << (2 * (n - i))) - 1);
      Quad block = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi64(present, blocks + 16 * i), reverse);
      block = _mm512_xor_si512(block, carried);
      carried = _mm512_setzero_si512();
      const Quad h = _mm512_maskz_loadu_epi64(present, power + 16 * i);
      low = _mm512_xor_si512(low, _mm512_clmulepi64_epi128(block, h, 0x00));
      high = _mm512_xor_si512(high, _mm512_clmulepi64_epi128(block, h, 0x11));
      middle = _mm512_ternarylogic_epi64(middle, _mm512_clmulepi64_epi128(block, h, 0x01),
                                         _mm512_clmulepi64_epi128(block, h, 0x10), 0x96);
    }
    state = reduce(fold(low), fold(middle), fold(high));
    blocks += 16 * n;
    count -= n;
  }
  return state;
}

// ---- the three entries of the table ----

void expand(GcmKey& out, const std::uint8_t* key, std::size_t key_bytes) {
  Block k[15];
  k[0] = load(key);
  out.rounds = key_bytes == 16 ? 10 : 14;
  if (key_bytes == 16) {
    expand_128(k);
  } else {
    k[1] = load(key + 16);
    expand_256(k);
  }
  for (std::uint32_t i = 0; i <= out.rounds; ++i) {
    store(out.round_keys[i], k[i]);
  }
  zero(reinterpret_cast<std::uint8_t*>(k), sizeof k);
  __asm__ volatile("" : : "r"(k) : "memory");  // the zeros are meant
  const Block h =
      times_x(_mm_shuffle_epi8(encrypt_block(out, _mm_setzero_si128()), reverse_mask()));
  Block power = h;
  for (std::size_t i = group; i-- > 0;) {
    store(out.powers[i], power);
    power = multiply(power, h);
  }
}

void crypt(const GcmKey& key, const std::uint8_t nonce[12], std::uint8_t* text,
           std::size_t text_bytes) {
  // The counter is the last word, big-endian: swapped to add, and back to encrypt.
  const Block swap = _mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const Quad swap4 = _mm512_broadcast_i32x4(swap);
  const Quad step = _mm512_broadcast_i32x4(_mm_set_epi32(4, 0, 0, 0));
  Quad counter =
      _mm512_add_epi32(_mm512_broadcast_i32x4(_mm_shuffle_epi8(first_counter(nonce), swap)),
                       _mm512_set_epi32(4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0));
  Quad keys[15];
  for (std::uint32_t r = 0; r <= key.rounds; ++r) {
    keys[r] = _mm512_broadcast_i32x4(load(key.round_keys[r]));
  }
  const Quad last_key = keys[key.rounds];
  for (std::size_t at = 0; at < text_bytes; at += 256) {
    Quad stream[4];
    for (Quad& s : stream) {
      s = _mm512_xor_si512(_mm512_shuffle_epi8(counter, swap4), keys[0]);
      counter = _mm512_add_epi32(counter, step);
    }
    for (std::uint32_t r = 1; r < key.rounds; ++r) {
      for (Quad& s : stream) {
        s = _mm512_aesenc_epi128(s, keys[r]);
      }
    }
    for (std::size_t i = 0; i < 4 && at + 64 * i < text_bytes; ++i) {
      std::uint8_t* const place = text + at + 64 * i;
      const std::size_t left = text_bytes - at - 64 * i;
      const __mmask64 present = left >= 64 ? ~0ull : (1ull << left) - 1;
      const Quad s = _mm512_aesenclast_epi128(stream[i], last_key);
      _mm512_mask_storeu_epi8(place, present,
                              _mm512_xor_si512(s, _mm512_maskz_loadu_epi8(present, place)));
    }
  }
}

// Whole blocks first, then the rest padded with zeros.
Block hash_padded(const GcmKey& key, Block state, const std::uint8_t* bytes, std::size_t count) {
  state = hash_blocks(key, state, bytes, count / 16);
  if (count % 16 != 0) {
    alignas(16) std::uint8_t rest[16] = {};
    copy_bytes(rest, bytes + count / 16 * 16, count % 16);
    state = hash_blocks(key, state, rest, 1);
  }
  return state;
}

void tag(const GcmKey& key, const std::uint8_t nonce[12], const std::uint8_t* additional,
         std::size_t additional_bytes, const std::uint8_t* text, std::size_t text_bytes,
         std::uint8_t out[16]) {
  Block state = hash_padded(key, _mm_setzero_si128(), additional, additional_bytes);
  // The last sixteen blocks, the padded rest and the lengths go through in one or two groups.
  const std::size_t head = text_bytes / 256 * 256;
  state = hash_blocks(key, state, text, head / 16);
  alignas(64) std::uint8_t end[16 * 18] = {};
  const std::size_t rest = text_bytes - head;
  for (std::size_t i = 0; i < rest; i += 64) {
    const __mmask64 present = rest - i >= 64 ? ~0ull : (1ull << (rest - i)) - 1;
    _mm512_storeu_si512(end + i, _mm512_maskz_loadu_epi8(present, text + head + i));
  }
  const std::size_t blocks = (rest + 15) / 16;
  const std::uint64_t bits[2] = {__builtin_bswap64(additional_bytes * 8),
                                 __builtin_bswap64(text_bytes * 8)};
  store(end + 16 * blocks, load(bits));
  state = hash_blocks(key, state, end, blocks + 1);
  const Block mask = encrypt_block(key, first_counter(nonce));
  store(out, _mm_xor_si128(_mm_shuffle_epi8(state, reverse_mask()), mask));
}

}  // namespace

const GcmKernel gcm_avx512{"avx512", expand, crypt, tag};

}  // namespace v100::crypto
