#include "wire/http1.h"

#include <algorithm>
#include <cstring>

#include "wire/http1_text.h"

namespace v100::wire {
namespace {

constexpr std::size_t read_bytes_min = 4096;
constexpr std::size_t first_buffer_bytes = 16 * 1024;
// Sixteen signed requests with their bodies, read at once, take 75 KiB. A buffer that grew larger,
// for one large body, is given back once it is empty again.
constexpr std::size_t kept_bytes_max = 128 * 1024;
// A chunk's size line with its extensions, which we read past.
constexpr std::size_t chunk_line_bytes = 256;

}  // namespace

Http1Reader::Http1Reader(HttpLimits limits) : limits_(limits) {
  CHECK(limits.headers < 255);  // HttpRequest::known counts them in a byte
}

std::unexpected<Error> Http1Reader::refuse(int status, Errc code, const char* what) noexcept {
  failed_ = true;
  status_ = status;
  return fail(code, what);
}

std::string_view Http1Reader::text(Range range) const noexcept {
  return as_text({buffer_.get() + start_ + range.at, range.size});
}

bool Http1Reader::idle() const noexcept {
  return (state_ == State::done || (state_ == State::request_line && !skipped_line_)) &&
         at_ == end_;
}

MutBytes Http1Reader::space() {
  close_gaps();
  if (capacity_ - end_ < read_bytes_min || was_full_) {
    grow();
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

// Moves what is still needed to the buffer's start.
void Http1Reader::close_gaps() {
  // A chunked body leaves its size lines as a gap behind the decoded bytes.
  const bool chunking = chunked_ && state_ > State::fields && state_ != State::done;
  const std::size_t keep_to = chunking ? body_at_ + body_size_ : at_;
  if (chunking && keep_to < at_) {
    std::memmove(buffer_.get() + keep_to, buffer_.get() + at_, end_ - at_);
    end_ -= at_ - keep_to;
    scan_ -= at_ - keep_to;
    at_ = keep_to;
  }
  if (state_ == State::done) {
    restart();  // the finished one is not needed any more
  }
  // What came of the next request is mostly a piece: cheap to move, and then the whole room is
  // free.
  if (start_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + start_, end_ - start_);
    end_ -= start_;
    at_ -= start_;
    scan_ -= start_;
    body_at_ -= std::min(body_at_, start_);
    start_ = 0;
  }
}

void Http1Reader::grow() {
  std::size_t wanted = std::max(capacity_, first_buffer_bytes);
  if (was_full_ && capacity_ < kept_bytes_max) {
    wanted = std::min(kept_bytes_max, wanted * 2);
  }
  was_full_ = false;
  while (wanted - end_ < read_bytes_min) {
    wanted *= 2;
  }
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
    if (end_ > 0) {
      std::memcpy(larger.get(), buffer_.get(), end_);
    }
    buffer_ = std::move(larger);
    capacity_ = wanted;
  }
}

void Http1Reader::filled(std::size_t bytes) {
  CHECK(bytes <= capacity_ - end_);
  end_ += bytes;
  was_full_ = end_ == capacity_;
}

void Http1Reader::shrink() {
  if (idle()) {
    restart();
    buffer_.reset();
    capacity_ = 0;
  }
}

void Http1Reader::restart() {
  start_ = at_;
  scan_ = at_;
  if (start_ == end_) {
    start_ = at_ = scan_ = end_ = 0;
  }
  state_ = State::request_line;
  fields_.clear();
  request_ = HttpRequest{};
  has_host_ = has_length_ = chunked_ = close_ = keep_ = told_head_ = skipped_line_ = false;
  body_left_ = 0;
  body_size_ = 0;
}

Result<HttpProgress> Http1Reader::next() {
  if (failed_) {
    return fail(Errc::malformed, "http: the connection already failed");
  }
  if (state_ == State::done) {
    restart();
  }
  while (state_ != State::done) {
    if (!TRY(step())) {
      const bool waits = state_ == State::body || state_ == State::chunk_size;
      if (waits && request_.expects_continue && !told_head_ && at_ == end_) {
        told_head_ = true;
        return HttpProgress::head;
      }
      return HttpProgress::need_more;
    }
  }
  publish();
  return HttpProgress::request;
}

// One line or one piece of body. False: more bytes are needed.
Result<bool> Http1Reader::step() {
  Range line;
  switch (state_) {
    case State::request_line:
      if (!TRY(take_line(line, limits_.head_bytes, 431))) {
        return false;
      }
      // RFC 9112 §2.2: one empty line before the request line is ignored.
      if (line.size == 0 && !skipped_line_) {
        skipped_line_ = true;
        start_ = at_;
        return true;
      }
      TRY(read_request_line(line));
      state_ = State::fields;
      return true;
    case State::fields:
      if (!TRY(take_line(line, limits_.head_bytes, 431))) {
        return false;
      }
      if (line.size == 0) {
        TRY(finish_head());
      } else {
        TRY(read_field(line));
      }
      return true;
    case State::body:
    case State::chunk_data:
      return take_body();
    case State::chunk_size:
      if (!TRY(take_line(line, at_ - start_ + chunk_line_bytes, 400))) {
        return false;
      }
      TRY(read_chunk_size(line));
      return true;
    case State::chunk_end:
      if (!TRY(take_line(line, at_ - start_ + chunk_line_bytes, 400))) {
        return false;
      }
      if (line.size != 0) {
        return refuse(400, Errc::malformed, "http: chunk longer than its size");
      }
      state_ = State::chunk_size;
      return true;
    case State::trailers:
      if (!TRY(take_line(line, at_ - start_ + limits_.head_bytes, 431))) {
        return false;
      }
      if (line.size == 0) {
        state_ = State::done;
        return true;
      }
      // Checked like any field, then dropped: nothing of ours reads trailers.
      TRY(read_field(line));
      return true;
    case State::done:
      break;
  }
  return true;
}

// The next line without its CRLF. `limit` counts from the message's start. RFC 9112 §2.2 allows a
// recipient to take a lone LF; we refuse it, as a front server might not.
Result<bool> Http1Reader::take_line(Range& line, std::size_t limit, int status) {
  const std::uint8_t* from = buffer_.get() + scan_;
  const void* found = end_ > scan_ ? std::memchr(from, '\n', end_ - scan_) : nullptr;
  const std::size_t line_end =
      found != nullptr
          ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - buffer_.get())
          : end_;
  if (line_end - start_ > limit) {
    return refuse(status, Errc::too_large, "http: head or line over the limit");
  }
  scan_ = line_end;
  if (found == nullptr) {
    return false;
  }
  if (line_end == at_ || buffer_[line_end - 1] != '\r') {
    return refuse(400, Errc::malformed, "http: line ends in LF without CR");
  }
  line.at = static_cast<std::uint32_t>(at_ - start_);
  line.size = static_cast<std::uint32_t>(line_end - 1 - at_);
  at_ = scan_ = line_end + 1;
  return true;
}

