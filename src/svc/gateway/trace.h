// W3C Trace Context: reading traceparent, and the next span's.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"
#include "base/world.h"

namespace v100::gateway {

// Level 1, §3.2: "00-" 32 hex "-" 16 hex "-" 2 hex, in lower case, ids not all zeros.
inline bool is_traceparent(std::string_view text) noexcept {
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') {
    return false;
  }
  bool trace = false, span = false;
  for (std::size_t i = 3; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 35 || i == 52) {
      continue;
    }
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
      return false;
    }
    trace = trace || (i < 35 && c != '0');
    span = span || (i > 35 && i < 52 && c != '0');
  }
  return trace && span;
}

// The caller's trace with a span of ours; empty where there is none to go on from.
inline std::string next_span(std::string_view traceparent, Random& random) {
  if (!is_traceparent(traceparent)) {
    return {};
  }
  ByteArray<8> span;
  random.fill(span);
  span[0] |= 1;  // not all zeros
  std::string out(traceparent.substr(0, 36));
  out.append(to_hex(span)).append(traceparent.substr(52));
  return out;
}

}  // namespace v100::gateway
