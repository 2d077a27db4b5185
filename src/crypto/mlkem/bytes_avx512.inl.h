// Bytes to coefficients and back with AVX-512 VBMI, on polynomials in eight registers. Included by
// kernel_avx512.cpp only, after vector.inl.h. The lane orders are data: tables computed below.
#pragma once

namespace v100::mlkem {
namespace {

struct alignas(64) ByteOrder {
  std::uint8_t byte[64];
};
inline Vec load(const ByteOrder& order) { return _mm512_load_si512(order.byte); }
inline Vec splat_32(std::uint32_t a) { return _mm512_set1_epi32(static_cast<int>(a)); }

// ---- Fields of D bits into 16-bit lanes, the topmost bit of a field at bit `Top`.

// Eight bytes for each 64-bit lane, which will hold four fields: they start at bit 0 or 4.
template <int D>
constexpr ByteOrder spread_bytes() {
  ByteOrder order{};
  for (int lane = 0; lane < 8; ++lane) {
    for (int i = 0; i < 8; ++i) {
      order.byte[8 * lane + i] = static_cast<std::uint8_t>((4 * D * lane / 8 + i) % 64);
    }
  }
  return order;
}
// Bit offsets, modulo 64, of the two bytes of each lane.
template <int D, int Top>
constexpr ByteOrder spread_bits() {
  ByteOrder order{};
  for (int i = 0; i < 32; ++i) {
    const int field = 4 * D * (i / 4) % 8 + D * (i % 4);
    const int offset = field - (Top + 1 - D) + 64;
    order.byte[2 * i] = static_cast<std::uint8_t>(offset % 64);
    order.byte[2 * i + 1] = static_cast<std::uint8_t>((offset + 8) % 64);
  }
  return order;
}
template <int D>
constexpr ByteOrder field_bytes = spread_bytes<D>();
template <int D, int Top>
constexpr ByteOrder field_bits = spread_bits<D, Top>();

// Thirty-two fields from 4 D bytes.
template <int D, int Top>
inline Vec read_fields(const std::uint8_t* in) {
  constexpr __mmask64 mask = D == 16 ? ~std::uint64_t{0} : (std::uint64_t{1} << (4 * D)) - 1;
  const Vec bytes =
      _mm512_permutexvar_epi8(load(field_bytes<D>), _mm512_maskz_loadu_epi8(mask, in));
  const Vec fields = _mm512_multishift_epi64_epi8(load(field_bits<D, Top>), bytes);
  return _mm512_and_si512(fields,
                          splat(static_cast<std::int16_t>(((1 << D) - 1) << (Top + 1 - D))));
}

// Decompress_d(y) = round(q y / 2^d): with y at the top of 15 bits it is one rounding product.
template <int D>
[[gnu::always_inline]] inline void read_compressed(Vec (&v)[8], const std::uint8_t* in) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    v[i] = round_multiply(read_fields<D, 14>(in + 4 * D * i), splat(q));
  }
}

// FIPS 203, Algorithm 6 (ByteDecode_12). Values are below 4096 < 2q; subtracting q from a smaller
// one wraps to a large one, so the lesser of both is the remainder.
bool decode_12(std::int16_t* out, const std::uint8_t* in, int count) {
  __mmask32 above = 0;
  for (int i = 0; i < 8 * count; ++i) {
    const Vec value = read_fields<12, 11>(in + 48 * i);
    above |= _mm512_cmpge_epu16_mask(value, splat(q));
    store(out + 32 * i, _mm512_min_epu16(value, sub(value, splat(q))));
  }
  return above == 0;
}

// Bits to 0 or (q + 1) / 2: ByteDecode_1 and Decompress_1, added to v.
[[gnu::always_inline]] inline void add_message(Vec (&v)[8], const std::uint8_t* m) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    std::uint32_t bits = 0;
    __builtin_memcpy(&bits, m + 4 * i, 4);
    v[i] = _mm512_mask_add_epi16(v[i], bits, v[i], splat((q + 1) / 2));
  }
}