Result<void> Http1Reader::read_request_line(Range line) {
  const std::string_view all = text(line);
  const std::size_t first = all.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : all.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return refuse(400, Errc::malformed, "http: request line without three parts");
  }
  const std::string_view method = all.substr(0, first);
  const std::string_view target = all.substr(first + 1, second - first - 1);
  const std::string_view protocol = all.substr(second + 1);
  if (method.empty() || !all_of_kind(method, is_token)) {
    return refuse(400, Errc::malformed, "http: method is not a token");
  }
  if (target.empty() || !all_of_kind(target, is_target)) {
    return refuse(400, Errc::malformed, "http: character not allowed in the target");
  }
  if (protocol.size() != 8 || !protocol.starts_with("HTTP/") || protocol[6] != '.') {
    return refuse(400, Errc::malformed, "http: no protocol version");
  }
  if (protocol != "HTTP/1.1" && protocol != "HTTP/1.0") {
    return refuse(505, Errc::unsupported, "http: only versions 1.0 and 1.1 are spoken here");
  }
  request_.minor_version = protocol[7] - '0';
  method_ = {line.at, static_cast<std::uint32_t>(method.size())};
  target_ = {static_cast<std::uint32_t>(line.at + first + 1),
             static_cast<std::uint32_t>(target.size())};
  if (target.front() != '/' && !(target == "*" && method == "OPTIONS") &&
      !target.starts_with("http://") && !target.starts_with("https://")) {
    return refuse(method == "CONNECT" ? 501 : 400, Errc::malformed, "http: unknown form of target");
  }
  return {};
}

Result<void> Http1Reader::read_field(Range line) {
  const std::string_view all = text(line);
  const std::size_t colon = all.find(':');
  // A line that starts with white space is RFC 9112 §5.2's obsolete folding: no token, refused
  // here.
  if (colon == std::string_view::npos || colon == 0 ||
      !all_of_kind(all.substr(0, colon), is_token)) {
    return refuse(400, Errc::malformed, "http: field line without a name");
  }
  const std::string_view value = trim(all.substr(colon + 1));
  if (!is_field_value(value)) {
    return refuse(400, Errc::malformed, "http: control character in a field");
  }
  if (fields_.size() == limits_.headers) {
    return refuse(431, Errc::too_large, "http: too many fields");
  }
  const Range name_range{line.at, static_cast<std::uint32_t>(colon)};
  const Range value_range{
      value.empty() ? line.at : line.at + static_cast<std::uint32_t>(value.data() - all.data()),
      static_cast<std::uint32_t>(value.size())};
  if (state_ == State::trailers) {
    // Framing fields have no meaning in a trailer (RFC 9110 §6.5.1); they count, and are dropped.
    fields_.push_back({});
    return {};
  }
  const HttpField field = known_field(all.substr(0, colon));
  fields_.push_back({name_range, value_range, field});
  return note_field(field, value);
}

