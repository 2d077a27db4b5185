#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace v100 {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace v100
