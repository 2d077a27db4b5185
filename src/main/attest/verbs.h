// What the words of `v100 attest` share. Not a front door.
#pragma once

#include "main/attest/source.h"

namespace v100::attest_tool {

void add_fetch_options(CommandLine& line, FetchOptions& options);
int run_witness_verb(int argc, char** argv);
int run_monitor_verb(int argc, char** argv);

}  // namespace v100::attest_tool
