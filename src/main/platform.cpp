#include "main/platform.h"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <iterator>
#include <openssl/crypto.h>

#include "base/cpu.h"
#include "base/limits.h"
#include "bus/bus.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/machine.h"
#include "io/signals.h"
#include "io/tls.h"
#include "io/udp.h"
#include "io/world.h"
#include "main/acme_runner.h"
#include "main/certificate.h"
#include "main/gateway.h"
#include "main/log.h"
#include "main/meter.h"
#include "main/services.h"
#include "main/version.h"
#include "main/web_client.h"
#include "net/http_server.h"
#include "rtc/dtls.h"
#include "store/store.h"
#include "svc/gateway/service.h"
#include "svc/identity/accounts.h"
#include "wire/ws.h"

namespace v100 {
namespace {

constexpr Duration tick_every = Duration::milliseconds(10);
constexpr Duration goodbye_max = Duration::seconds(2);
constexpr const char* going_away = "the server is going away";

using Started = std::expected<void, std::string>;

// A burst is two seconds' worth.
Rate rate_of(int per_second) {
  return {.per_second_thousandths = per_second * std::int64_t{1000}, .burst = per_second * 2};
}

gateway::FrontLimits limits_of(const Config& config) {
  gateway::FrontLimits limits;
  limits.per_address = rate_of(config.rate_address);
  limits.per_key = rate_of(config.rate_key);
  limits.per_tenant = rate_of(config.rate_tenant);
  limits.origins = config.cors_origins;
  return limits;
}

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
  struct Running {
    const char* name;
    std::unique_ptr<Service> service;
  };