// ---- FIPS 203, Algorithm 8 (SamplePolyCBD): the bits of a coefficient look its value up in a
// register. A lookup by vpermw looks at the low 5 (6 in two registers) bits of a lane.

constexpr int bits_of(int x) { return (x & 1) + (x >> 1 & 1) + (x >> 2 & 1); }
template <int Eta>
struct alignas(64) CbdTables {
  std::int16_t value[64];
  ByteOrder bytes;
  ByteOrder bits;
  constexpr CbdTables() : value{}, bytes{}, bits{} {
    for (int i = 0; i < 64; ++i) {
      const int mask = (1 << Eta) - 1;
      value[i] = static_cast<std::int16_t>(bits_of(i & mask) - bits_of(i >> Eta & mask));
    }
    for (int i = 0; i < 64; ++i) {
      bytes.byte[i] = static_cast<std::uint8_t>(i / 8 * Eta + i % 8);
      bits.byte[i] = static_cast<std::uint8_t>(i % 8 / 2 * 2 * Eta);
    }
  }
};
template <int Eta>
constexpr CbdTables<Eta> cbd_tables;

template <int Eta>
inline Vec cbd_part(const std::uint8_t* in) {
  const auto& t = cbd_tables<Eta>;
  const Vec bytes = _mm512_permutexvar_epi8(
      load(t.bytes), _mm512_castsi256_si512(_mm256_maskz_loadu_epi8(
                         static_cast<__mmask32>((std::uint64_t{1} << (8 * Eta)) - 1), in)));
  const Vec index = _mm512_multishift_epi64_epi8(load(t.bits), bytes);
  if constexpr (Eta == 2) {
    return _mm512_permutexvar_epi16(index, load(t.value));
  } else {
    return _mm512_permutex2var_epi16(load(t.value), index, load(t.value + 32));
  }
}

template <int Eta>
[[gnu::always_inline]] inline void sample_cbd(Vec (&v)[8], const std::uint8_t* in) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    v[i] = cbd_part<Eta>(in + 8 * Eta * i);
  }
}
[[gnu::always_inline]] inline void add_cbd2(Vec (&v)[8], const std::uint8_t* in) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    v[i] = add(v[i], cbd_part<2>(in + 16 * i));
  }
}

// ---- Coefficients to bytes

// The first `bytes` of every group of `group` bytes, one after the other.
constexpr ByteOrder gather_bytes(int group, int bytes) {
  ByteOrder order{};
  for (int i = 0; i < 64 / group * bytes; ++i) {
    order.byte[i] = static_cast<std::uint8_t>(i / bytes * group + i % bytes);
  }
  return order;
}
constexpr ByteOrder three_of_four = gather_bytes(4, 3);
constexpr ByteOrder five_of_eight = gather_bytes(8, 5);

// `count` bytes of a vector. All but the last of a polynomial store the whole vector, since what
// follows is written next.
template <int Count>
inline void write_bytes(std::uint8_t* out, Vec bytes, bool last) {
  if (last) {
    _mm512_mask_storeu_epi8(out, (std::uint64_t{1} << Count) - 1, bytes);
  } else {
    _mm512_storeu_si512(out, bytes);
  }
}

// ByteEncode_12 of any coefficients.
[[gnu::always_inline]] inline void write_12(std::uint8_t* out, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Vec r = barrett(v[i]);
    const Vec canonical = _mm512_min_epu16(r, add(r, splat(q)));
    const Vec pairs = multiply_pairs(canonical, splat_32(4096u << 16 | 1));
    write_bytes<48>(out + 48 * i, _mm512_permutexvar_epi8(load(three_of_four), pairs), i == 7);
  }
}

