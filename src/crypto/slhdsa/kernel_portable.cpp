// The hash functions of SLH-DSA in whatever vectors every target of the compiler has.
#include <cstdint>

#include "crypto/slhdsa/lanes.inl.h"

namespace v100::slhdsa {

extern const SlhKernel kernel_portable{"portable",      put,         shake_hash,   shake_steps,
                                       shake_step_with, sha256_hash, sha256_steps, sha512_hash};

}  // namespace v100::slhdsa
