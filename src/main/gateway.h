// Where net meets svc: routes of the services, their sockets, the web client, and what the server
// tells about itself. One object serves the public port and the health port of a shard.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "main/meter.h"
#include "net/assets.h"
#include "net/http_server.h"
#include "svc/service.h"

namespace v100 {

struct GatewayOptions {
  bool hsts = false;  // the certificate is one that browsers trust
  std::span<const net::Asset> assets;
  std::string version_json;
};

class Gateway final : public Sockets {
 public:
  Gateway(GatewayOptions options, Clock& clock, TextMeter& meter);
  ~Gateway() override;

  // The Router of one service. Lives as long as the gateway.
  Router& router_of(const std::string& service, bus::LocalBus& bus);
  net::Site& public_site();
  net::Site& health_site();
  // Asked by /readyz: an empty text is "ready", else the reason.
  void set_readiness(std::function<std::string()> ask) { readiness_ = std::move(ask); }
  // Run before /metrics is told, to fill in gauges.
  void before_metrics(std::function<void()> fill) { fill_metrics_ = std::move(fill); }
  void set_server(net::HttpServer* server) { server_ = server; }
  DatagramHandler* datagrams() const { return datagrams_; }
  void forget_handlers();  // before the services die

  void send(SocketId socket, Bytes message, bool binary) override;
  void close(SocketId socket, std::uint16_t code, std::string_view reason) override;

 private:
  class ServiceRouter;
  class PublicSite;
  class HealthSite;
  class SocketRoute;

  void serve_public(const wire::HttpRequest& request, const net::Peer& peer,
                    net::Responder responder);
  bool serve_own(const wire::HttpRequest& request, bool with_metrics, net::Responder& responder);
  bool serve_route(const wire::HttpRequest& request, const net::Peer& peer,
                   net::Responder& responder);
  net::Response serve_page(const wire::HttpRequest& request) const;
  void add_security_headers(net::Response& response) const;

  const GatewayOptions options_;
  Clock& clock_;
  TextMeter& meter_;
  net::HttpServer* server_ = nullptr;
  std::function<std::string()> readiness_;
  std::function<void()> fill_metrics_;
  // path -> method -> handler; paths that end in '/' are prefixes
  std::map<std::string, std::map<std::string, Router::HttpHandler, std::less<>>, std::less<>>
      routes_;
  std::map<std::string, std::unique_ptr<SocketRoute>, std::less<>> sockets_;
  std::vector<std::unique_ptr<ServiceRouter>> routers_;
  DatagramHandler* datagrams_ = nullptr;
  std::unique_ptr<PublicSite> public_site_;
  std::unique_ptr<HealthSite> health_site_;
};

}  // namespace v100
