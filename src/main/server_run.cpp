// The server while it runs: ticks, metrics, what it says of itself, signals and the drained end.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <iterator>

#include "base/cpu.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "io/machine.h"
#include "main/server.h"
#include "main/version.h"
#include "wire/ws.h"

namespace v100 {
namespace {

constexpr Duration goodbye_max = Duration::seconds(2);
constexpr const char* going_away = "the server is going away";

}  // namespace

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

}  // namespace v100
