#include "net/connection.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <openssl/evp.h>
#include <string>

#include "base/text.h"

namespace v100::net {
namespace {

// A handshake, or one whole request from its first byte.
constexpr Duration request_time = Duration::seconds(30);
// Browsers keep a connection for a minute or more; proxies mostly 60 s.
constexpr Duration idle_time = Duration::seconds(75);
// No byte of an answer taken for that long: the reader is gone.
constexpr Duration stall_time = Duration::seconds(30);
constexpr Duration goodbye_time = Duration::seconds(3);
// Below the 30 s after which many NATs and proxies forget a quiet connection.
constexpr Duration ping_every = Duration::seconds(20);
constexpr Duration silence_max = Duration::seconds(60);
constexpr int requests_per_turn = 64;
constexpr int messages_per_turn = 64;

// RFC 6455 §1.3. SHA-1 here proves nothing and protects nothing; it is the protocol's echo.
std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  ByteArray<20> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  return to_base64(digest);
}

bool origin_is_ours(const wire::HttpRequest& request) noexcept {
  std::string_view origin = request.header("origin");
  if (origin.empty()) {
    return true;  // not a browser
  }
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         wire::same_token(origin.substr(scheme + 3), request.authority);
}

}  // namespace

Connection::Connection(HttpServer& server, ConnectionId id, io::Fd fd, const Address& peer)
    : server_(server),
      id_(id),
      stream_(server.loop_, std::move(fd), peer, server.options_.tls),
      peer_{.address = peer, .tls = {}} {}

void Connection::start() {
  expect_within(request_time);
  stream_.start({.on_open = [this] { on_open(); },
                 .on_readable = [this] { on_readable(); },
                 .on_drained = {},
                 .on_failed = [this](const char* why) { on_failed(why); }});
}

void Connection::expect_within(Duration limit) { deadline_ = server_.loop_.now() + limit; }

void Connection::on_open() {
  peer_.tls = stream_.agreement();
  state_ = State::reading;
  if (server_.options_.tls != nullptr) {
    const std::string label = fmt::format(R"(group="{}")", peer_.tls.group);
    server_.meter_.count("v100_tls_handshakes_total", label, 1);
    server_.log_.write(peer_.tls.post_quantum ? Level::debug : Level::info, "tls.open",
                       {{"peer", peer_.address.text()},
                        {"group", peer_.tls.group},
                        {"post_quantum", peer_.tls.post_quantum ? 1 : 0},
                        {"cipher", peer_.tls.cipher}});
  }
}

void Connection::on_failed(const char* why) {
  if (state_ == State::opening && server_.options_.tls != nullptr) {
    server_.meter_.count("v100_tls_failures_total", "", 1);
    server_.log_.write(Level::info, "tls.failed", {{"peer", peer_.address.text()}, {"why", why}});
  } else if (state_ != State::ending) {
    server_.log_.write(Level::debug, "http.lost", {{"peer", peer_.address.text()}, {"why", why}});
  }
  die();
}

void Connection::die() {
  if (state_ == State::dead) {
    return;
  }
  const bool was_socket = events_ != nullptr;
  state_ = State::dead;
  stream_.pause_reading(true);
  if (was_socket) {
    --server_.sockets_;
    std::exchange(events_, nullptr)->on_close(id_, wire::ws_close::lost);
  }
  server_.forget(id_);
}

void Connection::end() {
  if (state_ != State::dead) {
    state_ = State::ending;
    expect_within(goodbye_time);
    stream_.finish();
    if (peer_ended_) {
      deadline_ = server_.loop_.now() + Duration::milliseconds(1);
    }
  }
}

void Connection::on_readable() {
  switch (state_) {
    case State::reading:
      serve_requests();
      break;
    case State::socket:
    case State::closing:
      read_socket();
      break;
    case State::ending: {
      // What still comes is thrown away, so that our last words are not lost to a reset.
      ByteArray<4096> ignored;
      io::ReadResult result;
      do {
        result = stream_.read(ignored);
      } while (result.bytes > 0);
      if (result.ended) {
        die();
      }
      break;
    }
    default:
      break;
  }
}

// Reads once. False: nothing more now.
bool Connection::read_more(MutBytes into, std::size_t& got) {
  const io::ReadResult result = stream_.read(into);
  got = result.bytes;
  peer_ended_ = peer_ended_ || result.ended;
  return result.bytes > 0;
}

void Connection::serve_requests() {
  if (serving_) {
    return;  // an answer given inside serve_one(): the loop below goes on
  }
  serving_ = true;
  int budget = requests_per_turn;
  while (state_ == State::reading) {
    const bool was_idle = reader_.idle();
    const Result<wire::HttpProgress> progress = reader_.next();
    if (!progress) {
      refuse_request(progress.error());
    } else if (*progress == wire::HttpProgress::request) {
      serve_one();
      if (--budget == 0 && state_ == State::reading) {
        stream_.read_later();
        break;
      }
    } else {
      if (*progress == wire::HttpProgress::head) {
        stream_.send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
      }
      std::size_t got = 0;
      const MutBytes space = reader_.space();
      if (!read_more(space, got)) {
        break;
      }
      if (was_idle) {
        expect_within(request_time);
      }
      reader_.filled(got);
    }
  }
  serving_ = false;
  if (peer_ended_ && state_ == State::reading) {
    end();
  }
}

