// The sampler over the integers, in eight lanes: candidates for one sample side by side, of which
// the first accepted one counts. Falcon §3.9.3, Algorithms 12 (BaseSampler) to 15 (SamplerZ). A
// kernel file defines before including this: sign_bits(mask), a bit a lane.
//
// Constant time: nothing here depends on values but which candidate is the first accepted one.

#include "crypto/falcon/gaussian.inl.h"

namespace v100::falcon {
namespace {

// v >> s, lane by lane, s from 0 to 63.
inline I8 shifted(I8 v, I8 s) {
#if defined(__AVX2__) || defined(__aarch64__)
  return v >> s;
#else
  // Without a shift by lanes, one by a register's count, which the constant-time checker refuses:
  // six by constants instead, each taken or not.
  for (int k = 0; k < 6; ++k) {
    I8 take = -((s >> k) & 1);
    asm("" : "+m"(take));  // or the compiler finds the shift again
    v = (take & (v >> (1 << k))) | (~take & v);
  }
  return v;
#endif
}

// Algorithms 15 and 14 (BerExp): a candidate is accepted with the chance scale * exp(-x), where
// x = (z - r)^2 / (2 sigma^2) - z0^2 / (2 sigma0^2) >= 0. With s = x / ln 2 rounded down the chance
// is scale * exp(-(x - s ln 2)) / 2^s, held against a uniform number in 62 bits; 51 of them are the
// exponential's.
inline u32 accepted(D8 value, D8 penalty, I8 uniform, double fraction, const Width& width) {
  const D8 d = value - splat_as<D8>(fraction);
  D8 x = d * d * splat_as<D8>(width.half_inverse_square) - penalty;
  const D8 zero = splat_as<D8>(0);
  x = x > zero ? x : zero;
  const D8 shift = splat_as<D8>(integer_shift);
  const D8 s_shifted = (x * splat_as<D8>(inverse_ln_2) - splat_as<D8>(0.5)) + shift;
  const D8 rest = x - (s_shifted - shift) * splat_as<D8>(ln_2);
  const I8 bias = I8{} + integer_shift_bits;
  I8 s = (I8)s_shifted - bias;
  const I8 most = I8{} + 62;
  s = s < most ? s : most;
  const D8 chance = exp_negative(rest) * splat_as<D8>(width.scale * 2251799813685248.0);
  const I8 bits = (I8)(chance + shift) - bias;
  return sign_bits(uniform < shifted(bits << 11, s));
}

// Falcon §3.9.3, Algorithm 12 for both queues: 512 candidates from 8 + 8 + 2 random bytes each.
inline void refill(SamplerState& state) {
  Candidates& c = state.candidates;
  constexpr std::size_t total = 2 * Candidates::size;
  fill_random(state.stream, state.random, Candidates::refills);
  const u8* low_bytes = state.random;
  const u8* uniform_bytes = low_bytes + 8 * total;
  const u8* small_bytes = uniform_bytes + 8 * total;
  double* value = c.value[0];
  double* penalty = c.penalty[0];
  std::int64_t* uniform = c.uniform[0];
  for (std::size_t i = 0; i < total; i += 8) {
    typedef unsigned long long U8 __attribute__((vector_size(64)));
    U8 low, random, high, sign;
    u16 small[8];
    __builtin_memcpy(&low, low_bytes + 8 * i, sizeof low);
    __builtin_memcpy(&random, uniform_bytes + 8 * i, sizeof random);
    __builtin_memcpy(small, small_bytes + 2 * i, sizeof small);
    for (int lane = 0; lane < 8; ++lane) {
      high[lane] = small[lane] & 0xffu;
      sign[lane] = (small[lane] >> 8) & 1u;
    }
    I8 count = {};
#pragma GCC unroll 18
    for (const BaseEntry& entry : base_table) {
      const U8 entry_low = U8{} + entry.low, entry_high = U8{} + entry.high;
      count -= (I8)((high < entry_high) | ((high == entry_high) & (low < entry_low)));
    }
    const I8 signed_count = ((count << 1) + 1) * (I8)sign - count;  // -z0, or z0 + 1
    random >>= 2;
    __builtin_memcpy(uniform + i, &random, sizeof random);
    for (int lane = 0; lane < 8; ++lane) {
      value[i + static_cast<std::size_t>(lane)] = static_cast<double>(signed_count[lane]);
      penalty[i + static_cast<std::size_t>(lane)] =
          static_cast<double>(count[lane] * count[lane]) * inverse_twice_sigma0_squared;
    }
  }
  c.next[0] = c.next[1] = 0;
}

class PairSampler {
 public:
  explicit PairSampler(SamplerState& state) : state_(state), c_(state.candidates) {}

  // Two samples of one width around mu0 and mu1.
  inline void pair(double mu0, double mu1, double inverse_sigma, double& z0, double& z1) {
    const Width width(inverse_sigma, state_.sigma_min);
    const Centre centre0(mu0), centre1(mu1);
    if (c_.next[0] > last || c_.next[1] > last) {
      refill(state_);
    }
    const u32 first0 = first_accepted(0, centre0.fraction, width);
    const u32 first1 = first_accepted(1, centre1.fraction, width);
    if (first0 != 0 && first1 != 0) [[likely]] {
      z0 = centre0.floor + take(0, first0);
      z1 = centre1.floor + take(1, first1);
    } else {  // one in five hundred; a refill empties both queues, so one after the other
      z0 = centre0.floor + search(0, centre0.fraction, width);
      z1 = centre1.floor + search(1, centre1.fraction, width);
    }
  }

 private:
  static constexpr std::size_t last = Candidates::size - 8;

  inline u32 first_accepted(int queue, double fraction, const Width& width) const {
    const std::size_t at = c_.next[queue];
    I8 uniform;
    __builtin_memcpy(&uniform, c_.uniform[queue] + at, sizeof uniform);
    const u32 bits = accepted(load_as<D8>(c_.value[queue] + at),
                              load_as<D8>(c_.penalty[queue] + at), uniform, fraction, width);
    return revealed(bits & (0u - bits));
  }
  inline double take(int queue, u32 first) {
    const std::size_t at = c_.next[queue] + static_cast<std::size_t>(__builtin_ctz(first));
    c_.next[queue] = at + 1;
    return c_.value[queue][at];
  }
  __attribute__((noinline)) double search(int queue, double fraction, const Width& width) {
    for (;;) {
      if (c_.next[queue] > last) {
        refill(state_);
      }
      const u32 first = first_accepted(queue, fraction, width);
      if (first != 0) {
        return take(queue, first);
      }
      c_.next[queue] += 8;
    }
  }

  SamplerState& state_;
  Candidates& c_;
};

}  // namespace
}  // namespace v100::falcon
