#include "base/cpu.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

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
  return Isa::portable;
#elif defined(__aarch64__)
#if defined(__linux__)
  constexpr unsigned long sha3 = 1UL << 17;  // HWCAP_SHA3
  if ((getauxval(AT_HWCAP) & sha3) != 0) {
    return Isa::neon_sha3;
  }
#endif
  return Isa::neon;
#else
  return Isa::portable;
#endif
}

void print_usable() noexcept {
  for (const Isa isa : every_isa) {
    if (cpu_has(isa)) {
      std::fprintf(stderr, " %s", name(isa));
    }
  }
}

Isa choose() noexcept {
  const char* forced = std::getenv("V100_KERNEL");
  if (forced == nullptr || *forced == 0) {
    return detect();
  }
  for (const Isa isa : every_isa) {
    if (std::strcmp(forced, name(isa)) == 0 && cpu_has(isa)) {
      return isa;
    }
  }
  std::fprintf(stderr,
               "V100_KERNEL=%s: not known or not supported here; this machine has:", forced);
  print_usable();
  std::fputc('\n', stderr);
  std::abort();
}

}  // namespace

Isa cpu_isa() noexcept {
  static const Isa isa = choose();
  return isa;
}

bool cpu_has(Isa isa) noexcept {
  static const Isa best = detect();
  const bool same_kind = (isa >= Isa::neon) == (best >= Isa::neon);
  return isa == Isa::portable || (same_kind && isa <= best);
}

const char* name(Isa isa) noexcept {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
    case Isa::neon_sha3:
      return "neon-sha3";
  }
  return "unknown";
}

}  // namespace v100
