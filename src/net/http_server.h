// The HTTP/1.1 and WebSocket server of one shard: connections, timeouts, limits, pipelining, and
// answers in order. What is served is the Site's affair. In steady state a request allocates
// nothing here: buffers are kept, and what a turn needs of requests lies in an arena.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/world.h"
#include "io/loop.h"
#include "io/stream.h"
#include "net/answer.h"
#include "net/arena.h"
#include "wire/http1.h"
#include "wire/ws_deflate.h"

namespace v100::net {

class HttpServer;
class Connection;

struct Peer {
  Address address;
  io::TlsAgreement tls;      // group "none" on a plain port
  bool secure = false;       // came by TLS
  ByteArray<32> exporter{};  // RFC 9266 "EXPORTER-Channel-Binding"; zeros on a plain port
};

// The right to answer one request, once. Dropped, it answers 503. Late answers, after the client
// has left, go nowhere.
class Responder {
 public:
  Responder(HttpServer& server, ExchangeId exchange) noexcept
      : server_(&server), exchange_(exchange) {}
  Responder(Responder&& other) noexcept
      : server_(std::exchange(other.server_, nullptr)), exchange_(other.exchange_) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder();
  void answer(const Response& response);
  void answer(const AnswerView& answer);
  // For who answers by HttpServer::answer() and keeps the promise himself.
  ExchangeId release() noexcept {
    server_ = nullptr;
    return exchange_;
  }

 private:
  HttpServer* server_;
  ExchangeId exchange_;
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
  // The request and all it points to, and the peer, stay until the loop's turn ends: what a turn
  // brings may be gathered and looked at together by a task of Loop::end_of_turn.
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

// What a server did, for metrics: plain numbers of its one thread.
struct HttpCounters {
  // Upper bounds of the histogram's buckets, in microseconds; the last bucket has none.
  static constexpr std::array<std::int64_t, 12> latency_us = {
      50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 1000000, 10000000};
  std::array<std::uint64_t, 600> by_status{};
  std::array<std::uint64_t, latency_us.size() + 1> latency{};
  std::uint64_t latency_sum_us = 0;
  std::uint64_t requests = 0;   // read whole
  std::uint64_t reads = 0;      // that brought bytes: requests / reads is the pipelining met
  std::uint64_t timed_out = 0;  // slow clients cut while they sent a request
  std::uint64_t stalled = 0;    // slow clients cut while they took an answer
};

class HttpServer final {
 public:
  // Errors as io::Listener::open's. All references outlive the server.
  static Result<std::unique_ptr<HttpServer>> open(io::Loop& loop, ServerOptions options, Site& site,
                                                  Clock& clock, Log& log, Meter& meter);
  ~HttpServer();

  Address local() const noexcept { return listener_->local(); }
  std::size_t connections() const noexcept { return open_; }
  std::size_t sockets() const noexcept { return sockets_; }

  // Late ones and repeated ones are ignored.
  void answer(ExchangeId exchange, const AnswerView& answer);
  void answer(ExchangeId exchange, const Response& response);
  const HttpCounters& counters() const noexcept { return counters_; }
  void tell(Meter& meter);  // what was counted since the last call

  // WebSocket side; unknown ids are ignored.
  void send(ConnectionId socket, Bytes message, bool binary);
  void close(ConnectionId socket, std::uint16_t code, std::string_view reason);

  void drain();  // every answer from now on ends its connection
  // Says goodbye to every socket and ends every connection once its queue is sent.
  void close_all(std::uint16_t code, std::string_view reason);

 private:
  friend class Connection;
  HttpServer(io::Loop& loop, ServerOptions options, Site& site, Clock& clock, Log& log,
             Meter& meter);

  // Frees, when a turn is over, what its requests were kept in and the connections that died.
  struct TurnEnd final : io::Call {
    explicit TurnEnd(HttpServer& s) noexcept : server(s) {}
    void run() override { server.end_turn(); }
    HttpServer& server;
  };

  void on_accept(io::Fd fd, const Address& peer);
  Connection* find(ConnectionId id) const noexcept;
  void forget(ConnectionId id);
  void end_turn();
  void sweep();
  std::string_view date_line();  // "Date: …" and CRLF

  io::Loop& loop_;
  const ServerOptions options_;
  Site& site_;
  Clock& clock_;
  Log& log_;
  Meter& meter_;
  const std::string label_;  // of this server's metrics
  HttpCounters counters_, told_;
  std::unique_ptr<io::Listener> listener_;
  wire::WsDeflate deflate_;                    // of all its WebSockets
  Arena arena_;                                // requests of this turn
  std::vector<wire::HttpHeader> header_room_;  // for Response::view()
  // A connection's id is its slot's number below a serial number.
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<ConnectionId> dead_;
  TurnEnd turn_end_{*this};
  std::uint64_t last_serial_ = 0;
  std::size_t open_ = 0;
  std::size_t sockets_ = 0;
  bool draining_ = false;
  io::Loop::TimerId sweep_;
  std::int64_t date_s_ = -1;
  std::uint64_t date_turn_ = ~0ull;  // when the clock was last looked at
  std::string date_line_;
};

}  // namespace v100::net
