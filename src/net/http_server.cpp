#include "net/http_server.h"

#include <array>
#include <ctime>

#include "base/limits.h"
#include "net/connection.h"

namespace v100::net {
namespace {

constexpr Duration sweep_every = Duration::milliseconds(500);

}  // namespace

Response Response::text(int status, std::string_view text) {
  return {status, "text/plain; charset=utf-8", {}, to_buffer(as_bytes(text)), {}};
}

Responder::~Responder() {
  if (server_ != nullptr) {
    answer(Response::text(503, "unavailable\n"));
  }
}

void Responder::answer(Response response) {
  CHECK(server_ != nullptr);
  std::exchange(server_, nullptr)->answer(connection_, std::move(response));
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(io::Loop& loop, ServerOptions options,
                                                     Site& site, Clock& clock, Log& log,
                                                     Meter& meter) {
  auto self = std::unique_ptr<HttpServer>(new HttpServer(loop, options, site, clock, log, meter));
  HttpServer* server = self.get();
  self->listener_ = TRY(io::Listener::open(
      loop, {.bind = options.bind, .reuse_port = options.reuse_port},
      [server](io::Fd fd, Address peer) { server->on_accept(std::move(fd), peer); }));
  self->sweep_ = loop.after(sweep_every, [server] { server->sweep(); });
  return self;
}

HttpServer::HttpServer(io::Loop& loop, ServerOptions options, Site& site, Clock& clock, Log& log,
                       Meter& meter)
    : loop_(loop),
      options_(options),
      site_(site),
      clock_(clock),
      log_(log),
      meter_(meter),
      label_("server=\"" + std::string(options.name) + "\"") {}

HttpServer::~HttpServer() { loop_.cancel(sweep_); }

void HttpServer::on_accept(io::Fd fd, const Address& peer) {
  if (connections_.size() >= limits::connections) {
    meter_.count("v100_http_refused_total", R"(reason="connections")", 1);
    return;  // closed by its owner going away
  }
  const ConnectionId id = ++last_id_;
  auto connection = std::make_unique<Connection>(*this, id, std::move(fd), peer);
  Connection& made = *connection;
  connections_.emplace(id, std::move(connection));
  meter_.gauge("v100_http_connections", label_, static_cast<std::int64_t>(connections_.size()));
  made.start();
}

void HttpServer::answer(ConnectionId id, Response response) {
  if (const auto found = connections_.find(id); found != connections_.end()) {
    found->second->answer(std::move(response));
  }
}

void HttpServer::send(ConnectionId socket, Bytes message, bool binary) {
  if (const auto found = connections_.find(socket); found != connections_.end()) {
    found->second->send(message, binary);
  }
}

void HttpServer::close(ConnectionId socket, std::uint16_t code, std::string_view reason) {
  if (const auto found = connections_.find(socket); found != connections_.end()) {
    found->second->close_socket(code, reason);
  }
}

// The connection is destroyed when no callback of its own can be running.
void HttpServer::forget(ConnectionId id) {
  loop_.later([this, id] {
    connections_.erase(id);
    meter_.gauge("v100_http_connections", label_, static_cast<std::int64_t>(connections_.size()));
  });
}

void HttpServer::drain() { draining_ = true; }

void HttpServer::close_all(std::uint16_t code, std::string_view reason) {
  for (const auto& [id, connection] : connections_) {
    connection->close(code, reason);
  }
}

void HttpServer::sweep() {
  for (const auto& [id, connection] : connections_) {
    connection->check_time(loop_.now());
  }
  sweep_ = loop_.after(sweep_every, [this] { sweep(); });
}

// RFC 9110 §5.6.7, made once a second.
std::string_view HttpServer::date() {
  const std::int64_t now_s = clock_.wall().value() / 1000;
  if (now_s != date_s_) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    date_s_ = now_s;
    const std::time_t seconds = static_cast<std::time_t>(now_s);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT",
                  days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    date_ = text;
  }
  return date_;
}

}  // namespace v100::net
