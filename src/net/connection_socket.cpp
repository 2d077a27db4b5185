// A connection that became a WebSocket (RFC 6455).
#include <algorithm>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <string>

#include "base/text.h"
#include "net/connection.h"

namespace v100::net {
namespace {

// Below the 30 s after which many NATs and proxies forget a quiet connection.
constexpr Duration ping_every = Duration::seconds(20);
constexpr Duration goodbye_time = Duration::seconds(3);
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

// RFC 6455 §4.2. True: refused, and answered.
bool Connection::refuse_upgrade(const wire::HttpRequest& request, SocketEvents*& events) {
  const auto refuse = [&](int status, const char* why) {
    Response response = Response::text(status, why);
    if (status == 426) {
      response.headers.emplace_back("Sec-WebSocket-Version", "13");
    }
    server_.answer({id_, begin_exchange(false, false)}, response);
    return true;
  };
  const Result<Buffer> key = from_base64(request.header("sec-websocket-key"));
  if (request.method != "GET" || request.minor_version != 1 || !request.body.empty() ||
      !wire::list_has(request.header(wire::HttpField::connection), "upgrade") || !key ||
      key->size() != 16 || in_flight() > 0) {
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
  events = server_.site_.socket_for(request.path);
  if (events == nullptr) {
    return refuse(404, "websocket: not here\n");
  }
  return false;
}

void Connection::upgrade(const wire::HttpRequest& request) {
  input_done_ = true;
  SocketEvents* events = nullptr;
  if (refuse_upgrade(request, events)) {
    return;
  }
  const std::string accept = accept_key(request.header("sec-websocket-key"));
  deflate_ = wire::offers_ws_deflate(request.header("sec-websocket-extensions"));
  const wire::HttpHeader headers[] = {{"Upgrade", "websocket"},
                                      {"Connection", "Upgrade"},
                                      {"Sec-WebSocket-Accept", accept},
                                      {"X-V100-Kex", peer_.tls.group},
                                      {"Sec-WebSocket-Extensions", wire::ws_deflate_answer}};
  Buffer head;
  wire::append_response_head(head, 101, std::span(headers).first(deflate_ ? 5 : 4));
  stream_.send(head);
  ++server_.counters_.by_status[101];
  become_socket(*events, request.query);
}

void Connection::become_socket(SocketEvents& events, std::string_view request_query) {
  socket_reader_.emplace(wire::WsReader::Role::server);
  if (deflate_) {
    socket_reader_->allow_deflate(server_.deflate_);
  }
  Bytes rest = reader_.rest();
  while (!rest.empty()) {
    const MutBytes space = socket_reader_->space();
    const std::size_t take = std::min(space.size(), rest.size());
    copy(space.first(take), rest.first(take));
    socket_reader_->filled(take);
    rest = rest.subspan(take);
  }
  const std::string query(request_query);
  reader_ = wire::Http1Reader();
  state_ = State::socket;
  events_ = &events;
  ++server_.sockets_;
  last_heard_ = server_.loop_.now();
  next_ping_ = last_heard_ + ping_every;
  stream_.read_later();
  events_->on_open(id_, peer_, query);
}

// Reads once. False: nothing more now.
bool Connection::read_more(MutBytes into, std::size_t& got) {
  const io::ReadResult result = stream_.read(into);
  got = result.bytes;
  peer_ended_ = peer_ended_ || result.ended;
  return result.bytes > 0;
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
  const wire::WsKind kind = binary ? wire::WsKind::binary : wire::WsKind::text;
  Buffer head;
  // What is binary here is encrypted or packed already.
  if (Buffer packed; deflate_ && !binary && server_.deflate_.compress(message, packed)) {
    wire::append_ws_packed(head, kind, packed);
    stream_.send(head);
    return;
  }
  wire::append_ws_head(head, kind, message.size());
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

}  // namespace v100::net