// The products of Compress_d, see field.inl.h: of the even coefficients and of the odd ones.
struct Products {
  Vec even;
  Vec odd;
};
template <int D>
inline Products compress_products(Vec v) {
  const Vec factor = splat_32(compress_factor);
  const Vec half = splat_32(compress_half(D));
  const Vec even = _mm512_srai_epi32(_mm512_slli_epi32(v, 16), 16);
  const Vec odd = _mm512_srai_epi32(v, 16);
  return {_mm512_add_epi32(_mm512_mullo_epi32(even, factor), half),
          _mm512_add_epi32(_mm512_mullo_epi32(odd, factor), half)};
}

// Shifts for the even and the odd 32-bit lanes.
inline Vec shift_right_by(Vec v, int even, int odd) {
  return _mm512_srlv_epi32(v, _mm512_set1_epi64(static_cast<long long>(odd) << 32 | even));
}
inline Vec splat_pair(std::uint32_t even, std::uint32_t odd) {
  return _mm512_set1_epi64(static_cast<long long>(std::uint64_t{odd} << 32 | even));
}
constexpr int or_and = 0xf8;  // a | (b & c)

// The two fields of each pair of coefficients, side by side, and so that those of the even 32-bit
// lane end where those of the odd one begin: 4 D bits in each 64-bit lane, from bit 32 - 2 D on.
template <int D>
inline Vec four_fields(Vec v) {
  constexpr std::uint32_t field = (1u << D) - 1;
  const Products p = compress_products<D>(v);
  const Vec low =
      _mm512_and_si512(shift_right_by(p.even, D, 32 - D), splat_pair(field << (32 - 2 * D), field));
  return _mm512_ternarylogic_epi32(low, shift_right_by(p.odd, 0, 32 - 2 * D),
                                   splat_pair(field << (32 - D), field << D), or_and);
}

// Bit offsets of eight successive bytes in each 64-bit lane.
constexpr ByteOrder bytes_from(int even, int odd) {
  ByteOrder order{};
  for (int i = 0; i < 64; ++i) {
    order.byte[i] = static_cast<std::uint8_t>(((i / 8 % 2 == 0 ? even : odd) + 8 * (i % 8)) % 64);
  }
  return order;
}
constexpr ByteOrder bytes_from_12 = bytes_from(12, 12);
// For d = 11 two 64-bit lanes hold 11 bytes: five and a half each.
constexpr ByteOrder bytes_from_10_and_6 = bytes_from(10, 6);
constexpr ByteOrder first_six_of_sixteen = [] {
  ByteOrder order{};
  for (int i = 0; i < 44; ++i) {
    order.byte[i] = static_cast<std::uint8_t>(i / 11 * 16 + i % 11);
  }
  return order;
}();
constexpr ByteOrder second_six_of_sixteen = [] {
  ByteOrder order{};
  for (int i = 0; i < 44; ++i) {
    order.byte[i] = static_cast<std::uint8_t>(i % 11 < 5 ? 0 : i / 11 * 16 + i % 11 + 3);
  }
  return order;
}();
constexpr __mmask64 six_of_eleven(int first) {
  std::uint64_t mask = 0;
  for (int i = 0; i < 44; ++i) {
    if (i % 11 >= first && i % 11 < first + 6) {
      mask |= std::uint64_t{1} << i;
    }
  }
  return mask;
}

[[gnu::always_inline]] inline void write_10(std::uint8_t* out, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Vec bytes = _mm512_multishift_epi64_epi8(load(bytes_from_12), four_fields<10>(v[i]));
    write_bytes<40>(out + 40 * i, _mm512_permutexvar_epi8(load(five_of_eight), bytes), i == 7);
  }
}

[[gnu::always_inline]] inline void write_11(std::uint8_t* out, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Vec bytes =
        _mm512_multishift_epi64_epi8(load(bytes_from_10_and_6), four_fields<11>(v[i]));
    const Vec first =
        _mm512_maskz_permutexvar_epi8(six_of_eleven(0), load(first_six_of_sixteen), bytes);
    const Vec second =
        _mm512_maskz_permutexvar_epi8(six_of_eleven(5), load(second_six_of_sixteen), bytes);
    write_bytes<44>(out + 44 * i, _mm512_or_si512(first, second), i == 7);
  }
}

