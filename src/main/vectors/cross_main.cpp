// The program of cross builds, which have no other verbs: `v100 vectors`, and `v100 version` for
// the kernel in use.
#include <cstdio>
#include <cstring>

#include "base/cpu.h"
#include "main/verbs.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "version") == 0) {
    std::printf("kernel %s\n", v100::name(v100::cpu_isa()));
    return 0;
  }
  if (argc > 1 && std::strcmp(argv[1], "vectors") == 0) {
    return v100::run_vectors(argc - 1, argv + 1);
  }
  std::fprintf(stderr, "usage: v100 vectors|version\n");
  return 2;
}
