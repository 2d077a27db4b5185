// The parts of signing in the order in which they need each other.
#include "crypto/falcon/fft.inl.h"
#include "crypto/falcon/random.inl.h"
#include "crypto/falcon/reveal.inl.h"
// the two that use the above
#include "crypto/falcon/sampler.inl.h"
#include "crypto/falcon/sampling.inl.h"

namespace v100::falcon {
namespace {

void sample(SamplerState& state, const double* tree, const double* t0, const double* t1, double* z0,
            double* z1, double* scratch, int logn) {
  PairSampler sampler(state);
  sample_any(sampler, tree, t0, t1, z0, z1, scratch, logn);
}

}  // namespace
}  // namespace v100::falcon
