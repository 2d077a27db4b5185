// sim --seed N: one simulation with its trace. sim --seeds COUNT [--from N]: many, silent but for
// faults; without --from from a fresh place. sim --same N: runs N twice and compares the traces.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

#include "scenario.h"

namespace v100::sim {
namespace {

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return hash;
}

Report run(std::uint64_t seed) { return Scenario(seed).run(); }

int one(std::uint64_t seed) {
  const Report report = run(seed);
  std::printf("%s", report.trace.c_str());
  std::printf("seed %llu: %zu members, %llu signatures, trace %016llx: %s\n",
              static_cast<unsigned long long>(seed), report.members,
              static_cast<unsigned long long>(report.frames),
              static_cast<unsigned long long>(hash_of(report.trace)),
              report.fault.empty() ? "all held" : report.fault.c_str());
  return report.fault.empty() ? 0 : 1;
}

int many(std::uint64_t from, std::uint64_t count) {
  std::uint64_t frames = 0;
  std::uint64_t faults = 0;
  const std::clock_t begin = std::clock();
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    const Report report = run(seed);
    frames += report.frames;
    if (!report.fault.empty()) {
      ++faults;
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), report.fault.c_str());
      std::fflush(stdout);
    }
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%llu seeds from %llu: %llu with faults; %llu signatures, %.1f s of CPU\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(from),
              static_cast<unsigned long long>(faults), static_cast<unsigned long long>(frames),
              seconds);
  return faults == 0 ? 0 : 1;
}

int same_twice(std::uint64_t seed) {
  const bool same = run(seed).trace == run(seed).trace;
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
              same ? "replays byte for byte" : "differs from run to run");
  return same ? 0 : 1;
}

}  // namespace
}  // namespace v100::sim

int main(int argc, char** argv) {
  using namespace v100::sim;
  std::uint64_t seeds = 0;
  std::uint64_t from = std::random_device{}();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seed") {
      return one(value);
    }
    if (option == "--same") {
      return same_twice(value);
    }
    if (option == "--seeds") {
      seeds = value;
    } else if (option == "--from") {
      from = value;
    }
  }
  if (seeds == 0) {
    std::printf("usage: sim --seed N | --same N | --seeds COUNT [--from N]\n");
    return 2;
  }
  return many(from, seeds);
}
