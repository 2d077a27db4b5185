// Picks the kernel once, from base/cpu.h.
#include "base/cpu.h"
#include "crypto/falcon/internal.h"

namespace v100::falcon {

const FalconKernel& kernel() noexcept {
#if defined(__x86_64__)
  static const FalconKernel* const tables[] = {&kernel_portable, &kernel_avx2, &kernel_avx512};
  static const FalconKernel& picked = *tables[static_cast<unsigned>(cpu_isa())];
  return picked;
#elif defined(__aarch64__)
  return cpu_isa() == Isa::portable ? kernel_portable : kernel_neon;
#else
  return kernel_portable;
#endif
}

const char* kernel_name() noexcept { return kernel().name; }

}  // namespace v100::falcon
