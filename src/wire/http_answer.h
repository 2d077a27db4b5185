// Answers to HTTP requests as views, for who has what they say already, and their HTTP/1.1 heads.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "wire/http1.h"

namespace v100::wire {

// One request of one connection. HTTP/1.1: counted from 0; HTTP/2: the stream.
struct ExchangeId {
  std::uint64_t connection = 0;  // never reused in a process
  std::uint32_t number = 0;
};

// Borrowed for the call that takes it.
struct AnswerView {
  int status = 200;
  std::string_view content_type = {};        // empty: no field
  std::span<const HttpHeader> headers = {};  // values of any bytes: control characters are blanked
  // Whole lines, each with its CRLF, of fields that are the same for many answers; literals.
  std::string_view lines = {};
  Bytes body = {};
  bool body_is_forever = false;  // it lives as long as the program: not copied
};

// What the connection adds to an answer's head.
struct HeadExtras {
  std::string_view date_line = {};  // with CRLF
  std::string_view kex = {};        // the TLS group, or "none"
  bool keep_alive = true;
};

// The whole head of an HTTP/1.1 answer.
void append_answer_head(Buffer& out, const AnswerView& answer, const HeadExtras& extras);
// Whether an answer of that status has no body and no length (RFC 9110 §6.4.1, §15).
constexpr bool is_bodiless(int status) noexcept { return status == 204 || status == 304; }

}  // namespace v100::wire
