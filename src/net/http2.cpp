#include "net/http2.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nghttp2/nghttp2.h>
#include <string>

#include "base/limits.h"

namespace v100::net {
namespace {

using wire::HttpField;
using wire::HttpHeader;

nghttp2_nv pair(std::string_view name, std::string_view value) noexcept {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

// Fields that HTTP/2 has no place for (RFC 9113 §8.2.2).
bool is_of_connection(std::string_view name) noexcept {
  return wire::same_token(name, "connection") || wire::same_token(name, "keep-alive") ||
         wire::same_token(name, "transfer-encoding") || wire::same_token(name, "upgrade");
}

}  // namespace

struct Http2::Stream {
  struct Field {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  std::int32_t id = 0;
  Buffer text;  // of all fields
  std::vector<Field> fields;
  Buffer body;
  bool told = false, refused = false, head = false;
  Buffer answer;
  Bytes forever;  // the answer's body, instead
  std::size_t sent = 0;
  Bytes left() const noexcept { return (forever.empty() ? Bytes(answer) : forever).subspan(sent); }
};

// Called by libnghttp2; `self` is the session's object.
struct Http2::Callbacks {
  static Http2& self(void* user) noexcept { return *static_cast<Http2*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      Http2& h = self(user);
      auto made = std::make_unique<Stream>();
      made->id = frame->hd.stream_id;
      h.streams_[frame->hd.stream_id] = std::move(made);
      ++h.open_;
    }
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    Http2& h = self(user);
    Stream* s = h.find(frame->hd.stream_id);
    if (s == nullptr || s->refused || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
      return 0;  // trailers are dropped, as on HTTP/1.1
    }
    if (s->fields.size() >= limits::http_headers + 4 ||
        s->text.size() + name_size + value_size > limits::http_header_bytes) {
      h.refuse(*s, 431);
      return 0;
    }
    const auto at = static_cast<std::uint32_t>(s->text.size());
    append(s->text, {name, name_size});
    append(s->text, {value, value_size});
    s->fields.push_back({at, static_cast<std::uint32_t>(name_size),
                         static_cast<std::uint32_t>(at + name_size),
                         static_cast<std::uint32_t>(value_size)});
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    Http2& h = self(user);
    Stream* s = h.find(id);
    if (s == nullptr || s->refused) {
      return 0;
    }
    if (s->body.size() + size > limits::http_body_bytes) {
      h.refuse(*s, 413);
      return 0;
    }
    append(s->body, {bytes, size});
    return 0;
  }
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    Http2& h = self(user);
    if (head->type == NGHTTP2_CONTINUATION) {
      return ++h.continuations_ > continuations_max ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    }
    h.continuations_ = 0;
    if (head->type == NGHTTP2_HEADERS && head->stream_id < h.highest_ &&
        h.find(head->stream_id) == nullptr &&
        std::ranges::find(h.closed_ids_, head->stream_id) == h.closed_ids_.end()) {
      h.went_back_ = true;
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    h.highest_ = std::max(h.highest_, head->type == NGHTTP2_HEADERS ? head->stream_id : 0);
    const bool idle = head->type == NGHTTP2_PING || head->type == NGHTTP2_SETTINGS ||
                      head->type == NGHTTP2_RST_STREAM || head->type == NGHTTP2_PRIORITY ||
                      head->type == NGHTTP2_WINDOW_UPDATE ||
                      (head->type == NGHTTP2_DATA && head->length == 0);
    return idle && h.spend_idle() ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2& h = self(user);
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      return 0;
    }
    Stream* s = h.find(frame->hd.stream_id);
    if (s != nullptr && !s->told && !s->refused) {
      h.request_done(*s);
    }
    return 0;
  }
  static int stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    Http2& h = self(user);
    const auto found = h.streams_.find(id);
    if (found != h.streams_.end()) {
      h.closed_ids_[h.closed_at_++ % h.closed_ids_.size()] = id;
      h.closed_.push_back(std::move(found->second));
      h.streams_.erase(found);
      --h.open_;
    }
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& s = *static_cast<Stream*>(source->ptr);
    const Bytes left = s.left();
    const std::size_t take = std::min(room, left.size());
    if (take > 0) {
      std::memcpy(to, left.data(), take);
    }
    s.sent += take;
    if (take == left.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(take);
  }
};

Http2::Http2(Owner& owner, Arena& arena, bool secure)
    : owner_(owner), arena_(arena), secure_(secure) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Callbacks::begin_frame);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::stream_close);
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_max_reserved_remote_streams(option, 0);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_max_outbound_ack(option, 100);
  nghttp2_option_set_no_closed_streams(option, 1);
  CHECK(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  // The window holds a whole body, so that uploads never stall on us.
  const std::array<nghttp2_settings_entry, 4> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits::http_body_bytes},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_bytes_max},
       {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0}}};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
  CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                              4 * limits::http_body_bytes) == 0);
}

