// HTTP errors as problem documents (RFC 9457), one status per Errc.
#pragma once

#include <string_view>

#include "svc/service.h"

namespace v100 {

inline int http_status(Errc code) noexcept {
  switch (code) {
    case Errc::malformed:
      return 400;
    case Errc::unauthenticated:
      return 401;
    case Errc::forbidden:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return 409;
    case Errc::too_large:
      return 413;
    case Errc::busy:
      return 429;
    case Errc::timed_out:
      return 504;
    case Errc::unavailable:
      return 503;
    case Errc::unsupported:
      return 501;
  }
  return 500;
}

// `error.what` and the names are literals of ours: nothing in them needs escaping.
inline HttpAnswer problem(Error error) {
  const std::string status = std::to_string(http_status(error.code));
  std::string text = R"({"type":"about:blank","title":")";
  text.append(name(error.code)).append(R"(","status":)").append(status);
  text.append(R"(,"detail":")").append(error.what).append("\"}");
  HttpAnswer answer;
  answer.status = http_status(error.code);
  answer.content_type = "application/problem+json";
  answer.headers.emplace_back("Cache-Control", "no-store");
  if (error.code == Errc::busy) {
    answer.headers.emplace_back("Retry-After", "5");
  }
  answer.body = to_buffer(as_bytes(text));
  return answer;
}

}  // namespace v100
