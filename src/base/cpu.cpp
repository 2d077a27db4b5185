#include "base/cpu.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace v100 {
namespace {

Isa detect() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
      __builtin_cpu_supports("avx512ifma")) {
    return Isa::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
    return Isa::avx2;
  }
#endif
  return Isa::portable;
}

Isa choose() noexcept {
  const Isa best = detect();
  const char* forced = std::getenv("V100_KERNEL");
  if (forced == nullptr || *forced == 0) {
    return best;
  }
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (std::strcmp(forced, name(isa)) == 0 && isa <= best) {
      return isa;
    }
  }
  std::fprintf(stderr,
               "V100_KERNEL=%s: not known or not supported here; use portable, avx2 or avx512 "
               "(this machine: up to %s)\n",
               forced, name(best));
  std::abort();
}

}  // namespace

Isa cpu_isa() noexcept {
  static const Isa isa = choose();
  return isa;
}

const char* name(Isa isa) noexcept {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "unknown";
}

}  // namespace v100