Http2::~Http2() { nghttp2_session_del(session_); }

Http2::Stream* Http2::find(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

Result<void> Http2::take(Bytes bytes) {
  if (failed_) {
    return fail(Errc::malformed, "http2: the connection already failed");
  }
  const ssize_t used = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  if (went_back_) {
    give_up(NGHTTP2_PROTOCOL_ERROR);
    return fail(Errc::malformed, "http2: a stream's id below an earlier one's");
  }
  if (used == NGHTTP2_ERR_CALLBACK_FAILURE || used == NGHTTP2_ERR_FLOODED) {
    give_up(NGHTTP2_ENHANCE_YOUR_CALM);
    return fail(Errc::busy, "http2: frames that bring nothing, without end");
  }
  if (used < 0) {
    give_up(NGHTTP2_PROTOCOL_ERROR);
    return fail(Errc::malformed, "http2: not HTTP/2");
  }
  return {};
}

// The session says nothing more after such an error: the frame is ours (RFC 9113 §6.8).
void Http2::give_up(std::uint32_t code) {
  failed_ = true;
  last_words_ = {0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  store_be(last_words_.data() + 9,
           static_cast<std::uint32_t>(nghttp2_session_get_last_proc_stream_id(session_)));
  store_be(last_words_.data() + 13, code);
}

// Fields to a request that a Site knows. False: refused.
bool Http2::build(Stream& stream, wire::HttpRequest& request, std::vector<HttpHeader>& room) {
  const std::string_view text = as_text(stream.text);
  room.clear();
  std::string_view scheme;
  for (const Stream::Field& field : stream.fields) {
    const std::string_view name = text.substr(field.name_at, field.name_size);
    const std::string_view value = text.substr(field.value_at, field.value_size);
    if (name == ":method") {
      request.method = value;
    } else if (name == ":path") {
      request.target = value;
    } else if (name == ":authority") {
      request.authority = value;
    } else if (name == ":scheme") {
      scheme = value;
    } else {
      const HttpField known = wire::known_field(name);
      if (known == HttpField::host && request.authority.empty()) {
        request.authority = value;
      }
      room.push_back({name, value});
      if (known != HttpField::other && room.size() < 255) {
        std::uint8_t& at = request.known[static_cast<std::size_t>(known)];
        at = at == 0 ? static_cast<std::uint8_t>(room.size()) : at;
      }
    }
  }
  const bool good_target =
      request.target.starts_with('/') || (request.target == "*" && request.method == "OPTIONS");
  if (!good_target || !wire::is_request_target(request.target) || room.size() > 200) {
    refuse(stream, request.method == "CONNECT" ? 501 : 400);
    return false;
  }
  if (scheme != (secure_ ? "https" : "http") || request.authority.empty()) {
    refuse(stream, 400);
    return false;
  }
  const std::size_t mark = request.target.find('?');
  request.path = request.target.substr(0, mark);
  request.query =
      mark == std::string_view::npos ? std::string_view() : request.target.substr(mark + 1);
  request.headers = room;
  request.body = stream.body;
  return true;
}

void Http2::request_done(Stream& stream) {
  wire::HttpRequest request;
  if (!build(stream, request, room_)) {
    return;
  }
  stream.told = true;
  stream.head = request.method == "HEAD";
  wire::HttpRequest* kept = arena_.keep(request);
  kept->headers = arena_.keep(request.headers);
  current_ = static_cast<std::uint32_t>(stream.id);
  owner_.on_stream_request(*kept);
}

void Http2::refuse(Stream& stream, int status) {
  stream.refused = true;
  stream.told = true;
  owner_.on_stream_refused(status);
  wire::AnswerView answer;
  answer.status = status;
  this->answer(static_cast<std::uint32_t>(stream.id), answer, {}, {});
}

bool Http2::answer(std::uint32_t stream, const wire::AnswerView& answer, std::string_view date,
                   std::string_view kex) {
  Stream* s = find(static_cast<std::int32_t>(stream));
  if (s == nullptr || !s->told) {
    return false;
  }
  // Only what was answered pays for such frames: requests that are reset at once do not.
  idle_frames_ = std::min(idle_frames_ + 8, idle_frames_max);
  std::array<char, 4> status{};
  std::to_chars(status.data(), status.data() + 3, answer.status);
  std::array<char, 20> length{};
  const char* length_end =
      std::to_chars(length.data(), length.data() + length.size(), answer.body.size()).ptr;
  std::vector<nghttp2_nv> fields;
  std::vector<std::string> names;  // in lower case; reserved, so that views stay
  names.reserve(answer.headers.size() + 16);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (is_of_connection(name) || names.size() == names.capacity()) {
      return;
    }
    std::string& lower = names.emplace_back(name);
    for (char& c : lower) {
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    fields.push_back(pair(lower, value));
  };
  fields.push_back(pair(":status", {status.data(), 3}));
  if (!date.empty()) {
    add("date", date.substr(6, date.size() - 8));  // "Date: …\r\n"
  }
  if (!answer.content_type.empty()) {
    add("content-type", answer.content_type);
  }
  if (!wire::is_bodiless(answer.status)) {
    add("content-length", {length.data(), length_end});
  }
  for (const HttpHeader& header : answer.headers) {
    add(header.name, header.value);
  }
  for (std::string_view lines = answer.lines; !lines.empty();) {
    const std::size_t end = lines.find("\r\n"), colon = lines.find(": ");
    add(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
  if (!kex.empty()) {
    add("x-v100-kex", kex);
  }
  const bool head_only = wire::is_bodiless(answer.status) || answer.body.empty() || s->head;
  if (answer.body_is_forever) {
    s->forever = answer.body;
  } else {
    s->answer = to_buffer(answer.body);
  }
  nghttp2_data_provider body{};
  body.source.ptr = s;
  body.read_callback = Callbacks::read_body;
  return nghttp2_submit_response(session_, s->id, fields.data(), fields.size(),
                                 head_only ? nullptr : &body) == 0;
}

void Http2::write(Buffer& out) {
  if (failed_) {
    append(out, last_words_);
    last_words_.clear();
    return;
  }
  const std::size_t start = out.size();
  while (out.size() - start < write_bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) {
      failed_ = failed_ || size < 0;
      return;
    }
    append(out, {bytes, static_cast<std::size_t>(size)});
  }
}

void Http2::end_turn() { closed_.clear(); }

bool Http2::has_more() const noexcept { return nghttp2_session_want_write(session_) != 0; }

void Http2::drain() {
  if (!draining_) {
    draining_ = true;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                          nullptr, 0);
  }
}

bool Http2::over() const noexcept {
  return failed_ ? last_words_.empty()
                 : ((draining_ && open_ == 0) || nghttp2_session_want_read(session_) == 0) &&
                       nghttp2_session_want_write(session_) == 0;
}

}  // namespace v100::net
