// Keeps a certificate from an ACME authority: obtains one when there is none, renews it a month
// before it ends, answers the authority's questions on the plain HTTP port and sends everyone else
// to HTTPS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/world.h"
#include "io/loop.h"
#include "io/tls.h"
#include "main/config.h"
#include "net/http_server.h"

namespace v100 {

class AcmeRunner final : public net::Site {
 public:
  struct Parts {
    const Config& config;
    std::string folder;  // where the certificate and the account's key are kept
    io::Loop& loop;
    Clock& clock;
    Log& log;
    Meter& meter;
    std::function<void(const io::TlsIdentity&)>
        use;  // called on the loop, for each new certificate
  };
  explicit AcmeRunner(Parts parts);
  ~AcmeRunner() override;

  // Opens the plain port and begins. Errors: as net::HttpServer::open's.
  Result<void> start(std::uint16_t https_port);

  void on_request(const wire::HttpRequest& request, const net::Peer& peer,
                  net::Responder responder) override;
  net::SocketEvents* socket_for(std::string_view) override { return nullptr; }

 private:
  struct Shared;  // outlives this object where a request to the authority is still under way
  void check();
  void obtain();
  void finished();

  Parts parts_;
  std::unique_ptr<net::HttpServer> server_;
  std::shared_ptr<Shared> shared_;
  std::uint16_t https_port_ = 443;
  io::Loop::TimerId timer_;
};

}  // namespace v100
