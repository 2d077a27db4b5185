// The hash functions of SLH-DSA with AVX-512: eight lanes in one register, rotations in one
// instruction.
#include <cstdint>

#include "crypto/slhdsa/lanes.inl.h"

namespace v100::slhdsa {

extern const SlhKernel kernel_avx512{"avx512",    shake_hash,   shake_steps, shake_step_with,
                                     sha256_hash, sha256_steps, sha512_hash};

}  // namespace v100::slhdsa
