#include "crypto/keccak/pick.h"

#include "base/cpu.h"
#include "crypto/keccak/keccak.h"

namespace v100::keccak {

const KeccakKernel& kernel() noexcept {
#if defined(__wasm_simd128__)
  return kernel_wasm;
#elif defined(__x86_64__)
  static const KeccakKernel* const tables[] = {&kernel_portable, &kernel_avx2, &kernel_avx512};
  static const KeccakKernel& picked = *tables[static_cast<unsigned>(cpu_isa())];
  return picked;
#elif defined(__aarch64__)
  static const KeccakKernel& picked = cpu_isa() == Isa::neon_sha3 ? kernel_neon_sha3
                                      : cpu_isa() == Isa::neon    ? kernel_neon
                                                                  : kernel_portable;
  return picked;
#else
  return kernel_portable;
#endif
}

const char* kernel_name() noexcept { return kernel().name; }

}  // namespace v100::keccak
