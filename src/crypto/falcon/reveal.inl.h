// What a kernel lets the constant-time checker treat as public: which candidate of a sample was
// accepted, and so how many were rejected. Rejection depends on the candidates alone and not on the
// key (Falcon §3.9.3: the rate is the same for all centres and all sigmas). No symbols here.
#pragma once

#if defined(V100_CT_CHECK)
#include <valgrind/memcheck.h>
#endif

namespace v100::falcon {
namespace {

inline std::uint32_t revealed(std::uint32_t value) {
#if defined(V100_CT_CHECK)
  VALGRIND_MAKE_MEM_DEFINED(&value, sizeof value);
#endif
  return value;
}

}  // namespace
}  // namespace v100::falcon
