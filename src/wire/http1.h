// HTTP/1.1 requests (RFC 9112) over one contiguous buffer: pipelining, chunked bodies, and no
// second reading of anything that two parsers could read differently (request smuggling).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

namespace v100::wire {

struct HttpHeader {
  std::string_view name;   // as sent
  std::string_view value;  // without the white space around it
};

// Fields that somebody here asks for: found once while the head is read, looked up by number.
enum class HttpField : std::uint8_t {
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  upgrade,
  content_type,
  content_digest,
  content_encoding,
  signature,
  signature_input,
  accept,
  accept_encoding,
  authorization,
  if_none_match,
  origin,
  traceparent,
  idempotency_key,
  request_id,
  other,  // none of these
};
inline constexpr std::size_t http_known_fields = static_cast<std::size_t>(HttpField::other);
// Any case.
HttpField known_field(std::string_view name) noexcept;

// The text views lie in the reader's buffer and stay right until its next space() or shrink(), so
// that pipelined requests can be in hand together; `headers` only until its next next().
struct HttpRequest {
  std::string_view method;
  std::string_view target;     // as sent
  std::string_view path;       // starts with '/', still percent-encoded; "*" for OPTIONS *
  std::string_view query;      // what follows '?', or empty
  std::string_view authority;  // the Host field, or the absolute form's host, which wins
  std::span<const HttpHeader> headers;
  Bytes body;
  int minor_version = 1;
  bool keep_alive = true;
  bool expects_continue = false;

  // Where the first field of each known name is in `headers`, plus one; 0: absent.
  std::array<std::uint8_t, http_known_fields> known{};

  // The first field of that name (any case), or an empty view.
  std::string_view header(std::string_view name) const noexcept;
  std::string_view header(HttpField field) const noexcept {
    const std::uint8_t at = known[static_cast<std::size_t>(field)];
    return at == 0 ? std::string_view() : headers[at - 1u].value;
  }
  bool has(HttpField field) const noexcept { return known[static_cast<std::size_t>(field)] != 0; }
};

enum class HttpProgress : unsigned char {
  need_more,  // give it more bytes
  head,       // the head is read, the client waits for "100 Continue" before it sends the body
  request,    // request() is complete
};

struct HttpLimits {
  std::size_t head_bytes = limits::http_header_bytes;
  std::size_t headers = limits::http_headers;
  std::size_t body_bytes = limits::http_body_bytes;
};

// One connection's requests, one after another. The owner alternates: next() until need_more, then
// bytes into space(), told by filled(). Holds at most head_bytes + body_bytes + one read. After an
// error the connection cannot go on: answer refusal_status() and close.
class Http1Reader {
 public:
  explicit Http1Reader(HttpLimits limits = {});

  MutBytes space();                // at least 4 KiB of room; invalidates all requests handed out
  void filled(std::size_t bytes);  // that many of them were written
  Result<HttpProgress> next();     // request() is another one then
  void shrink();                   // gives the buffer back when it is empty; for idle connections
  const HttpRequest& request() const noexcept { return request_; }
  int refusal_status() const noexcept { return status_; }
  bool idle() const noexcept;  // between requests, and no byte of the next one is here
  // After an upgrade: what came behind the request. The reader is done then.
  Bytes rest() const noexcept { return {buffer_.get() + at_, end_ - at_}; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  enum class State : unsigned char {
    request_line,
    fields,
    body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    done
  };
  struct Range {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct FieldRange {
    Range name, value;
    HttpField known = HttpField::other;
  };

  Result<bool> step();
  Result<bool> take_line(Range& line, std::size_t limit, int status);
  Result<void> read_request_line(Range line);
  Result<void> read_field(Range line);
  Result<void> note_field(HttpField field, std::string_view value);
  Result<void> note_framing(HttpField field, std::string_view value);
  Result<void> finish_head();
  Result<void> read_chunk_size(Range line);
  bool take_body();
  void publish();
  void restart();
  void close_gaps();
  void grow();
  std::unexpected<Error> refuse(int status, Errc code, const char* what) noexcept;
  std::string_view text(Range range) const noexcept;

  HttpLimits limits_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  bool was_full_ = false;  // the last read left no room: the next buffer is larger
  std::size_t start_ = 0;  // of the current message
  std::size_t at_ = 0;     // first byte not yet parsed
  std::size_t scan_ = 0;   // where the search for a line's end goes on
  std::size_t end_ = 0;    // of what was read
  State state_ = State::request_line;
  bool failed_ = false;
  int status_ = 400;

  Range method_, target_;
  std::vector<FieldRange> fields_;
  std::vector<HttpHeader> headers_;
  HttpRequest request_;
  Range host_;
  std::uint64_t body_left_ = 0;  // of the body, or of the current chunk
  std::size_t body_at_ = 0;
  std::size_t body_size_ = 0;
  bool has_host_ = false, has_length_ = false, chunked_ = false;
  bool close_ = false, keep_ = false, told_head_ = false, skipped_line_ = false;
};

// Whether every character may stand in a request's target, as this reader takes them.
bool is_request_target(std::string_view text) noexcept;
// ASCII case only, as field names and tokens compare.
bool same_token(std::string_view a, std::string_view b) noexcept;
// Whether a comma-separated list such as Connection holds the token.
bool list_has(std::string_view list, std::string_view token) noexcept;

const char* reason_phrase(int status) noexcept;
// Status line, fields and the empty line. Control characters in a value become spaces, so no value
// can start a new line.
void append_response_head(Buffer& out, int status, std::span<const HttpHeader> headers);

}  // namespace v100::wire
