// The one program: a table of verbs, each with its own options and its own --help.
#include <cstdio>
#include <cstring>

#include "main/verbs.h"
#include "main/version.h"

namespace v100 {
namespace {

// One row a verb, in the order in which --help lists them.
constexpr Verb verbs[] = {
    {"serve", "the platform: web page, signaling and media in one process", run_serve},
    {"bench", "this machine's figures, one row an operation", run_bench},
    {"vectors", "public test vectors against this build, on every kernel", run_vectors},
    {"load", "load generators: synthetic participants of a call", run_load},
    {"attest", "check receipts offline; follow, cosign and watch a log", run_attest},
    {"key", "make, show and convert post-quantum keys", run_key},
    {"sign", "a detached post-quantum signature over a file", run_sign},
    {"verify", "whether a detached signature is good", run_verify},
    {"kem", "agree on a secret with an ML-KEM key", run_kem},
    {"match", "encrypted biometric matching: a demonstration with synthetic people", run_match},
    {"admin", "tenants, principals and keys of a running server", run_admin},
    {"version", "what this build is: version, commit, compiler, kernels", run_version},
};

void print_help(std::FILE* out) {
  std::fputs(
      "v100: a self-hosted post-quantum video platform\n\n"
      "usage: v100 VERB [OPTIONS]\n\nverbs:\n",
      out);
  for (const Verb& verb : verbs) {
    std::fprintf(out, "  %-10s %s\n", verb.name, verb.summary);
  }
  std::fputs("\n`v100 VERB --help` lists a verb's options. Exit codes: 0 yes, 1 no, 2 could not.\n",
             out);
}

int dispatch(int argc, char** argv) {
  if (argc < 2) {
    print_help(stderr);
    return 2;
  }
  const char* word = argv[1];
  if (std::strcmp(word, "--help") == 0 || std::strcmp(word, "-h") == 0 ||
      std::strcmp(word, "help") == 0) {
    print_help(stdout);
    return 0;
  }
  if (std::strcmp(word, "--version") == 0) {
    std::printf("v100 %s\n", version);
    return 0;
  }
  for (const Verb& verb : verbs) {
    if (std::strcmp(word, verb.name) == 0) {
      return verb.run(argc - 1, argv + 1);
    }
  }
  std::fprintf(stderr, "v100: there is no verb \"%s\"\n\n", word);
  print_help(stderr);
  return 2;
}

}  // namespace
}  // namespace v100

int main(int argc, char** argv) { return v100::dispatch(argc, argv); }
