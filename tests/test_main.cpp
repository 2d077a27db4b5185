// main() of every GoogleTest program: honours V100_KERNEL (exit 77 = skipped where the ISA is
// missing).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

#include "base/cpu.h"

namespace {

// Whether this machine can run the kernel that V100_KERNEL names, found without aborting.
bool kernel_available(const char* forced) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (std::strcmp(forced, "avx512") == 0) {
    return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512ifma");
  }
  if (std::strcmp(forced, "avx2") == 0) {
    return __builtin_cpu_supports("avx2") != 0;
  }
#endif
  return std::strcmp(forced, "portable") == 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* forced = std::getenv("V100_KERNEL");
  if (forced != nullptr && *forced != 0) {
    if (!kernel_available(forced)) {
      std::printf("skipped: this machine has no %s\n", forced);
      return 77;
    }
    // The forced name must be the one that runs; a silent fallback would test the wrong code.
    if (std::strcmp(v100::name(v100::cpu_isa()), forced) != 0) {
      std::printf("forced kernel %s, but %s runs\n", forced, v100::name(v100::cpu_isa()));
      return 1;
    }
  }
  return RUN_ALL_TESTS();
}
