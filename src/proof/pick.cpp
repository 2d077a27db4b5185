#include "proof/pick.h"

#include "base/cpu.h"
#include "proof/proof.h"

namespace v100::proof {

const ProofKernel& kernel() noexcept {
#if defined(__x86_64__)
  static const ProofKernel& picked = cpu_isa() == Isa::avx512 ? kernel_avx512
                                     : cpu_isa() == Isa::avx2 ? kernel_avx2
                                                              : kernel_portable;
  return picked;
#else
  return kernel_portable;
#endif
}

const char* kernel_name() noexcept { return kernel().name; }

}  // namespace v100::proof
