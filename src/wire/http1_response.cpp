// The response half of HTTP/1.1: status lines and heads.
#include "wire/http1.h"

namespace v100::wire {

const char* reason_phrase(int status) noexcept {
  struct Phrase {
    int status;
    const char* text;
  };
  static constexpr Phrase phrases[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  for (const Phrase& phrase : phrases) {
    if (phrase.status == status) {
      return phrase.text;
    }
  }
  return "Status";
}

void append_response_head(Buffer& out, int status, std::span<const HttpHeader> headers) {
  CHECK(status >= 100 && status <= 599);
  const auto put = [&out](std::string_view text) { append(out, as_bytes(text)); };
  const char digits[] = {static_cast<char>('0' + status / 100),
                         static_cast<char>('0' + status / 10 % 10),
                         static_cast<char>('0' + status % 10)};
  put("HTTP/1.1 ");
  put({digits, sizeof digits});
  put(" ");
  put(reason_phrase(status));
  put("\r\n");
  for (const HttpHeader& header : headers) {
    CHECK(!header.name.empty());
    put(header.name);
    put(": ");
    for (const char c : header.value) {
      const std::uint8_t byte = static_cast<std::uint8_t>(c);
      out.push_back(byte < 0x20 || byte == 0x7f ? std::uint8_t{' '} : byte);
    }
    put("\r\n");
  }
  put("\r\n");
}

}  // namespace v100::wire
