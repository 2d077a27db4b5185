// Timing: thread CPU time in short runs, each between two readings of the core clock (a dependent
// multiply chain, 3 cycles a step), so that a busy or clock-changing machine shows as spread.
#include "main/bench.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fmt/core.h>

#include "main/bench_pipeline.h"
#include "main/cli.h"
#include "main/verbs.h"

namespace v100 {
namespace {

constexpr int runs = 25;
constexpr double run_ns = 2e6;        // long against the timer, short against a time slice
constexpr int chain_steps = 20000;    // about 15 µs of multiplies
constexpr int cycles_a_multiply = 3;  // 64-bit imul latency, Intel since Nehalem, AMD since Zen

double cpu_ns(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double core_ghz() {
  std::uint64_t x = 0x9E3779B97F4A7C15u;
  const double begin = cpu_ns();
  for (int i = 0; i < chain_steps; ++i) {
    x *= 0xBF58476D1CE4E5B9u;
    __asm__ volatile("" : "+r"(x));
  }
  return chain_steps * cycles_a_multiply / (cpu_ns() - begin);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void print_text(const BenchRow& row, const BenchResult& r) {
  fmt::print("{:<38} {:>10.3f} us  [{:.3f} .. {:.3f}]  {:>12.0f} /s  {:>10.0f} cycles  {:<9} x{}\n",
             row.name, r.us, r.us_min, r.us_max, 1e6 / r.us, r.cycles, row.kernel, row.batch);
}

void print_json(const BenchRow& row, const BenchResult& r) {
  fmt::print(
      "{{\"name\":\"{}\",\"us\":{:.4f},\"us_min\":{:.4f},\"us_max\":{:.4f},\"ops_per_s\":{:.0f},"
      "\"cycles\":{:.0f},\"kernel\":\"{}\",\"batch\":{},\"runs\":{}}}\n",
      row.name, r.us, r.us_min, r.us_max, 1e6 / r.us, r.cycles, row.kernel, row.batch, r.runs);
}

}  // namespace

BenchResult measure(const BenchRow& row) {
  const clockid_t clock = row.on_the_clock ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  row.run();
  double begin = cpu_ns(clock);
  row.run();
  const double once = std::max(cpu_ns(clock) - begin, 20.0);
  const int calls = static_cast<int>(std::max(1.0, run_ns / once));
  std::vector<double> us;
  std::vector<double> cycles;
  for (int run = 0; run < runs; ++run) {
    const double ghz_before = core_ghz();
    begin = cpu_ns(clock);
    for (int i = 0; i < calls; ++i) {
      row.run();
    }
    const double ns = (cpu_ns(clock) - begin) / calls / static_cast<double>(row.batch);
    us.push_back(ns / 1000);
    cycles.push_back(ns * (ghz_before + core_ghz()) / 2);
  }
  const auto [least, most] = std::minmax_element(us.begin(), us.end());
  return {
      .us = median(us), .us_min = *least, .us_max = *most, .cycles = median(cycles), .runs = runs};
}

int run_bench(int argc, char** argv) {
  CommandLine line("Measures this machine: medians of 25 runs of 2 ms, one core.", "v100 bench");
  std::string filter;
  std::string kernel;
  bool json = false;
  line.option("filter", filter, "only rows whose name contains this");
  line.option("--kernel", kernel, "by these kernels instead of this machine's best")
      .one_of({"portable", "avx2", "avx512", "neon"});
  line.flag("--json", json, "one JSON object a line");
  if (const auto ended = line.parse(argc, argv)) {
    return *ended;
  }

  if (!kernel.empty()) {  // modules choose when they are first used: from here on
    setenv("V100_KERNEL", kernel.c_str(), 1);
  }
  std::vector<BenchRow> rows;
  add_crypto_rows(rows);
  add_mlkem_rows(rows);
  add_attest_rows(rows);
  add_engine_rows(rows);
  add_proof_rows(rows);
  add_parallel_rows(rows);
  add_rtc_rows(rows);
  int shown = 0;
  for (const BenchRow& row : rows) {
    if (row.name.find(filter) == std::string::npos) {
      continue;
    }
    const BenchResult result = measure(row);
    (json ? print_json : print_text)(row, result);
    std::fflush(stdout);
    ++shown;
  }
  if (filter == "engine") {  // the stages, and then all of them together
    return report_pipeline(json);
  }
  if (shown == 0) {
    fmt::print(stderr, "v100 bench: no row contains \"{}\"\n", filter);
  }
  return shown > 0 ? 0 : 2;
}

}  // namespace v100
