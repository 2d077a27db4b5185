// The HTTP/1.1 and WebSocket server of one shard: connections, timeouts, limits, and answers in
// order. What is served is the Site's affair.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/world.h"
#include "io/loop.h"
#include "io/stream.h"
#include "wire/http1.h"

namespace v100::net {

class HttpServer;
class Connection;
using ConnectionId = std::uint64_t;  // never reused in a process

struct Peer {
  Address address;
  io::TlsAgreement tls;  // group "none" on a plain port
};

struct Response {
  int status = 200;
  std::string content_type;  // empty: no body, no field
  std::vector<std::pair<std::string, std::string>> headers;
  Buffer body;
  Bytes static_body;  // instead of `body`; lives as long as the program, and is not copied

  static Response text(int status, std::string_view text);
};

// The right to answer one request, once. Dropped, it answers 503. Late answers, after the client
// has left, go nowhere.
class Responder {
 public:
  Responder(HttpServer& server, ConnectionId connection) noexcept
      : server_(&server), connection_(connection) {}
  Responder(Responder&& other) noexcept
      : server_(std::exchange(other.server_, nullptr)), connection_(other.connection_) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder();
  void answer(Response response);

 private:
  HttpServer* server_;
  ConnectionId connection_;
};

// Whose WebSocket messages go where. Messages are whole and their bytes live for the call.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  virtual void on_open(ConnectionId socket, const Peer& peer, std::string_view query) = 0;
  virtual void on_message(ConnectionId socket, Bytes message, bool binary) = 0;
  // `code` is the peer's close code (RFC 6455 §7.1.5): 1005 when it gave none, 1006 when the line
  // was lost or given up without a word of it.
  virtual void on_close(ConnectionId socket, std::uint16_t code) = 0;
};

class Site {
 public:
  virtual ~Site() = default;
  // The request's views end with the call.
  virtual void on_request(const wire::HttpRequest& request, const Peer& peer,
                          Responder responder) = 0;
  // Who takes the WebSocket of this path; null: 404.
  virtual SocketEvents* socket_for(std::string_view path) = 0;
};

struct ServerOptions {
  Address bind;
  io::TlsServer* tls = nullptr;  // null: plain
  bool reuse_port = false;
  std::string_view name;  // label of this server in logs and metrics: "public", "health"
};

class HttpServer final {
 public:
  // Errors as io::Listener::open's. All references outlive the server.
  static Result<std::unique_ptr<HttpServer>> open(io::Loop& loop, ServerOptions options, Site& site,
                                                  Clock& clock, Log& log, Meter& meter);
  ~HttpServer();

  Address local() const noexcept { return listener_->local(); }
  std::size_t connections() const noexcept { return connections_.size(); }
  std::size_t sockets() const noexcept { return sockets_; }

  // WebSocket side; unknown ids are ignored.
  void send(ConnectionId socket, Bytes message, bool binary);
  void close(ConnectionId socket, std::uint16_t code, std::string_view reason);

  void drain();  // every answer from now on ends its connection
  // Says goodbye to every socket and ends every connection once its queue is sent.
  void close_all(std::uint16_t code, std::string_view reason);

 private:
  friend class Responder;
  friend class Connection;
  HttpServer(io::Loop& loop, ServerOptions options, Site& site, Clock& clock, Log& log,
             Meter& meter);

  void on_accept(io::Fd fd, const Address& peer);
  void answer(ConnectionId id, Response response);
  void forget(ConnectionId id);
  void sweep();
  std::string_view date();

  io::Loop& loop_;
  const ServerOptions options_;
  Site& site_;
  Clock& clock_;
  Log& log_;
  Meter& meter_;
  const std::string label_;  // of this server's metrics
  std::unique_ptr<io::Listener> listener_;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  ConnectionId last_id_ = 0;
  std::size_t sockets_ = 0;
  bool draining_ = false;
  io::Loop::TimerId sweep_;
  std::int64_t date_s_ = -1;
  std::string date_;
};

}  // namespace v100::net
