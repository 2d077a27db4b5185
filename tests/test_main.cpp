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
  for (const v100::Isa isa : v100::every_isa) {
    if (std::strcmp(forced, v100::name(isa)) == 0) {
      return v100::cpu_has(isa);
    }
  }
  return false;
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
