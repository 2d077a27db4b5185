// `v100 load WHAT`: which generator.
#include "main/load.h"

#include <cstdio>
#include <cstring>

#include "main/verbs.h"

namespace v100 {
namespace {

struct Generator {
  const char* name;
  const char* summary;
  int (*run)(int argc, char** argv);
};

constexpr Generator generators[] = {
    {"call", "synthetic participants over UDP, ICE, DTLS and SRTP", load::run_load_call},
    {"http", "signed requests over pipelined connections", load::run_load_http},
};

void print_help(std::FILE* out) {
  std::fputs("usage: v100 load WHAT [OPTIONS]\n\n", out);
  for (const Generator& generator : generators) {
    std::fprintf(out, "  %-6s %s\n", generator.name, generator.summary);
  }
  std::fputs("\n`v100 load WHAT --help` lists the options.\n", out);
}

}  // namespace

int run_load(int argc, char** argv) {
  if (argc < 2) {
    print_help(stderr);
    return 2;
  }
  if (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0) {
    print_help(stdout);
    return 0;
  }
  for (const Generator& generator : generators) {
    if (std::strcmp(argv[1], generator.name) == 0) {
      return generator.run(argc - 1, argv + 1);
    }
  }
  std::fprintf(stderr, "v100 load: there is no generator \"%s\"\n\n", argv[1]);
  print_help(stderr);
  return 2;
}

}  // namespace v100
