// Where net meets svc: routes of the services, their sockets, the web client, and what the server
// tells about itself. What happens to a request of a service's route is svc/gateway's. One object
// serves the public port and the health port of a shard.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "io/loop.h"
#include "main/meter.h"
#include "net/assets.h"
#include "net/http_server.h"
#include "svc/gateway/front.h"
#include "svc/service.h"

namespace v100 {

struct GatewayOptions {
  bool hsts = false;  // the certificate is one that browsers trust
  std::span<const net::Asset> assets;
  std::string version_json;
  gateway::FrontLimits limits = {};
};

class Gateway final : public Sockets, private gateway::Outlet {
 public:
  struct World {
    io::Loop& loop;
    Clock& clock;
    Random& random;
    Log& log;
    TextMeter& meter;
  };
  Gateway(GatewayOptions options, World world);
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
  gateway::Front& front() noexcept { return front_; }
  // To be called in these places of a turn and by the services' timer.
  void end_of_turn();
  void tick() { front_.tick(world_.loop.now()); }
  void forget_handlers();  // before the services die

  void send(SocketId socket, Bytes message, bool binary) override;
  void close(SocketId socket, std::uint16_t code, std::string_view reason) override;

 private:
  class ServiceRouter;
  class PublicSite;
  class HealthSite;
  class SocketRoute;
  struct Finish final : io::Call {
    explicit Finish(Gateway& g) noexcept : gateway(g) {}
    void run() override { gateway.front_.finish(gateway.world_.loop.now()); }
    Gateway& gateway;
  };

  void answer(wire::ExchangeId exchange, const wire::AnswerView& answer) override;
  void serve_public(const wire::HttpRequest& request, const net::Peer& peer,
                    net::Responder responder);
  bool serve_own(const wire::HttpRequest& request, bool with_metrics, net::Responder& responder);
  net::Response serve_page(const wire::HttpRequest& request) const;
  void add_security_headers(net::Response& response) const;

  const GatewayOptions options_;
  const World world_;
  std::string page_lines_;  // security headers of pages, ready to be sent
  Finish finish_call_{*this};
  gateway::Front front_;
  net::HttpServer* server_ = nullptr;
  std::function<std::string()> readiness_;
  std::function<void()> fill_metrics_;
  std::map<std::string, std::unique_ptr<SocketRoute>, std::less<>> sockets_;
  std::vector<std::unique_ptr<ServiceRouter>> routers_;
  DatagramHandler* datagrams_ = nullptr;
  std::unique_ptr<PublicSite> public_site_;
  std::unique_ptr<HealthSite> health_site_;
};

}  // namespace v100
