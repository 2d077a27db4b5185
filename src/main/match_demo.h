// `v100 match demo`: synthetic people, their genuine and impostor pairs decided under encryption
// and in the clear, side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "svc/match/vector.h"

namespace v100 {

struct DemoOptions {
  std::uint32_t people = 10000;
  std::uint32_t impostors = 10;  // pairs a person
  std::uint32_t searches = 20;   // 1:N identifications
  std::uint64_t seed = 1;
  double threshold = 0.40;
  bool encrypted_templates = false;
  std::string plot;  // an SVG file, or none
  bool json = false;
};

// 0: every decision outside the band is the one made in the clear; 1: not so; 2: could not.
int run_match_demo(const DemoOptions& options);

// One row of a demonstration's result.
struct ErrorRates {
  double threshold;
  std::uint64_t false_accepts = 0, false_accepts_clear = 0, impostors = 0;
  std::uint64_t false_rejects = 0, false_rejects_clear = 0, genuine = 0;
};
std::string error_rate_plot(const std::vector<ErrorRates>& rows, const std::vector<double>& genuine,
                            const std::vector<double>& impostor);

}  // namespace v100