  Started open_data();
  Started open_tls();
  Started open_ports();
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

Server::~Server() {
  // Services first: their replies still find the gateway, the servers and the store.
  for (auto it = services_.rbegin(); it != services_.rend(); ++it) {
    it->service->close();
  }
  if (gateway_ != nullptr) {
    gateway_->forget_handlers();
  }
  if (bus_ != nullptr) {
    bus_->close();
  }
  if (store_ != nullptr) {
    store_->close();
  }
  while (!services_.empty()) {
    services_.pop_back();
  }
  if (gateway_ != nullptr) {
    gateway_->set_server(nullptr);
  }
}

Started Server::open() {
  for (const auto step : {&Server::open_data, &Server::open_tls, &Server::open_ports,
                          &Server::open_acme, &Server::open_services}) {
    if (Started s = (this->*step)(); !s) {
      return s;
    }
  }
  return {};
}

Started Server::open_data() {
  io::raise_open_files();
  if (const Result<void> made = io::make_folder(config_.data); !made) {
    return std::unexpected(
        fmt::format("the data folder {} cannot be made ({}). Choose another with --data DIR.",
                    config_.data, made.error().what));
  }
  data_ = io::absolute(config_.data);
  log_ = JsonLog::open(config_.log_file, config_.log_level);
  if (log_ == nullptr) {
    return std::unexpected(fmt::format("the log file {} cannot be opened.", config_.log_file));
  }
  Result<io::Fd> lock = io::lock_file(data_ + "/lock");
  if (!lock) {
    return std::unexpected(
        lock.error().code == Errc::conflict
            ? fmt::format(
                  "another v100 serves from {}. Stop it, or choose another folder with --data DIR.",
                  data_)
            : fmt::format("the data folder {} is not writable. Choose another with --data DIR.",
                          data_));
  }
  lock_ = std::move(*lock);
  signals_ = std::make_unique<io::Signals>(loop_, [this](int number) { on_signal(number); });
  Result<std::unique_ptr<store::SqliteStore>> store = store::open_sqlite(
      {.path = data_ + "/v100.db", .post_to_loop = [this](std::move_only_function<void()> task) {
         loop_.post(std::move(task));
       }});
  if (!store) {
    return std::unexpected(
        fmt::format("the database {}/v100.db cannot be opened ({}).", data_, store.error().what));
  }
  store_ = std::move(*store);
  return {};
}

Started Server::open_tls() {
  if (config_.insecure_http) {
    return {};
  }
  std::expected<Certificate, std::string> certificate = load_certificate(config_, data_);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  certificate_ = std::move(*certificate);
  if (certificate_.made_now) {
    log_->write(Level::info, "tls.certificate_made", {{"sha256", certificate_.fingerprint}});
  }
  Result<std::unique_ptr<io::TlsServer>> tls =
      io::TlsServer::create(certificate_.identity, {.strict = config_.strict});
  if (!tls) {
    return std::unexpected(
        fmt::format("TLS cannot start: {} ({}).", tls.error().what, certificate_.source));
  }
  tls_ = std::move(*tls);
  return {};
}

std::string Server::port_problem(const char* setting, const Address& address,
                                 const Error& error) const {
  switch (error.code) {
    case Errc::conflict:
      return fmt::format(
          "{} is in use by another program. Stop it, or choose another port with --{}.",
          address.text(), setting);
    case Errc::forbidden:
      return fmt::format(
          "{} may not be used without privileges. Choose a port above 1023 with --{}, or grant "
          "CAP_NET_BIND_SERVICE.",
          address.text(), setting);
    default:
      return fmt::format("{} is no address of this machine. Choose another with --{}.",
                         address.text(), setting);
  }
}

Started Server::open_ports() {
  const std::string version_json = fmt::format(
      R"({{"version":"{}","commit":"{}","compiler":"{}","kernel":"{}","openssl":"{}"}})", version,
      commit, compiler, name(cpu_isa()), OpenSSL_version(OPENSSL_VERSION_STRING));
  gateway_ = std::make_unique<Gateway>(GatewayOptions{.hsts = certificate_.trusted,
                                                      .assets = web_client(),
                                                      .version_json = version_json,
                                                      .limits = limits_of(config_)},
                                       Gateway::World{loop_, clock_, random_, *log_, meter_});
  gateway_->set_readiness([this] { return readiness(); });
  gateway_->before_metrics([this] { fill_metrics(); });
  auto site = net::HttpServer::open(
      loop_, {.bind = config_.listen, .tls = tls_.get(), .reuse_port = false, .name = "public"},
      gateway_->public_site(), clock_, *log_, meter_);
  if (!site) {
    return std::unexpected(port_problem("listen", config_.listen, site.error()));
  }
  public_ = std::move(*site);
  gateway_->set_server(public_.get());
  auto health = net::HttpServer::open(
      loop_, {.bind = config_.health_listen, .tls = nullptr, .reuse_port = false, .name = "health"},
      gateway_->health_site(), clock_, *log_, meter_);
  if (!health) {
    return std::unexpected(port_problem("health-listen", config_.health_listen, health.error()));
  }
  health_ = std::move(*health);
  Address media = config_.listen;
  media.port = config_.udp_port;
  auto socket =
      io::UdpSocket::open(loop_, {.bind = media}, [this](Instant now, std::span<Datagram> batch) {
        if (DatagramHandler* handler = gateway_->datagrams()) {
          handler->on_datagrams(now, batch);
        }
      });
  if (!socket) {
    return std::unexpected(port_problem("udp-port", media, socket.error()));
  }
  media_.socket = std::move(*socket);
  return {};
}

Started Server::open_acme() {
  if (config_.acme_domains.empty() || tls_ == nullptr) {
    return {};
  }
  acme_ = std::make_unique<AcmeRunner>(AcmeRunner::Parts{
      config_, data_ + "/acme", loop_, clock_, *log_, meter_,
      [this](const io::TlsIdentity& identity) {
        const Result<void> used = tls_->replace_identity(identity);
        log_->write(used ? Level::info : Level::error, "tls.reload",
                    {{"ok", used ? 1 : 0}, {"why", used ? "" : used.error().what}});
      }});
  if (const Result<void> started = acme_->start(public_->local().port); !started) {
    return std::unexpected(port_problem("acme-listen", config_.acme_listen, started.error()));
  }
  return {};
}

Started Server::open_services() {
  const std::uint16_t port = media_.socket->local().port;
  for (const std::string& text : config_.announce) {
    candidates_.push_back(Address::parse(text, port).value());
  }
  const bool everywhere = config_.listen.ip == ByteArray<16>{} ||
                          config_.listen.ip == Address::parse("0.0.0.0", 0).value().ip;
  std::vector<Address> own =
      everywhere ? io::local_addresses() : std::vector<Address>{config_.listen};
  if (own.empty()) {
    own.push_back(Address::parse("127.0.0.1", 0).value());
  }
  for (Address address : own) {
    address.port = port;
    candidates_.push_back(address);
  }
  bus_ =
      std::make_unique<bus::LocalBus>(meter_, [this] { loop_.later([this] { bus_->deliver(); }); });
  auto dtls = rtc::DtlsContext::make(clock_.wall().value() / 1000);
  if (!dtls) {
    return std::unexpected(fmt::format("DTLS cannot start: {}.", dtls.error().what));
  }
  dtls_ = std::move(*dtls);
  parts_ = std::make_unique<Parts>(
      Parts{env(),
            *gateway_,
            media_,
            dtls_.get(),
            candidates_,
            port,
            config_,
            data_,
            intake_,
            [this](std::move_only_function<void()> task) { loop_.post(std::move(task)); },
            {},
            nullptr,
            {}});
  const auto rows = choose_services(table_, config_.run);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  for (const ServiceRow& row : *rows) {
    std::unique_ptr<Service> service = row.make(*parts_);
    if (service == nullptr) {
      return std::unexpected(parts_->problem);
    }
    services_.push_back({row.name, std::move(service)});
    services_.back().service->open(gateway_->router_of(row.name, *bus_));
  }
  if (Started s = open_gate(); !s) {
    return s;
  }
  loop_.after(tick_every, [this] { tick(); });
  loop_.end_of_turn([this] {
    gateway_->end_of_turn();
    bus_->deliver();  // what its handlers asked, so that it is part of this turn's batches
    for (const Running& running : services_) {
      running.service->end_of_turn(loop_.now());
    }
  });
  return {};
}

// Who may sign, and the gateway's own routes.
Started Server::open_gate() {
  kem_ = std::unique_ptr<xwing::PrivateKey>(
      new xwing::PrivateKey(xwing::PrivateKey::generate(random_)));
  sessions_ = std::make_unique<auth::Sessions>(auth::SessionsOptions{}, random_);
  gate_ = std::make_unique<auth::Gate>(auth::GateOptions{},
                                       parts_->directory != nullptr ? *parts_->directory : nobody_,
                                       sessions_.get(), random_, clock_.wall());
  const bool attested = std::ranges::any_of(
      services_, [](const Running& r) { return std::string_view(r.name) == "attest"; });
  gateway_->front().use(gate_.get(), attested ? &intake_ : nullptr);
  services_.push_back({"gateway", gateway::make_gateway_service({.clock = clock_,
                                                                 .sessions = sessions_.get(),
                                                                 .kem = kem_.get(),
                                                                 .front = &gateway_->front()})});
  services_.back().service->open(gateway_->router_of("gateway", *bus_));
  first_token_ = parts_->first_token ? parts_->first_token() : std::string();
  return {};
}

void Server::tick() {
  gateway_->tick();
  for (const Running& running : services_) {
    running.service->tick(loop_.now());
  }
  loop_.after(tick_every, [this] { tick(); });
}

std::string Server::readiness() const {
  if (draining_) {
    return "draining";
  }
  for (const Running& running : services_) {
    if (!running.service->ready()) {
      return fmt::format("{} is not ready", running.name);
    }
  }
  return {};
}

void Server::fill_metrics() {
  const io::ProcessUsage usage = io::process_usage();
  meter_.gauge("process_resident_memory_bytes", "",
               static_cast<std::int64_t>(usage.resident_bytes));
  meter_.gauge("process_open_fds", "", static_cast<std::int64_t>(usage.open_files));
  meter_.gauge("v100_process_cpu_microseconds", "", static_cast<std::int64_t>(usage.cpu_us));
  meter_.gauge("v100_ready", "", readiness().empty() ? 1 : 0);
  meter_.gauge("v100_info",
               fmt::format(R"(version="{}",commit="{}",kernel="{}",pq_group="{}")", version, commit,
                           name(cpu_isa()), tls_ != nullptr ? tls_->group_provider() : "none"),
               1);
  meter_.gauge("v100_ws_connections", "", static_cast<std::int64_t>(public_->sockets()));
  public_->tell(meter_);
  health_->tell(meter_);
  const io::UdpCounters& now = media_.socket->counters();
  const auto add = [this](const char* metric, std::uint64_t& told, std::uint64_t total) {
    meter_.count(metric, "", total - std::exchange(told, total));
  };
  add("v100_udp_received_total", told_.received, now.received);
  add("v100_udp_received_bytes_total", told_.received_bytes, now.received_bytes);
  add("v100_udp_sent_total", told_.sent, now.sent);
  add("v100_udp_sent_bytes_total", told_.sent_bytes, now.sent_bytes);
  add("v100_udp_oversized_total", told_.oversized, now.oversized);
  add("v100_udp_refused_total", told_.refused, now.refused);
}

std::string Server::greeting() const {
  const std::string scheme = tls_ != nullptr ? "https" : "http";
  const std::uint16_t port = public_->local().port;
  const Address& at = config_.listen;
  const bool local_only = at.is_ipv4() && at.ipv4()[0] == 127;
  std::string out = fmt::format("V100 {} is up.\n\n", version);
  const auto line = [&out](std::string_view label, const std::string& text) {
    fmt::format_to(std::back_inserter(out), "  {:<13}{}\n", label, text);
  };
  line("Open", fmt::format("{}://localhost:{}/", scheme, port));
  if (!local_only) {
    for (const Address& address : candidates_) {
      Address shown = address;
      shown.port = port;
      line("", fmt::format("{}://{}/", scheme, shown.text()));
    }
  }
  if (tls_ != nullptr) {
    line("Key exchange",
         fmt::format(
             "X25519MLKEM768 by {}; {}",
             std::string_view(tls_->group_provider()) == "v100" ? "V100 on OpenSSL" : "OpenSSL",
             config_.strict ? "clients without it are refused"
                            : "classical clients are served and labelled"));
    line("Certificate", certificate_.source);
  } else {
    line("Key exchange", "none: plain HTTP on loopback, for development");
  }
  line("Kernels", fmt::format("keccak {}, ml-kem {}, ml-dsa {}", keccak::kernel_name(),
                              mlkem::kernel_name(), mldsa::kernel_name()));
  if (!first_token_.empty()) {
    const std::string server =
        port == 8443 ? "" : fmt::format(" --server {}://localhost:{}", scheme, port);
    line("First key", "nobody may sign API requests yet; within a day, on this machine:");
    line("", fmt::format("v100 admin enrol{} --key admin.pem --token {}", server, first_token_));
  }
  std::string media;
  for (const Address& address : candidates_) {
    media.append(media.empty() ? "" : ", ").append(address.text());
  }
  line("Media", fmt::format("UDP {}", media));
  std::string names;
  for (const Running& running : services_) {
    names.append(names.empty() ? "" : ", ").append(running.name);
  }
  line("Services", names.empty() ? "none" : names);
  line("Data", data_);
  line("Health", fmt::format("http://{}/readyz, /metrics", health_->local().text()));
  out.append("\nCtrl-C stops it; calls get a word of warning first.\n");
  return out;
}

int Server::run() {
  log_->write(Level::info, "serve.up",
              {{"version", version}, {"listen", public_->local().text()}, {"data", data_}});
  loop_.run();
  log_->write(Level::info, "serve.down", {{"cut", cut_ ? 1 : 0}});
  return cut_ ? 1 : 0;
}

void Server::on_signal(int number) {
  if (number == SIGHUP) {
    reload();
  } else if (draining_) {
    cut_ = true;
    loop_.stop();
  } else {
    drain();
  }
}

// Renewed certificate files and changed limits come into use without a restart, and without
// dropping a connection.
void Server::reload() {
  std::vector<std::string> arguments = config_.arguments;
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  const auto again = load_config(static_cast<int>(argv.size()), argv.data());
  if (again) {
    gateway_->front().reload(limits_of(again->config));
  }
  log_->write(again ? Level::info : Level::error, "limits.reload",
              {{"ok", again ? 1 : 0}, {"why", again ? "" : again.error().c_str()}});
  if (tls_ == nullptr) {
    return;
  }
  std::expected<Certificate, std::string> certificate = load_certificate(config_, data_);
  const Result<void> replaced = certificate ? tls_->replace_identity(certificate->identity)
                                            : fail(Errc::unavailable, "unreadable");
  log_->write(replaced ? Level::info : Level::error, "tls.reload",
              {{"ok", replaced ? 1 : 0},
               {"why", certificate ? (replaced ? "" : replaced.error().what)
                                   : certificate.error().c_str()}});
}

void Server::drain() {
  draining_ = true;
  log_->write(Level::info, "serve.draining",
              {{"seconds", config_.drain_seconds},
               {"sockets", static_cast<std::uint64_t>(public_->sockets())}});
  for (const Running& running : services_) {
    running.service->drain();
  }
  public_->drain();
  health_->drain();
  watch_drain(loop_.now() + Duration::seconds(config_.drain_seconds));
}

// Ends as soon as the last call is over, at the deadline otherwise.
void Server::watch_drain(Instant deadline) {
  if (public_->sockets() > 0 && loop_.now() < deadline) {
    loop_.after(Duration::milliseconds(50), [this, deadline] { watch_drain(deadline); });
    return;
  }
  public_->close_all(wire::ws_close::going_away, going_away);
  health_->close_all(wire::ws_close::going_away, going_away);
  const Instant last = loop_.now() + goodbye_max;
  // Close frames and answers go out; who does not take them in time is left.
  struct Wait {
    static void on(Server& server, Instant until) {
      if (server.public_->connections() == 0 || server.loop_.now() >= until) {
        server.loop_.stop();
      } else {
        server.loop_.after(Duration::milliseconds(20), [&server, until] { on(server, until); });
      }
    }
  };
  loop_.after(Duration::milliseconds(20), [this, last] { Wait::on(*this, last); });
}

}  // namespace

std::expected<std::unique_ptr<Platform>, std::string> Platform::start(
    const Config& config, std::span<const ServiceRow> table) {
  auto server = std::make_unique<Server>(config, table);
  if (Started opened = server->open(); !opened) {
    return std::unexpected(opened.error());
  }
  return server;
}

}  // namespace v100
