// The one interface of all services, and what a service may see of the world: Env, the bus, HTTP
// exchanges, sockets and datagrams. Everything here is called from one loop thread (a shard).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/units.h"
#include "base/world.h"
#include "wire/http1.h"

namespace v100 {

// ---- Storage: ordered records in named tables ----

struct Record {
  std::string key;
  Buffer value;
};

// A set of writes that happens as a whole or not at all.
class Batch {
 public:
  struct Write {
    std::string table;
    std::string key;
    Buffer value;
    bool erase = false;
  };
  void put(std::string_view table, std::string_view key, Bytes value) {
    writes_.push_back({std::string(table), std::string(key), to_buffer(value), false});
  }
  void erase(std::string_view table, std::string_view key) {
    writes_.push_back({std::string(table), std::string(key), {}, true});
  }
  const std::vector<Write>& writes() const noexcept { return writes_; }

 private:
  std::vector<Write> writes_;
};

class Store {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  virtual ~Store() = default;
  // not_found when there is none; unavailable when the store is away.
  virtual Result<Buffer> get(std::string_view table, std::string_view key) = 0;
  // Records whose key starts with prefix, in key order, at most `limit`.
  virtual Result<std::vector<Record>> scan(std::string_view table, std::string_view prefix,
                                           std::size_t limit) = 0;
  // `done` runs on this thread, in a later turn, once the batch is durable (group commit) or
  // failed. A get after commit() returns sees the batch at once.
  virtual void commit(Batch batch, Done done) = 0;
};

// ---- The bus: requests between services ----

// Answers a request exactly once; dropped unanswered, it answers `unavailable`.
class Reply {
 public:
  using Sink = std::move_only_function<void(Result<Buffer>)>;
  explicit Reply(Sink sink) : sink_(std::move(sink)) {}
  Reply(Reply&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      drop();
      sink_ = std::exchange(other.sink_, nullptr);
    }
    return *this;
  }
  ~Reply() { drop(); }

  void ok(Buffer answer) { answer_with(std::move(answer)); }
  void error(Errc code, const char* what) { answer_with(fail(code, what)); }
  void answer_with(Result<Buffer> answer) {
    CHECK(sink_ != nullptr);
    std::exchange(sink_, nullptr)(std::move(answer));
  }

 private:
  void drop() {
    if (sink_ != nullptr) {
      answer_with(fail(Errc::unavailable, "service: request dropped"));
    }
  }
  Sink sink_;
};

class Bus {
 public:
  virtual ~Bus() = default;
  // One answer comes to `done`, maybe before call() returns. Unknown service or method: not_found.
  virtual void call(std::string_view service, std::string_view method, Bytes request,
                    Reply::Sink done) = 0;
  // As call(), the answer ignored but errors counted.
  virtual void post(std::string_view service, std::string_view method, Bytes request) = 0;
};

// ---- HTTP and sockets, as the gateway hands them in ----

// Who is at the other end of a connection. `kex` is the TLS group by its registered name, or
// "none".
struct PeerInfo {
  Address address;
  std::string kex;
  bool post_quantum = false;
  Bytes exporter =
      {};  // RFC 9266: names this TLS connection; empty without TLS; lives for the call
};

using HttpHeader = wire::HttpHeader;  // names as sent: compare without case

// Who asks, as the gateway found out: by a signature over the request, by a session that one
// opened, or nobody's word for it.
struct Caller {
  bool known = false;       // the rest is only set when it is
  ByteArray<32> key{};      // RFC 7638 thumbprint of the key
  std::uint64_t owner = 0;  // the user, device or service account, as identity numbers them
  std::uint64_t scopes = 0;
  std::string_view lane = "unsigned";  // "header", "fast", "session"
  std::string_view tenant;             // X-Tenant, where the signature covers it
};

// Spans point into the connection's read buffer and end with the handler's call.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // as sent, query cut off, not percent-decoded
  std::string_view query;  // without '?'
  std::span<const HttpHeader> headers;
  Bytes body;
  const PeerInfo* peer = nullptr;
  std::string_view path_tail;      // what a route ending in '/' leaves over
  Instant deadline{};              // the gateway answers 504 then: work beyond it is for nobody
  const Caller* caller = nullptr;  // null only where no gateway stands before the service
};

// What the gateway does for a route before and after its handler.
struct RoutePolicy {
  enum class Effect : unsigned char { by_method, read, write };
  const char* summary = "";                  // for the API's description
  bool signed_only = false;                  // 401 without a signature or a session
  std::uint64_t scopes = 0;                  // the caller's key must have all of these bits
  Effect effect = Effect::by_method;         // an answer to a write waits until it is in the log
  Duration timeout = Duration::seconds(10);  // then 504
  Duration cache_for{};                      // GET: 200s are kept that long, for everybody
  bool cross_origin = false;                 // other sites' pages may read it (CORS)
  std::size_t body_bytes = SIZE_MAX;         // 413 above it
};

