#include "net/answer.h"

namespace v100::net {

Response Response::text(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = to_buffer(as_bytes(text));
  return response;
}

AnswerView Response::view(std::vector<wire::HttpHeader>& room) const {
  room.clear();
  for (const auto& [name, value] : headers) {
    room.push_back({name, value});
  }
  return {.status = status,
          .content_type = content_type,
          .headers = room,
          .lines = lines,
          .body = static_body.empty() ? Bytes(body) : static_body,
          .body_is_forever = !static_body.empty()};
}

}  // namespace v100::net