[[gnu::always_inline]] inline void write_4(std::uint8_t* out, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Products p = compress_products<4>(v[i]);
    const Vec pairs = _mm512_ternarylogic_epi32(
        _mm512_srli_epi32(p.even, 28), _mm512_srli_epi32(p.odd, 24), splat_32(0xf0), or_and);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * i), _mm512_cvtepi32_epi8(pairs));
  }
}

inline __m256i ten_bits(Vec v) {
  const Products p = compress_products<5>(v);
  return _mm512_cvtepi32_epi16(_mm512_ternarylogic_epi32(
      _mm512_srli_epi32(p.even, 27), _mm512_srli_epi32(p.odd, 22), splat_32(0x3e0), or_and));
}
[[gnu::always_inline]] inline void write_5(std::uint8_t* out, const Vec (&v)[8]) {
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    const Vec tens =
        _mm512_inserti64x4(_mm512_castsi256_si512(ten_bits(v[i])), ten_bits(v[i + 1]), 1);
    const Vec twenties = multiply_pairs(tens, splat_32(1024u << 16 | 1));
    const Vec forties = _mm512_sllv_epi32(twenties, splat_pair(12, 0));
    const Vec bytes = _mm512_multishift_epi64_epi8(load(bytes_from_12), forties);
    write_bytes<40>(out + 20 * i, _mm512_permutexvar_epi8(load(five_of_eight), bytes), i == 6);
  }
}

template <int D>
[[gnu::always_inline]] inline void write_compressed(std::uint8_t* out, const Vec (&v)[8]) {
  if constexpr (D == 4) {
    write_4(out, v);
  } else if constexpr (D == 5) {
    write_5(out, v);
  } else if constexpr (D == 10) {
    write_10(out, v);
  } else {
    static_assert(D == 11);
    write_11(out, v);
  }
}

// Compress_1 is the top bit of the product; ByteEncode_1 collects them.
[[gnu::always_inline]] inline void write_message(std::uint8_t* m, const Vec (&v)[8]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Products p = compress_products<1>(v[i]);
    const Vec both = _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(p.even, 16), p.odd);
    const std::uint32_t bits = _mm512_movepi16_mask(both);
    __builtin_memcpy(m + 4 * i, &bits, 4);
  }
}

// ---- FIPS 203, Algorithm 7 (SampleNTT): thirty-two candidates a step, and those below q moved to
// the front. Masks and counts come from public data.

inline int reject_step(std::int16_t* out, int have, Vec candidates, __mmask32 among) {
  const __mmask32 below = _mm512_mask_cmplt_epu16_mask(among, candidates, splat(q));
  const Vec kept = _mm512_maskz_compress_epi16(below, candidates);
  const int count = __builtin_popcount(below);
  if (have <= 256 - 32) [[likely]] {
    _mm512_storeu_si512(out + have, kept);
    return have + count;
  }
  const __mmask32 room = static_cast<__mmask32>((std::uint64_t{1} << (256 - have)) - 1);
  _mm512_mask_storeu_epi16(out + have, room, kept);
  return have + count < 256 ? have + count : 256;
}

// The usual first call, without a branch on what the candidates are: eight steps cannot overflow.
inline int reject_first(std::int16_t* out, const std::uint8_t* in) {
  int have = 0;
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const Vec candidates = read_fields<12, 11>(in + 48 * i);
    const __mmask32 below = _mm512_cmplt_epu16_mask(candidates, splat(q));
    _mm512_storeu_si512(out + have, _mm512_maskz_compress_epi16(below, candidates));
    have += __builtin_popcount(below);
  }
