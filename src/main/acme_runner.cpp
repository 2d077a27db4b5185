#include "main/acme_runner.h"

#include <atomic>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <thread>

#include "io/file.h"
#include "main/acme/acme.h"

namespace v100 {
namespace {

constexpr int renew_below_days = 30;
constexpr Duration check_every = Duration::seconds(6 * 3600);
constexpr Duration retry_after = Duration::seconds(3600);
constexpr std::string_view challenge_path = "/.well-known/acme-challenge/";
constexpr std::size_t pem_bytes_max = 256 * 1024;

std::string read_or_empty(const std::string& path) {
  const Result<Buffer> content = io::read_file(path, pem_bytes_max);
  return content ? std::string(as_text(*content)) : std::string();
}

}  // namespace

// What the authority's thread and the loop both touch.
struct AcmeRunner::Shared {
  acme::Challenges challenges;  // has its own lock
  std::mutex mutex;
  AcmeRunner* owner = nullptr;                       // guarded; null once the runner is gone
  std::optional<Result<acme::Certificate>> outcome;  // guarded
  std::string detail;                                // guarded
  std::atomic<bool> busy = false;
};

AcmeRunner::AcmeRunner(Parts parts)
    : parts_(std::move(parts)), shared_(std::make_shared<Shared>()) {
  shared_->owner = this;
}

AcmeRunner::~AcmeRunner() {
  const std::lock_guard lock(shared_->mutex);
  shared_->owner = nullptr;
  parts_.loop.cancel(timer_);
}

Result<void> AcmeRunner::start(std::uint16_t https_port) {
  https_port_ = https_port;
  server_ = TRY(net::HttpServer::open(
      parts_.loop,
      {.bind = parts_.config.acme_listen, .tls = nullptr, .reuse_port = false, .name = "acme"},
      *this, parts_.clock, parts_.log, parts_.meter));
  check();
  return {};
}

void AcmeRunner::check() {
  const std::string chain = read_or_empty(parts_.folder + "/cert.pem");
  const Result<int> days = acme::days_left(chain);
  if (!days || *days < renew_below_days) {
    obtain();
  }
  timer_ = parts_.loop.after(check_every, [this] { check(); });
}

// The authority may take two minutes; a thread waits for it, and the program does not wait for the
// thread when it ends.
void AcmeRunner::obtain() {
  if (shared_->busy.exchange(true)) {
    return;
  }
  acme::Options options;
  options.directory = parts_.config.acme_directory;
  options.domains = parts_.config.acme_domains;
  options.ca_file = parts_.config.acme_ca;
  options.contact =
      parts_.config.acme_contact.empty() || parts_.config.acme_contact.starts_with("mailto:")
          ? parts_.config.acme_contact
          : "mailto:" + parts_.config.acme_contact;
  options.account_key_pem = read_or_empty(parts_.folder + "/account.pem");
  parts_.log.write(Level::info, "acme.obtain", {{"domain", options.domains.front()}});
  std::thread([shared = shared_, options] {
    std::string detail;
    Result<acme::Certificate> outcome = acme::obtain(options, shared->challenges, &detail);
    const std::lock_guard lock(shared->mutex);
    shared->outcome.emplace(std::move(outcome));
    shared->detail = std::move(detail);
    shared->busy = false;
    if (AcmeRunner* owner = shared->owner) {
      owner->parts_.loop.post([shared] {
        // On the loop's thread, where the runner also dies.
        if (shared->owner != nullptr) {
          shared->owner->finished();
        }
      });
    }
  }).detach();
}

void AcmeRunner::finished() {
  std::optional<Result<acme::Certificate>> outcome;
  std::string detail;
  {
    const std::lock_guard lock(shared_->mutex);
    outcome.swap(shared_->outcome);
    detail.swap(shared_->detail);
  }
  if (!outcome) {
    return;
  }
  parts_.meter.count("v100_acme_total", *outcome ? R"(result="obtained")" : R"(result="failed")",
                     1);
  if (!*outcome) {
    parts_.log.write(Level::error, "acme.failed",
                     {{"why", outcome->error().what}, {"detail", detail}});
    parts_.loop.cancel(timer_);
    timer_ = parts_.loop.after(retry_after, [this] { check(); });
    return;
  }
  const acme::Certificate& got = **outcome;
  Result<void> kept = io::make_folder(parts_.folder);
  kept = kept ? io::write_file(parts_.folder + "/account.pem", as_bytes(got.account_key_pem),
                               {.mode = 0600})
              : kept;
  kept = kept ? io::write_file(parts_.folder + "/key.pem", as_bytes(got.key_pem), {.mode = 0600})
              : kept;
  kept = kept ? io::write_file(parts_.folder + "/cert.pem", as_bytes(got.chain_pem), {.mode = 0644})
              : kept;
  parts_.log.write(kept ? Level::info : Level::error, "acme.obtained",
                   {{"kept", kept ? 1 : 0}, {"why", kept ? "" : kept.error().what}});
  parts_.use({got.chain_pem, got.key_pem});
}

void AcmeRunner::on_request(const wire::HttpRequest& request, const net::Peer& /*peer*/,
                            net::Responder responder) {
  if (request.path.starts_with(challenge_path)) {
    const std::string answer =
        shared_->challenges.answer(request.path.substr(challenge_path.size()));
    responder.answer(answer.empty() ? net::Response::text(404, "no such challenge\n")
                                    : net::Response::text(200, answer));
    return;
  }
  // Only to names that are ours: a redirect to whatever a client calls us would be an open one.
  net::Response response = net::Response::text(308, "this is served over HTTPS\n");
  const std::string port = https_port_ == 443 ? "" : fmt::format(":{}", https_port_);
  response.headers.emplace_back(
      "Location",
      fmt::format("https://{}{}{}", parts_.config.acme_domains.front(), port, request.path));
  responder.answer(std::move(response));
}

}  // namespace v100
