#include "main/version.h"

#include <cstdio>
#include <cstring>
#include <openssl/crypto.h>

#include "base/cpu.h"
#include "main/verbs.h"

namespace v100 {

const char* const version = V100_VERSION;
const char* const commit = V100_COMMIT;
const char* const compiler = V100_COMPILER;

int run_version(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--json") != 0) {
    std::puts("usage: v100 version [--json]");
    return std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0 ? 0 : 2;
  }
  const char* format =
      argc > 1 ? "{\"version\":\"%s\",\"commit\":\"%s\",\"compiler\":\"%s\",\"kernel\":\"%s\","
                 "\"openssl\":\"%s\"}\n"
               : "v100 %s\ncommit   %s\ncompiler %s\nkernel   %s\nopenssl  %s\n";
  std::printf(format, version, commit, compiler, name(cpu_isa()),
              OpenSSL_version(OPENSSL_VERSION_STRING));
  return 0;
}

}  // namespace v100
