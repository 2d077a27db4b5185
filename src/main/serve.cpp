// `v100 serve`: reads the settings, starts the platform, greets, and runs until a signal ends it.
#include <cstdio>

#include "main/config.h"
#include "main/platform.h"
#include "main/services.h"
#include "main/verbs.h"

namespace v100 {

int run_serve(int argc, char** argv) {
  const auto loaded = load_config(argc, argv);
  if (!loaded) {
    std::fprintf(stderr, "v100 serve: %s\n", loaded.error().c_str());
    return 2;
  }
  if (!loaded->help.empty()) {
    std::fputs(loaded->help.c_str(), stdout);
    return 0;
  }
  auto platform = Platform::start(loaded->config, service_table());
  if (!platform) {
    std::fprintf(stderr, "v100 serve: %s\n", platform.error().c_str());
    return 2;
  }
  std::fputs((*platform)->greeting().c_str(), stdout);
  std::fflush(stdout);
  return (*platform)->run();
}

}  // namespace v100
