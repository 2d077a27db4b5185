// Answers that own what they say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "wire/http_answer.h"

namespace v100::net {

using wire::AnswerView;
using wire::ExchangeId;
using ConnectionId = std::uint64_t;  // never reused in a process

struct Response {
  int status = 200;
  std::string content_type;  // empty: no body, no field
  std::vector<std::pair<std::string, std::string>> headers;
  Buffer body;
  Bytes static_body;  // instead of `body`; lives as long as the program, and is not copied
  std::string_view lines = {};  // as AnswerView's; literals

  static Response text(int status, std::string_view text);
  // Borrows from this response and from `room`, which it fills.
  AnswerView view(std::vector<wire::HttpHeader>& room) const;
};

}  // namespace v100::net
