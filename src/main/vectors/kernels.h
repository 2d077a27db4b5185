// The same work on every kernel: a process runs one kernel, so each further one is a child process
// of this program with V100_KERNEL set.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace v100::vectors {

// The kernels that this machine has, or the one that V100_KERNEL names.
std::vector<std::string> kernels();

// Runs this program with `arguments` under one kernel; its standard output. unavailable: it could
// not be started or died.
Result<std::string> run_under(const std::string& kernel, const std::vector<std::string>& arguments);

}  // namespace v100::vectors
