// The load generators behind `v100 load`.
#pragma once

namespace v100::load {

// argv[0] is the generator's own name. Return exit codes as verbs do.
int run_load_call(int argc, char** argv);
int run_load_http(int argc, char** argv);

}  // namespace v100::load
