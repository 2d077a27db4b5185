// The readers of SLH-DSA's text formats.
#pragma once

#include <string_view>
#include <vector>

#include "main/vectors/vectors.h"

namespace v100::vectors {

struct Line {
  std::string_view name;
  std::string_view value;
};
// The lines between two blank ones, in order; names may come again. Comments are left out.
std::vector<std::vector<Line>> split_lines(std::string_view content, char separator);

bool is_slhdsa_text(std::string_view content);
void run_slhdsa_text(std::string_view content, Tally& tally);

}  // namespace v100::vectors