// What the reader itself must know of a field.
Result<void> Http1Reader::note_field(HttpField field, std::string_view value) {
  if (field == HttpField::host) {
    if (has_host_) {
      return refuse(400, Errc::malformed, "http: two Host fields");
    }
    if (!value.empty() && !all_of_kind(value, is_host)) {
      return refuse(400, Errc::malformed, "http: a Host that is none");
    }
    has_host_ = true;
    host_ = fields_.back().value;
  } else if (field == HttpField::connection) {
    close_ = close_ || list_has(value, "close");
    keep_ = keep_ || list_has(value, "keep-alive");
  } else if (field == HttpField::expect) {
    if (!same_token(value, "100-continue")) {
      return refuse(417, Errc::unsupported, "http: unknown expectation");
    }
    request_.expects_continue = request_.minor_version == 1;
  }
  return note_framing(field, value);
}

// RFC 9112 §6.3: one length only. Repeats, lists and every coding but a single "chunked" are
// refused.
Result<void> Http1Reader::note_framing(HttpField field, std::string_view value) {
  if (field == HttpField::content_length) {
    if (has_length_ || value.empty()) {
      return refuse(400, Errc::malformed, "http: Content-Length repeated or empty");
    }
    has_length_ = true;
    for (const char c : value) {
      if (c < '0' || c > '9') {
        return refuse(400, Errc::malformed, "http: Content-Length is not a number");
      }
      body_left_ = body_left_ * 10 + static_cast<unsigned>(c - '0');
      if (body_left_ > limits_.body_bytes) {
        return refuse(413, Errc::too_large, "http: body over the limit");
      }
    }
  } else if (field == HttpField::transfer_encoding) {
    if (chunked_ || !same_token(value, "chunked") || request_.minor_version == 0) {
      return refuse(request_.minor_version == 0 ? 400 : 501, Errc::malformed,
                    "http: transfer coding other than one \"chunked\"");
    }
    chunked_ = true;
  }
  return {};
}

Result<void> Http1Reader::finish_head() {
  if (chunked_ && has_length_) {
    return refuse(400, Errc::malformed, "http: both Content-Length and Transfer-Encoding");
  }
  if (!has_host_ && request_.minor_version == 1) {
    return refuse(400, Errc::malformed, "http: no Host field");
  }
  request_.keep_alive = request_.minor_version == 1 ? !close_ : keep_ && !close_;
  body_at_ = at_;
  body_size_ = 0;
  state_ = chunked_ ? State::chunk_size : State::body;
  return {};
}

Result<void> Http1Reader::read_chunk_size(Range line) {
  const std::string_view all = text(line);
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < all.size() && digits <= 8; ++digits) {
    const char c = lower(all[digits]);
    if (c >= '0' && c <= '9') {
      size = size * 16 + static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      size = size * 16 + static_cast<unsigned>(c - 'a' + 10);
    } else {
      break;
    }
  }
  const std::string_view extension = trim(all.substr(digits));
  if (digits == 0 || digits > 8 || (!extension.empty() && extension.front() != ';') ||
      (!extension.empty() && !all_of_kind(extension, is_value))) {
    return refuse(400, Errc::malformed, "http: chunk size line");
  }
  if (size > limits_.body_bytes - body_size_) {
    return refuse(413, Errc::too_large, "http: body over the limit");
  }
  body_left_ = size;
  state_ = size == 0 ? State::trailers : State::chunk_data;
  return {};
}

// Moves what is here of the body or chunk to the end of the decoded body. True: it is complete.
bool Http1Reader::take_body() {
  const std::size_t take = std::min<std::size_t>(static_cast<std::size_t>(body_left_), end_ - at_);
  std::uint8_t* to = buffer_.get() + body_at_ + body_size_;
  if (take > 0 && to != buffer_.get() + at_) {
    std::memmove(to, buffer_.get() + at_, take);
  }
  body_size_ += take;
  body_left_ -= take;
  at_ += take;
  scan_ = at_;
  if (body_left_ > 0) {
    return false;
  }
  state_ = state_ == State::body ? State::done : State::chunk_end;
  return true;
}

// Offsets become views, now that the buffer no longer moves.
void Http1Reader::publish() {
  headers_.clear();
  for (const FieldRange& field : fields_) {
    if (field.name.size > 0) {
      headers_.push_back({text(field.name), text(field.value)});
      std::uint8_t* at = field.known == HttpField::other
                             ? nullptr
                             : &request_.known[static_cast<std::size_t>(field.known)];
      if (at != nullptr && *at == 0) {
        *at = static_cast<std::uint8_t>(headers_.size());
      }
    }
  }
  request_.headers = headers_;
  request_.method = text(method_);
  request_.target = text(target_);
  request_.authority = has_host_ ? text(host_) : std::string_view();
  std::string_view path = request_.target;
  const std::size_t scheme = path.front() == '/' ? std::string_view::npos : path.find("://");
  if (scheme != std::string_view::npos) {
    path.remove_prefix(scheme + 3);
    const std::size_t slash = std::min(path.find_first_of("/?"), path.size());
    request_.authority = path.substr(0, slash);
    path.remove_prefix(slash);
  }
  const std::size_t mark = path.find('?');
  request_.query = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
  request_.path = path.substr(0, mark);
  if (request_.path.empty()) {
    request_.path = "/";
  }
  request_.body = {buffer_.get() + body_at_, body_size_};
}

}  // namespace v100::wire
