// The reference's sampler as a source of points for signing. Not a front door.
#pragma once

#include "crypto/falcon/internal.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {

// One attempt with the sampler's stream in its first state.
void sample_as_reference(const Stream& stream, const double* tree, Attempt& attempt, int logn);

class ReferenceDraw {
 public:
  explicit ReferenceDraw(Bytes sampler_seed) { hash_.absorb(sampler_seed); }
  void sample(const double* tree, Attempt& attempt, int logn) {
    ByteArray<stream_seed_bytes> seed;
    hash_.squeeze(seed);
    Stream stream;
    start(stream, seed);
    sample_as_reference(stream, tree, attempt, logn);
  }

 private:
  keccak::Shake256 hash_;
};

}  // namespace v100::falcon
