#include "main/platform.h"

#include <algorithm>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/cpu.h"
#include "io/file.h"
#include "io/machine.h"
#include "main/server.h"
#include "main/services.h"
#include "main/version.h"
#include "main/web_client.h"

namespace v100 {
namespace {

// A burst is two seconds' worth.
Rate rate_of(int per_second) {
  return {.per_second_thousandths = per_second * std::int64_t{1000}, .burst = per_second * 2};
}

}  // namespace

gateway::FrontLimits limits_of(const Config& config) {
  gateway::FrontLimits limits;
  limits.per_address = rate_of(config.rate_address);
  limits.per_key = rate_of(config.rate_key);
  limits.per_tenant = rate_of(config.rate_tenant);
  limits.origins = config.cors_origins;
  return limits;
}

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

// Where clients reach the media port: what the settings announce, then this machine's own
// addresses.
void Server::find_candidates(std::uint16_t port) {
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
}

Started Server::open_services() {
  const std::uint16_t port = media_.socket->local().port;
  find_candidates(port);
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

std::expected<std::unique_ptr<Platform>, std::string> Platform::start(
    const Config& config, std::span<const ServiceRow> table) {
  auto server = std::make_unique<Server>(config, table);
  if (Started opened = server->open(); !opened) {
    return std::unexpected(opened.error());
  }
  return server;
}

}  // namespace v100
