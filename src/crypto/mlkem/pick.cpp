#include "crypto/mlkem/pick.h"

#include "base/cpu.h"
#include "crypto/mlkem/mlkem.h"

namespace v100::mlkem {

const MlkemKernel& kernel() noexcept {
#if defined(__wasm_simd128__)
  return kernel_wasm;
#elif defined(__x86_64__)
  static const MlkemKernel* const tables[] = {&kernel_portable, &kernel_avx2, &kernel_avx512};
  static const MlkemKernel& picked = *tables[static_cast<unsigned>(cpu_isa())];
  return picked;
#elif defined(__aarch64__)
  return cpu_isa() == Isa::portable ? kernel_portable : kernel_neon;
#else
  return kernel_portable;
#endif
}

const char* kernel_name() noexcept { return kernel().name; }

}  // namespace v100::mlkem