// An answer that a handler gives at once. `body` is empty and keeps its memory from call to call.
struct HttpNowAnswer {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal
  Buffer& body;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  Buffer body;
};

// Like Reply, for an HTTP exchange: answers once; dropped, it answers 503.
class HttpReply {
 public:
  using Sink = std::move_only_function<void(HttpAnswer)>;
  explicit HttpReply(Sink sink) : sink_(std::move(sink)) {}
  HttpReply(HttpReply&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  HttpReply& operator=(HttpReply&&) = delete;
  ~HttpReply() {
    if (sink_ != nullptr) {
      answer({503,
              "application/problem+json",
              {},
              to_buffer(as_bytes(R"({"title":"unavailable","status":503})"))});
    }
  }
  void answer(HttpAnswer what) {
    CHECK(sink_ != nullptr);
    std::exchange(sink_, nullptr)(std::move(what));
  }

 private:
  Sink sink_;
};

using SocketId = Strong<std::uint64_t, struct SocketIdTag>;

// What a WebSocket's messages come to. A message is whole (fragments joined) and under
// limits::ws_message_bytes.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  // `query`: what stood behind '?' in the upgrade's target; it ends with the call.
  virtual void on_open(SocketId socket, const PeerInfo& peer, std::string_view query) = 0;
  virtual void on_message(SocketId socket, Bytes message, bool binary) = 0;
  // `code`: the peer's close code; 1005 when it gave none, 1006 when the line was lost.
  virtual void on_close(SocketId socket, std::uint16_t code) = 0;
};

class Sockets {
 public:
  virtual ~Sockets() = default;
  // Queued; a socket whose queue passes limits::send_queue_bytes is cut. Unknown ids are ignored.
  virtual void send(SocketId socket, Bytes message, bool binary) = 0;
  // RFC 6455 §7.4 code; on_close follows in a later turn.
  virtual void close(SocketId socket, std::uint16_t code, std::string_view reason) = 0;
};

// ---- Datagrams, for the sfu and turn services ----

class DatagramHandler {
 public:
  virtual ~DatagramHandler() = default;
  virtual void on_datagrams(Instant now, std::span<Datagram> batch) = 0;
};

class Datagrams {
 public:
  virtual ~Datagrams() = default;
  // Sends all (sendmmsg); what the kernel refuses is dropped and counted, as a network would.
  virtual void send(std::span<const Datagram> batch) = 0;
};

// ---- Services ----

struct Env {
  Clock& clock;
  Random& random;
  Bus& bus;
  Store& store;
  Log& log;
  Meter& meter;
};

class Router {
 public:
  using Handler = std::move_only_function<void(Bytes request, Reply reply)>;
  using HttpHandler = std::move_only_function<void(const HttpRequest&, HttpReply reply)>;
  virtual ~Router() = default;
  // Bus requests to this service: call("NAME", "method", …).
  virtual void on(std::string_view method, Handler handler) = 0;
  // HTTP requests; a path that ends in '/' takes everything below it (path_tail).
  virtual void http(std::string_view method, std::string_view path, HttpHandler handler) = 0;
  // The same under a policy; a router that is no gateway has none.
  virtual void http_with(const RoutePolicy& /*policy*/, std::string_view method,
                         std::string_view path, HttpHandler handler) {
    http(method, path, std::move(handler));
  }
  // For hot routes: answers inside the call, and nothing is allocated for it.
  using HttpNow = std::move_only_function<void(const HttpRequest&, HttpNowAnswer& out)>;
  virtual void http_now(const RoutePolicy& policy, std::string_view method, std::string_view path,
                        HttpNow handler) {
    http_with(policy, method, path,
              [now = std::move(handler)](const HttpRequest& request, HttpReply reply) mutable {
                HttpAnswer answer;
                HttpNowAnswer out{.body = answer.body};
                now(request, out);
                answer.status = out.status;
                answer.content_type = out.content_type;
                reply.answer(std::move(answer));
              });
  }
  // WebSocket upgrades on exactly this path.
  virtual void socket(std::string_view path, SocketHandler& handler) = 0;
  // Datagrams of the media port.
  virtual void datagrams(DatagramHandler& handler) = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  virtual void open(Router& router) = 0;  // once: which methods it answers
  virtual void end_of_turn(Instant) {}   // after each loop turn: what was gathered is done together
  virtual void tick(Instant) {}          // by timer, every 10 ms: expire, retry; never blocks
  virtual bool ready() { return true; }  // for /readyz
  virtual void drain() {}                // once: refuse new work, tell clients
  virtual void close() {}                // once: answer or drop what is in hand
};

}  // namespace v100
