// The hash functions of SLH-DSA with AArch64's NEON: eight lanes in four registers, which is what
// the compiler makes of the common body, with SHA-3's instructions where keccak's kernel has them.
#include <cstdint>

#include "crypto/slhdsa/lanes.inl.h"

namespace v100::slhdsa {

extern const SlhKernel kernel_neon{"neon",          put,         shake_hash,   shake_steps,
                                   shake_step_with, sha256_hash, sha256_steps, sha512_hash};

}  // namespace v100::slhdsa
