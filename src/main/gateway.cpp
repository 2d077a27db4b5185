#include "main/gateway.h"

#include <fmt/format.h>

namespace v100 {
namespace {

// No third party is ever asked for anything, and nothing is embedded anywhere.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src "
    "'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view permissions_policy =
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
    "screen-wake-lock=(self), clipboard-write=(self), speaker-selection=(self), autoplay=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), midi=()";

PeerInfo info_of(const net::Peer& peer) {
  return {.address = peer.address,
          .kex = std::string(peer.tls.group),
          .post_quantum = peer.tls.post_quantum};
}

bool is_loopback(const Address& address) {
  Address six;
  six.ip[15] = 1;
  return (address.is_ipv4() && address.ipv4()[0] == 127) || address.ip == six.ip;
}

// RFC 9457.
net::Response problem(int status, std::string_view title) {
  net::Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body =
      to_buffer(as_bytes(fmt::format(R"({{"title":"{}","status":{}}})", title, status)));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

net::Response json(std::string_view text) {
  net::Response response;
  response.content_type = "application/json";
  response.body = to_buffer(as_bytes(text));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

std::string security_lines(bool hsts) {
  return fmt::format(
      "Content-Security-Policy: {}\r\nCross-Origin-Opener-Policy: same-origin\r\n"
      "Cross-Origin-Embedder-Policy: require-corp\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Permissions-Policy: {}\r\nReferrer-Policy: no-referrer\r\n"
      "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n{}",
      content_security_policy, permissions_policy,
      hsts ? "Strict-Transport-Security: max-age=31536000\r\n" : "");
}

}  // namespace

// A service's WebSocket path: translates net's ids and peers.
class Gateway::SocketRoute final : public net::SocketEvents {
 public:
  explicit SocketRoute(SocketHandler& handler) : handler_(&handler) {}
  void on_open(net::ConnectionId socket, const net::Peer& peer, std::string_view query) override {
    if (handler_ != nullptr) {
      handler_->on_open(SocketId(socket), info_of(peer), query);
    }
  }
  void on_message(net::ConnectionId socket, Bytes message, bool binary) override {
    if (handler_ != nullptr) {
      handler_->on_message(SocketId(socket), message, binary);
    }
  }
  void on_close(net::ConnectionId socket, std::uint16_t code) override {
    if (handler_ != nullptr) {
      handler_->on_close(SocketId(socket), code);
    }
  }
  void forget() { handler_ = nullptr; }

 private:
  SocketHandler* handler_;  // null once the service is gone
};

class Gateway::ServiceRouter final : public Router {
 public:
  ServiceRouter(Gateway& gateway, std::string service, bus::LocalBus& bus)
      : gateway_(gateway), service_(std::move(service)), bus_(bus) {}
  void on(std::string_view method, Handler handler) override {
    bus_.on(service_, method, std::move(handler));
  }
  void http(std::string_view method, std::string_view path, HttpHandler handler) override {
    http_with({}, method, path, std::move(handler));
  }
  void http_with(const RoutePolicy& policy, std::string_view method, std::string_view path,
                 HttpHandler handler) override {
    gateway_.front_.routes().add(service_, policy, method, path).handler = std::move(handler);
  }
  void http_now(const RoutePolicy& policy, std::string_view method, std::string_view path,
                HttpNow handler) override {
    gateway_.front_.routes().add(service_, policy, method, path).now = std::move(handler);
  }
  void socket(std::string_view path, SocketHandler& handler) override {
    const bool added =
        gateway_.sockets_.emplace(std::string(path), std::make_unique<SocketRoute>(handler)).second;
    CHECK(added);
  }
  void datagrams(DatagramHandler& handler) override {
    CHECK(gateway_.datagrams_ == nullptr);
    gateway_.datagrams_ = &handler;
  }

 private:
  Gateway& gateway_;
  const std::string service_;
  bus::LocalBus& bus_;
};

class Gateway::PublicSite final : public net::Site {
 public:
  explicit PublicSite(Gateway& gateway) : gateway_(gateway) {}
  void on_request(const wire::HttpRequest& request, const net::Peer& peer,
                  net::Responder responder) override {
    gateway_.serve_public(request, peer, std::move(responder));
  }
  net::SocketEvents* socket_for(std::string_view path) override {
    const auto found = gateway_.sockets_.find(path);
    return found != gateway_.sockets_.end() ? found->second.get() : nullptr;
  }

 private:
  Gateway& gateway_;
};

class Gateway::HealthSite final : public net::Site {
 public:
  explicit HealthSite(Gateway& gateway) : gateway_(gateway) {}
  void on_request(const wire::HttpRequest& request, const net::Peer& /*peer*/,
                  net::Responder responder) override {
    if (!gateway_.serve_own(request, true, responder)) {
      responder.answer(net::Response::text(404, "/livez /readyz /metrics /version\n"));
    }
  }
  net::SocketEvents* socket_for(std::string_view /*path*/) override { return nullptr; }

 private:
  Gateway& gateway_;
};

Gateway::Gateway(GatewayOptions options, World world)
    : options_(std::move(options)),
      world_(world),
      page_lines_(security_lines(options_.hsts)),
      front_(options_.limits, {.clock = world.clock,
                               .random = world.random,
                               .log = world.log,
                               .outlet = *this,
                               .wake = [this] { world_.loop.finish(finish_call_); }}),
      public_site_(std::make_unique<PublicSite>(*this)),
      health_site_(std::make_unique<HealthSite>(*this)) {}
Gateway::~Gateway() = default;

Router& Gateway::router_of(const std::string& service, bus::LocalBus& bus) {
  routers_.push_back(std::make_unique<ServiceRouter>(*this, service, bus));
  return *routers_.back();
}
net::Site& Gateway::public_site() { return *public_site_; }
net::Site& Gateway::health_site() { return *health_site_; }

void Gateway::forget_handlers() {
  front_.forget_handlers();
  for (const auto& [path, route] : sockets_) {
    route->forget();
  }
  datagrams_ = nullptr;
}

void Gateway::send(SocketId socket, Bytes message, bool binary) {
  if (server_ != nullptr) {
    server_->send(socket.value(), message, binary);
  }
}

void Gateway::close(SocketId socket, std::uint16_t code, std::string_view reason) {
  if (server_ != nullptr) {
    server_->close(socket.value(), code, reason);
  }
}

void Gateway::add_security_headers(net::Response& response) const { response.lines = page_lines_; }

void Gateway::answer(wire::ExchangeId exchange, const wire::AnswerView& answer) {
  if (server_ != nullptr) {
    server_->answer(exchange, answer);
  }
}

void Gateway::end_of_turn() {
  const Instant began = world_.loop.now();
  const Instant now = world_.loop.fresh_now();
  front_.turn_took(now - began);
  front_.end_of_turn(now);
}

void Gateway::serve_public(const wire::HttpRequest& request, const net::Peer& peer,
                           net::Responder responder) {
  // Probes and tools on this machine may read the metrics here too; the world may not.
  if (serve_own(request, is_loopback(peer.address), responder)) {
    return;
  }
  const wire::ExchangeId exchange = responder.release();
  if (front_.on_request(request,
                        {.address = peer.address,
                         .kex = peer.tls.group,
                         .post_quantum = peer.tls.post_quantum,
                         .secure = peer.secure,
                         .exporter = peer.secure ? Bytes(peer.exporter) : Bytes()},
                        exchange, world_.loop.now())) {
    return;
  }
  net::Response response = serve_page(request);
  add_security_headers(response);
  server_->answer(exchange, response);
}

// What the server says of itself. True: answered.
bool Gateway::serve_own(const wire::HttpRequest& request, bool with_metrics,
                        net::Responder& responder) {
  const std::string_view path = request.path;
  if (path != "/livez" && path != "/readyz" && path != "/version" && path != "/metrics") {
    return false;
  }
  net::Response response;
  if (request.method != "GET" && request.method != "HEAD") {
    response = problem(405, "method not allowed");
    response.headers.emplace_back("Allow", "GET, HEAD");
  } else if (path == "/livez") {
    // Of this process alone: it turns, so it lives.
    response = net::Response::text(200, "ok\n");
  } else if (path == "/readyz") {
    const std::string reason = readiness_ ? readiness_() : "starting";
    response =
        reason.empty() ? net::Response::text(200, "ok\n") : net::Response::text(503, reason + "\n");
  } else if (path == "/version") {
    response = json(options_.version_json);
  } else if (with_metrics) {
    if (fill_metrics_) {
      fill_metrics_();
    }
    front_.tell(world_.meter);
    response = net::Response::text(200, world_.meter.text());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  } else {
    response = problem(403, "metrics are told on the health port");
  }
  if (response.headers.empty()) {
    response.headers.emplace_back("Cache-Control", "no-store");
  }
  add_security_headers(response);
  responder.answer(response);
  return true;
}

// The web client. A room's link opens the page: its secret stays behind '#', in the browser.
net::Response Gateway::serve_page(const wire::HttpRequest& request) const {
  const std::string_view path =
      request.path == "/index.html" || request.path.starts_with("/r/") ? "/" : request.path;
  if (const net::Asset* asset = net::find_asset(options_.assets, path)) {
    return net::serve_asset(*asset, request);
  }
  return problem(404, "not found");
}

}  // namespace v100
