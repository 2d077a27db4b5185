// CHECK: for our own bugs only. On in every build; prints place and condition, then aborts.
#pragma once

namespace v100 {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace v100

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) [[unlikely]] {                        \
      ::v100::check_failed(#condition, __FILE__, __LINE__); \
    }                                                       \
  } while (false)
