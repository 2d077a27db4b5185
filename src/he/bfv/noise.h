// Where BFV's randomness comes from. Noise and masks: AES-256 in counter mode where the processor
// has VAES, else SHAKE256 in eight lanes; the key is 32 bytes of the world's Random. Seeds and
// other public values are expanded by SHAKE128 in eight lanes, the same on every machine.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/world.h"
#include "he/bfv/noise_kernel.h"
#include "he/bfv/params.h"
#include "he/bfv/rns.h"

namespace v100::he::bfv {

using Seed = ByteArray<32>;

// What makes noise in this process: "avx512" (AES) or "portable" (SHAKE).
const char* noise_kernel_name() noexcept;

// A stream of secret random bits for polynomials of n coefficients. One thread at a time. Takes a
// new key from its own stream every mebibyte or so, so that a stolen state tells nothing of the
// past.
class Noise {
 public:
  Noise(std::size_t n, Random& random);
  ~Noise();
  Noise(const Noise&) = delete;
  Noise& operator=(const Noise&) = delete;

  void binomial(std::int8_t* out);  // n errors, |e| <= 21
  void ternary(std::int8_t* out);   // n of -1, 0, 1
  // Up to 4,096 bytes.
  void bytes(MutBytes out);

 private:
  void draw(std::size_t words);
  void rekey(FixedBytes<32> key);
  std::size_t n_;
  StreamKey key_{};
  ByteArray<32> shake_key_{};
  std::uint64_t counter_ = 0;
  RnsPoly words_;  // the last draw
};

// Uniform residues from a public seed, limb by limb, in transform order: limb i's coefficients
// j·n/8 … (j+1)·n/8 come from SHAKE128(seed, 0, i, j) as packed values of the prime's width, low
// bits first; where a value is not below the prime it is replaced, in order, by the first such of
// SHAKE128(seed, 1, i).
void expand_uniform(RnsPoly& out, const Params& params, FixedBytes<32> seed);

}  // namespace v100::he::bfv
