// The verb `v100 vectors`: its options, one run a kernel, its exit code.
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "main/vectors/kernels.h"
#include "main/vectors/report.h"
#include "main/verbs.h"

namespace v100 {
namespace vectors {
namespace {

constexpr const char* help =
    R"(v100 vectors: public test vectors against this build, on every kernel

usage: v100 vectors [--json] [--large] FILE|DIR...

Reads NIST ACVP (prompt.json with expectedResults.json beside it, .gz too), NIST CAVP and KAT .rsp
files, X-Wing's, HPKE's and Wycheproof's JSON, and C2SP CCTV's text files. Prints a line a file,
with counts by kernel, then `N passed, N failed, N skipped`; each skip stands with its reason. A
case counts once, and passes if it passes on every kernel.

  --json   one JSON object a file, then one with the totals
  --large  also the cases that hash gigabytes (minutes)

V100_KERNEL=portable|avx2|avx512|neon|neon-sha3 runs one kernel alone.
Exit codes: 0 all passed, 1 a case failed, 2 a file could not be read or nothing was run.
)";

struct Arguments {
  bool help = false;
  bool json = false;
  bool worker = false;  // a child: prints encode()'s text for its parent
  Options options;
  std::vector<std::string> paths;
  std::string unknown;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  bool options_ended = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (options_ended || word.empty() || word.front() != '-') {
      arguments.paths.emplace_back(word);
    } else if (word == "--") {
      options_ended = true;
    } else if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (word == "--json") {
      arguments.json = true;
    } else if (word == "--large") {
      arguments.options.large = true;
    } else if (word == "--worker") {
      arguments.worker = true;
    } else {
      arguments.unknown = word;
    }
  }
  return arguments;
}

// The other kernels' results, from child processes; false when one could not be had.
bool add_other_kernels(std::vector<FileReport>& reports, const Arguments& arguments,
                       const std::vector<std::string>& others) {
  std::vector<std::string> command = {"vectors", "--worker"};
  if (arguments.options.large) {
    command.emplace_back("--large");
  }
  command.emplace_back("--");
  command.insert(command.end(), arguments.paths.begin(), arguments.paths.end());
  for (const std::string& kernel : others) {
    const Result<std::string> output = run_under(kernel, command);
    const Result<void> merged =
        output ? merge(reports, kernel, *output) : Result<void>(std::unexpected(output.error()));
    if (!merged) {
      fmt::print(stderr, "v100 vectors: kernel {}: {}\n", kernel, merged.error().what);
      return false;
    }
  }
  return true;
}

int run(const Arguments& arguments) {
  const Listing listing = list_files(arguments.paths);
  for (const std::string& path : listing.missing) {
    fmt::print(stderr, "v100 vectors: {}: no such file or folder\n", path);
  }
  if (!listing.missing.empty()) {
    return 2;
  }
  // This process runs the widest kernel, which it would pick anyway.
  std::vector<std::string> others = kernels();
  const std::string own = others.back();
  others.pop_back();
  std::vector<FileReport> reports = run_here(listing, own, arguments.options);
  if (arguments.worker) {
    std::fputs(encode(reports).c_str(), stdout);
    return 0;
  }
  if (!add_other_kernels(reports, arguments, others)) {
    return 2;
  }
  const Totals totals = arguments.json ? print_json(reports, stdout) : print_text(reports, stdout);
  if (totals.failed > 0) {
    return 1;
  }
  return totals.unreadable > 0 || totals.passed == 0 ? 2 : 0;
}

}  // namespace
}  // namespace vectors

int run_vectors(int argc, char** argv) {
  const vectors::Arguments arguments = vectors::parse(argc, argv);
  if (arguments.help) {
    std::fputs(vectors::help, stdout);
    return 0;
  }
  if (!arguments.unknown.empty() || arguments.paths.empty()) {
    if (!arguments.unknown.empty()) {
      fmt::print(stderr, "v100 vectors: there is no option {}\n\n", arguments.unknown);
    }
    std::fputs(vectors::help, stderr);
    return 2;
  }
  return vectors::run(arguments);
}

}  // namespace v100