void Connection::serve_one() {
  const wire::HttpRequest& request = reader_.request();
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  if (!request.header("upgrade").empty() &&
      wire::list_has(request.header("upgrade"), "websocket")) {
    upgrade(request);
    return;
  }
  state_ = State::answering;
  stream_.pause_reading(true);
  server_.site_.on_request(request, peer_, Responder(server_, id_));
}

void Connection::answer(const Response& response) {
  if (state_ != State::answering) {
    return;
  }
  const bool keep = keep_alive_ && !server_.draining_;
  write_answer(response, keep);
  if (!keep) {
    stream_.pause_reading(false);
    end();
    return;
  }
  state_ = State::reading;
  expect_within(idle_time);
  stream_.pause_reading(false);  // which calls on_readable in a later turn
}

void Connection::write_answer(const Response& response, bool keep_alive) {
  const Bytes body = response.static_body.empty() ? Bytes(response.body) : response.static_body;
  const std::string length = std::to_string(body.size());
  std::vector<wire::HttpHeader> headers;
  headers.reserve(response.headers.size() + 5);
  headers.push_back({"Date", server_.date()});
  if (!response.content_type.empty()) {
    headers.push_back({"Content-Type", response.content_type});
  }
  if (response.status != 304 && response.status != 204) {
    headers.push_back({"Content-Length", length});
  }
  for (const auto& [name, value] : response.headers) {
    headers.push_back({name, value});
  }
  headers.push_back({"X-V100-Kex", peer_.tls.group});
  if (!keep_alive) {
    headers.push_back({"Connection", "close"});
  }
  Buffer head;
  wire::append_response_head(head, response.status, headers);
  stream_.send(head);
  if (!head_only_ && response.status != 304 && response.status != 204) {
    if (response.static_body.empty()) {
      stream_.send(body);
    } else {
      stream_.send_forever(body);
    }
  }
  server_.meter_.count("v100_http_requests_total", fmt::format(R"(code="{}")", response.status), 1);
}

void Connection::refuse_request(const Error& error) {
  const int status = reader_.refusal_status();
  server_.meter_.count("v100_http_refused_total", fmt::format(R"(reason="{}")", name(error.code)),
                       1);
  server_.log_.write(Level::debug, "http.refused",
                     {{"peer", peer_.address.text()}, {"status", status}, {"why", error.what}});
  head_only_ = false;
  write_answer(Response::text(status, fmt::format("{}\n", error.what)), false);
  end();
}

// RFC 6455 §4.2.
void Connection::upgrade(const wire::HttpRequest& request) {
  const auto refuse = [&](int status, const char* why) {
    Response response = Response::text(status, why);
    if (status == 426) {
      response.headers.emplace_back("Sec-WebSocket-Version", "13");
    }
    write_answer(response, false);
    end();
  };
  const Result<Buffer> key = from_base64(request.header("sec-websocket-key"));
  if (request.method != "GET" || request.minor_version != 1 || !request.body.empty() ||
      !wire::list_has(request.header("connection"), "upgrade") || !key || key->size() != 16) {
    return refuse(400, "websocket: not an upgrade request\n");
  }
  if (request.header("sec-websocket-version") != "13") {
    return refuse(426, "websocket: version 13 is spoken here\n");
  }
  if (!origin_is_ours(request)) {
    server_.meter_.count("v100_http_refused_total", R"(reason="origin")", 1);
    return refuse(403, "websocket: from another site\n");
  }
  if (server_.draining_) {
    return refuse(503, "websocket: the server is going away\n");
  }
  SocketEvents* events = server_.site_.socket_for(request.path);
  if (events == nullptr) {
    return refuse(404, "websocket: not here\n");
  }
  const std::string accept = accept_key(request.header("sec-websocket-key"));
  const wire::HttpHeader headers[] = {{"Upgrade", "websocket"},
                                      {"Connection", "Upgrade"},
                                      {"Sec-WebSocket-Accept", accept},
                                      {"X-V100-Kex", peer_.tls.group}};
  Buffer head;
  wire::append_response_head(head, 101, headers);
  stream_.send(head);
  server_.meter_.count("v100_http_requests_total", R"(code="101")", 1);
  socket_reader_.emplace(wire::WsReader::Role::server);
  Bytes rest = reader_.rest();
  while (!rest.empty()) {
    const MutBytes space = socket_reader_->space();
    const std::size_t take = std::min(space.size(), rest.size());
    copy(space.first(take), rest.first(take));
    socket_reader_->filled(take);
    rest = rest.subspan(take);
  }
  const std::string query(request.query);
  reader_ = wire::Http1Reader();
  state_ = State::socket;
  events_ = events;
  ++server_.sockets_;
  last_heard_ = server_.loop_.now();
  next_ping_ = last_heard_ + ping_every;
  stream_.read_later();
  events_->on_open(id_, peer_, query);
}

