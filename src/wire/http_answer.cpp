// Heads of HTTP/1.1 answers, written in one piece.
#include "wire/http_answer.h"

#include <array>
#include <charconv>
#include <cstring>

namespace v100::wire {
namespace {

// A value without control characters, so that none can start a new line.
std::uint8_t* put_value(std::uint8_t* to, std::string_view value) noexcept {
  for (const char c : value) {
    const std::uint8_t byte = static_cast<std::uint8_t>(c);
    *to++ = byte < 0x20 || byte == 0x7f ? std::uint8_t{' '} : byte;
  }
  return to;
}

std::uint8_t* put(std::uint8_t* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

void append_answer_head(Buffer& out, const AnswerView& answer, const HeadExtras& extras) {
  CHECK(answer.status >= 100 && answer.status <= 599);
  const std::string_view phrase = reason_phrase(answer.status);
  std::size_t most = 160 + phrase.size() + extras.date_line.size() + answer.content_type.size() +
                     answer.lines.size() + extras.kex.size();
  for (const HttpHeader& header : answer.headers) {
    CHECK(!header.name.empty());
    most += header.name.size() + header.value.size() + 4;
  }
  const std::size_t start = out.size();
  out.resize(start + most);
  std::uint8_t* to = out.data() + start;
  to = put(to, "HTTP/1.1 ");
  *to++ = static_cast<std::uint8_t>('0' + answer.status / 100);
  *to++ = static_cast<std::uint8_t>('0' + answer.status / 10 % 10);
  *to++ = static_cast<std::uint8_t>('0' + answer.status % 10);
  *to++ = ' ';
  to = put(put(put(to, phrase), "\r\n"), extras.date_line);
  if (!answer.content_type.empty()) {
    to = put(put_value(put(to, "Content-Type: "), answer.content_type), "\r\n");
  }
  if (!is_bodiless(answer.status)) {
    to = put(to, "Content-Length: ");
    std::array<char, 20> digits;
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), answer.body.size());
    to = put(to, {digits.data(), static_cast<std::size_t>(end - digits.data())});
    to = put(to, "\r\n");
  }
  for (const HttpHeader& header : answer.headers) {
    to = put(put_value(put(put(to, header.name), ": "), header.value), "\r\n");
  }
  to = put(to, answer.lines);
  to = put(put(put(to, "X-V100-Kex: "), extras.kex), "\r\n");
  if (!extras.keep_alive) {
    to = put(to, "Connection: close\r\n");
  }
  to = put(to, "\r\n");
  out.resize(static_cast<std::size_t>(to - out.data()));
}

}  // namespace v100::wire