#pragma GCC unroll 3
  for (int i = 8; i < 11; ++i) {
    const __mmask32 among = i < 10 ? ~__mmask32{0} : 0xffff;
    const Vec candidates = read_fields<12, 11>(in + 48 * i);
    const __mmask32 below = _mm512_mask_cmplt_epu16_mask(among, candidates, splat(q));
    const int room = 256 - have;
    const __mmask32 free = _bzhi_u32(~0u, static_cast<unsigned>(room < 32 ? room : 32));
    _mm512_mask_storeu_epi16(out + have, free, _mm512_maskz_compress_epi16(below, candidates));
    const int count = __builtin_popcount(below);
    have += count < room ? count : room;
  }
  return have;
}

int reject(std::int16_t* out, int have, const std::uint8_t* in, int size) {
  if (have == 0 && size == 504) {
    return reject_first(out, in);
  }
  int at = 0;
  for (; at + 48 <= size && have < 256; at += 48) {
    have = reject_step(out, have, read_fields<12, 11>(in + at), ~__mmask32{0});
  }
  if (at < size && have < 256) {
    const __mmask32 among = (1u << ((size - at) / 3 * 2)) - 1;
    have = reject_step(out, have, read_fields<12, 11>(in + at), among);
  }
  return have;
}

// ---- Eight messages into the lanes of a Keccak group: transpositions of eight words each.

inline void absorb_eight(std::uint64_t* words, const std::uint8_t* const* ins, int at,
                         __mmask8 count) {
  Vec r[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_maskz_loadu_epi64(count, ins[i] + 8 * at);
  }
  Vec s[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    s[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
    s[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
  }
  // s[2p + o] holds, of inputs 2p and 2p + 1, the words o, o + 2, o + 4, o + 6.
#pragma GCC unroll 2
  for (int o = 0; o < 2; ++o) {
    const Vec a = _mm512_shuffle_i64x2(s[o], s[2 + o], 0x88);  // words o, o + 4
    const Vec b = _mm512_shuffle_i64x2(s[o], s[2 + o], 0xdd);  // words o + 2, o + 6
    const Vec c = _mm512_shuffle_i64x2(s[4 + o], s[6 + o], 0x88);
    const Vec d = _mm512_shuffle_i64x2(s[4 + o], s[6 + o], 0xdd);
    r[o] = _mm512_shuffle_i64x2(a, c, 0x88);
    r[o + 4] = _mm512_shuffle_i64x2(a, c, 0xdd);
    r[o + 2] = _mm512_shuffle_i64x2(b, d, 0x88);
    r[o + 6] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    if ((count >> i & 1) != 0) {
      std::uint64_t* row = words + 8 * (at + i);
      _mm512_store_si512(row, _mm512_xor_si512(_mm512_load_si512(row), r[i]));
    }
  }
}

// One row: eight loads of a word each, which may have been written a moment ago. (A wide load over
// a narrow store has to wait for it.)
inline Vec gather_row(const std::uint8_t* const* ins, int at) {
  __m128i pair[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    std::int64_t second = 0;
    __builtin_memcpy(&second, ins[2 * i + 1] + 8 * at, 8);
    pair[i] = _mm_insert_epi64(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(ins[2 * i] + 8 * at)), second, 1);
  }
  const __m256i low = _mm256_set_m128i(pair[1], pair[0]);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), _mm256_set_m128i(pair[3], pair[2]), 1);
}

void absorb(std::uint64_t* words, const std::uint8_t* const* ins, int count) {
  int at = 0;
  for (; at + 8 <= count; at += 8) {
    absorb_eight(words, ins, at, 0xff);
  }
  if (count - at > 4) {
    absorb_eight(words, ins, at, static_cast<__mmask8>((1 << (count - at)) - 1));
    return;
  }
  for (; at < count; ++at) {
    std::uint64_t* row = words + 8 * at;
    _mm512_store_si512(row, _mm512_xor_si512(_mm512_load_si512(row), gather_row(ins, at)));
  }
}

}  // namespace
}  // namespace v100::mlkem
