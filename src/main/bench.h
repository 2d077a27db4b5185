// `v100 bench`: what this machine does, one row an operation. Rows come from bench_*.cpp.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace v100 {

// One operation to time. `name` is algorithm/operation/variant; one call of `run` does `batch` of
// them. State that the operation needs lives in the closure.
struct BenchRow {
  std::string name;
  const char* kernel;
  std::size_t batch;
  std::function<void()> run;
  bool on_the_clock = false;  // work of several threads: time on the clock, not of one processor
};

// What a row took: figures are for one operation, not for a batch. Cycles are core cycles.
struct BenchResult {
  double us = 0;  // median of `runs`
  double us_min = 0;
  double us_max = 0;
  double cycles = 0;  // median
  int runs = 0;
};

BenchResult measure(const BenchRow& row);

void add_crypto_rows(std::vector<BenchRow>& rows);
void add_mlkem_rows(std::vector<BenchRow>& rows);
void add_attest_rows(std::vector<BenchRow>& rows);
void add_engine_rows(std::vector<BenchRow>& rows);
void add_proof_rows(std::vector<BenchRow>& rows);
void add_parallel_rows(std::vector<BenchRow>& rows);
void add_rtc_rows(std::vector<BenchRow>& rows);

}  // namespace v100
