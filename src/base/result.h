// Result<T>: what a function returns that can fail for a reason outside this program.
// Callers branch on `code`; `what` is a literal for people, so no input can leak through it.
#pragma once

#include <expected>

namespace v100 {

// Named by what the caller can do about it; svc/gateway maps each to one HTTP status.
enum class Errc : unsigned char {
  malformed,        // 400: the bytes break the format
  unauthenticated,  // 401: no valid proof of who is asking
  forbidden,        // 403: known, but not allowed
  not_found,        // 404
  conflict,         // 409: replay, or a state that excludes the request
  too_large,        // 413: over a limit of base/limits.h
  busy,             // 429: a queue is full or a budget is spent; try later
  timed_out,        // 504
  unavailable,      // 503: a part that is needed is away
  unsupported,      // 501: well-formed, but nothing we do
};

// The code's name as it stands in logs, metrics and JSON errors.
const char* name(Errc code) noexcept;

struct Error {
  Errc code;
  const char* what;  // a string literal; never built from input
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, const char* what) noexcept {
  return std::unexpected<Error>(Error{code, what});
}

}  // namespace v100

// TRY(expression): the value of a Result, or return its error from this function. May be nested.
// A statement expression (GNU), which clang and g++ both take; the helpers give each its own name.
#define TRY(expression) TRY_NUMBERED_(expression, __COUNTER__)
#define TRY_NUMBERED_(expression, number) TRY_PASTED_(expression, number)
#define TRY_PASTED_(expression, number) TRY_WITH_(expression, try_result_##number##_)
#define TRY_WITH_(expression, result)                        \
  __extension__({                                            \
    auto result = (expression);                              \
    if (!result) [[unlikely]] {                              \
      return std::unexpected<::v100::Error>(result.error()); \
    }                                                        \
    ::v100::detail::take(result);                            \
  })

namespace v100::detail {

template <class T>
T take(std::expected<T, Error>& result) {
  return static_cast<T&&>(*result);
}
inline void take(std::expected<void, Error>&) {}

}  // namespace v100::detail
