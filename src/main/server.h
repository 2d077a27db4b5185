// The running server behind Platform: what it is made of. server_run.cpp has what it does once all
// is open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "bus/bus.h"
#include "io/loop.h"
#include "io/signals.h"
#include "io/tls.h"
#include "io/udp.h"
#include "io/world.h"
#include "main/acme_runner.h"
#include "main/certificate.h"
#include "main/gateway.h"
#include "main/log.h"
#include "main/meter.h"
#include "main/platform.h"
#include "net/http_server.h"
#include "rtc/dtls.h"
#include "store/store.h"
#include "svc/gateway/service.h"
#include "svc/identity/accounts.h"

namespace v100 {

using Started = std::expected<void, std::string>;

// The limits that a reload reads again.
gateway::FrontLimits limits_of(const Config& config);

// The media socket, as services see it.
class MediaPort final : public Datagrams {
 public:
  std::unique_ptr<io::UdpSocket> socket;
  void send(std::span<const Datagram> batch) override { socket->send(batch); }
};

class Server final : public Platform {
 public:
  Server(const Config& config, std::span<const ServiceRow> table)
      : config_(config), table_(table) {}
  ~Server() override;

  Started open();
  std::string greeting() const override;
  int run() override;

 private:
  static constexpr Duration tick_every = Duration::milliseconds(10);
  struct Running {
    const char* name;
    std::unique_ptr<Service> service;
  };

  Started open_data();
  Started open_tls();
  Started open_ports();
  void find_candidates(std::uint16_t port);
  Started open_services();
  Started open_gate();
  Started open_acme();
  std::string port_problem(const char* setting, const Address& address, const Error& error) const;
  std::string readiness() const;
  void fill_metrics();
  void tick();
  void on_signal(int number);
  void drain();
  void watch_drain(Instant deadline);
  void reload();
  Env env() { return {clock_, random_, *bus_, *store_, *log_, meter_}; }

  const Config config_;
  const std::span<const ServiceRow> table_;
  std::string data_;
  io::SystemClock clock_;
  io::SystemRandom random_;
  io::Loop loop_;
  TextMeter meter_;
  merkle::Intake intake_{0, limits::attest_pending, random_};
  std::unique_ptr<JsonLog> log_;
  io::Fd lock_;
  std::unique_ptr<io::Signals> signals_;
  Certificate certificate_;
  std::unique_ptr<io::TlsServer> tls_;
  std::unique_ptr<rtc::DtlsContext> dtls_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<bus::LocalBus> bus_;
  std::unique_ptr<Gateway> gateway_;
  MediaPort media_;
  std::vector<Address> candidates_;
  identity::Accounts nobody_;  // who may sign where the identity service does not run
  std::string first_token_;
  std::unique_ptr<xwing::PrivateKey> kem_;  // of this process: sessions end with it
  std::unique_ptr<auth::Sessions> sessions_;
  std::unique_ptr<auth::Gate> gate_;
  std::unique_ptr<Parts> parts_;
  std::vector<Running> services_;
  std::unique_ptr<net::HttpServer> public_, health_;
  std::unique_ptr<AcmeRunner> acme_;
  io::UdpCounters told_;  // what metrics already say of the media port
  bool draining_ = false, cut_ = false;
};

}  // namespace v100
