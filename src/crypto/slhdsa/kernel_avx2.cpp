// The hash functions of SLH-DSA with AVX2: eight lanes in two registers.
#include <cstdint>

#include "crypto/slhdsa/lanes.inl.h"

namespace v100::slhdsa {

extern const SlhKernel kernel_avx2{"avx2",          put,         shake_hash,   shake_steps,
                                   shake_step_with, sha256_hash, sha256_steps, sha512_hash};

}  // namespace v100::slhdsa