void Connection::read_socket() {
  int budget = messages_per_turn;
  while (state_ == State::socket || state_ == State::closing) {
    const Result<bool> got = socket_reader_->next();
    if (!got) {
      refuse_socket(got.error());
      return;
    }
    if (*got) {
      on_socket_message();
      if (--budget == 0) {
        stream_.read_later();
        return;
      }
      continue;
    }
    std::size_t bytes = 0;
    if (!read_more(socket_reader_->space(), bytes)) {
      break;
    }
    last_heard_ = server_.loop_.now();
    socket_reader_->filled(bytes);
  }
  if (peer_ended_ && (state_ == State::socket || state_ == State::closing)) {
    die();
  }
}

void Connection::on_socket_message() {
  const wire::WsMessage& message = socket_reader_->message();
  switch (message.kind) {
    case wire::WsKind::text:
    case wire::WsKind::binary:
      if (state_ == State::socket) {
        events_->on_message(id_, message.payload, message.kind == wire::WsKind::binary);
      }
      break;
    case wire::WsKind::ping: {
      Buffer frame;
      wire::append_ws_frame(frame, wire::WsKind::pong, message.payload);
      stream_.send(frame);
      break;
    }
    case wire::WsKind::pong:
      break;
    case wire::WsKind::close:
      if (state_ == State::socket) {
        Buffer frame;
        const bool silent = message.close_code == wire::ws_close::no_status;
        wire::append_ws_close(frame, silent ? wire::ws_close::normal : message.close_code, "");
        stream_.send(frame);
      }
      // RFC 6455 §7.1.1: the server closes TCP first.
      --server_.sockets_;
      std::exchange(events_, nullptr)->on_close(id_, message.close_code);
      end();
      break;
  }
}

void Connection::refuse_socket(const Error& error) {
  server_.meter_.count("v100_ws_refused_total", fmt::format(R"(reason="{}")", name(error.code)), 1);
  server_.log_.write(Level::debug, "ws.refused",
                     {{"peer", peer_.address.text()}, {"why", error.what}});
  Buffer frame;
  wire::append_ws_close(frame, socket_reader_->close_code(), error.what);
  stream_.send(frame);
  --server_.sockets_;
  std::exchange(events_, nullptr)->on_close(id_, wire::ws_close::lost);
  end();
}

void Connection::send(Bytes message, bool binary) {
  if (state_ != State::socket) {
    return;
  }
  Buffer head;
  wire::append_ws_head(head, binary ? wire::WsKind::binary : wire::WsKind::text, message.size());
  stream_.send(head);
  stream_.send(message);
}

void Connection::close_socket(std::uint16_t code, std::string_view reason) {
  if (state_ != State::socket) {
    return;
  }
  Buffer frame;
  wire::append_ws_close(frame, code, reason);
  stream_.send(frame);
  state_ = State::closing;
  expect_within(goodbye_time);
}

void Connection::close(std::uint16_t code, std::string_view reason) {
  if (state_ == State::socket) {
    close_socket(code, reason);
  } else if (state_ == State::reading || state_ == State::opening) {
    end();
  }
}

void Connection::check_time(Instant now) {
  // An answer on its way may take as long as it moves.
  const bool moving = stream_.sent_bytes() != sent_at_check_;
  sent_at_check_ = stream_.sent_bytes();
  switch (state_) {
    case State::opening:
    case State::ending:
      if (now > deadline_ && !moving) {
        die();
      }
      break;
    case State::closing:
      if (now > deadline_) {
        --server_.sockets_;
        std::exchange(events_, nullptr)->on_close(id_, wire::ws_close::lost);
        end();
      }
      break;
    case State::reading:
      if (moving) {
        expect_within(stream_.queued_bytes() > 0 ? stall_time : idle_time);
      } else if (now > deadline_) {
        if (!reader_.idle()) {
          server_.meter_.count("v100_http_refused_total", R"(reason="timed_out")", 1);
          head_only_ = false;
          write_answer(
              {.status = 408, .content_type = "", .headers = {}, .body = {}, .static_body = {}},
              false);
        }
        end();
      }
      break;
    case State::socket:
      if (now - last_heard_ > silence_max) {
        on_failed("websocket: silent for too long");
      } else if (now > next_ping_) {
        next_ping_ = now + ping_every;
        Buffer frame;
        wire::append_ws_frame(frame, wire::WsKind::ping, {});
        stream_.send(frame);
      }
      break;
    case State::answering:
    case State::dead:
      break;
  }
}

}  // namespace v100::net
