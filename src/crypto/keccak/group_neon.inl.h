// What the NEON kernels share: a single state in plain registers, and words into and out of a group
// by transposing two words of two states at a time. Included by kernel files after permute.inl.h.
#pragma once

#include "crypto/keccak/scalar.inl.h"

namespace v100::keccak {
namespace {

// General registers hold a state and rotate in the second operand of any logic instruction.
void permute_x1(std::uint64_t* words) { permute<std::uint64_t>(words, 1); }

inline uint64x2_t load_pair(const std::uint8_t* p) { return vreinterpretq_u64_u8(vld1q_u8(p)); }
inline void store_pair(std::uint8_t* p, uint64x2_t pair) {
  vst1q_u8(p, vreinterpretq_u8_u64(pair));
}

template <int Width>
inline void read_transposed(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  int w = 0;
  for (; w + 2 <= count; w += 2) {
    for (int s = 0; s < Width; s += 2) {
      const uint64x2_t even = vld1q_u64(words + w * Width + s);
      const uint64x2_t odd = vld1q_u64(words + (w + 1) * Width + s);
      store_pair(outs[s] + 8 * w, vzip1q_u64(even, odd));
      store_pair(outs[s + 1] + 8 * w, vzip2q_u64(even, odd));
    }
  }
  read_words<Width>(outs, words, w, count);
}

// A state's first words from `in`, zeros after its `count`.
inline uint64x2_t load_counted(const std::uint8_t* in, int w, int count) {
  if (w + 2 <= count) {
    return load_pair(in + 8 * w);
  }
  return w < count ? vcombine_u64(vreinterpret_u64_u8(vld1_u8(in + 8 * w)), vdup_n_u64(0))
                   : vdupq_n_u64(0);
}

template <int Width>
inline void absorb_transposed(std::uint64_t* words, const std::uint8_t* const* ins,
                              const std::uint8_t* counts, unsigned fresh) {
  for (int s = 0; s < Width; s += 2) {
    const uint64x2_t keep =
        vcombine_u64(vdup_n_u64((fresh >> s & 1) != 0 ? 0 : ~std::uint64_t{0}),
                     vdup_n_u64((fresh >> (s + 1) & 1) != 0 ? 0 : ~std::uint64_t{0}));
    for (int w = 0; w < 24; w += 2) {
      const uint64x2_t first = load_counted(ins[s], w, counts[s]);
      const uint64x2_t second = load_counted(ins[s + 1], w, counts[s + 1]);
      std::uint64_t* at = words + w * Width + s;
      vst1q_u64(at, veorq_u64(vandq_u64(vld1q_u64(at), keep), vzip1q_u64(first, second)));
      at += Width;
      vst1q_u64(at, veorq_u64(vandq_u64(vld1q_u64(at), keep), vzip2q_u64(first, second)));
    }
    std::uint64_t* last = words + 24 * Width + s;
    vst1q_u64(last, vandq_u64(vld1q_u64(last), keep));
  }
}

void read_x4(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<4>(outs, words, count);
}
void read_x8(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_transposed<8>(outs, words, count);
}
void absorb_x4(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_transposed<4>(words, ins, counts, fresh);
}
void absorb_x8(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_transposed<8>(words, ins, counts, fresh);
}

}  // namespace
}  // namespace v100::keccak
