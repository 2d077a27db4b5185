// The server under HTTP load: the gateway as `v100 serve` runs it, with Gate, routes and
// attestation, on its own thread and core, with nothing but the generator to talk to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "auth/gate.h"
#include "auth/session.h"
#include "base/address.h"
#include "base/result.h"
#include "main/load_http_requests.h"
#include "net/http_server.h"
#include "svc/gateway/front.h"

namespace v100::load {

struct HttpServerPlan {
  int core = 0;  // the threads are pinned to it; negative: not pinned
  bool tls = false;
  bool attest = true;
};

// What the server has done so far; differences of two of these are the figures.
struct HttpServerSample {
  gateway::FrontCounters front;
  auth::GateCounters gate;
  std::uint64_t requests = 0, reads = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t sealed = 0;  // leaves in durable batches
};

// Made, asked and destroyed by the generator's thread; each call waits for the server's loop.
class LoadHttpServer {
 public:
  // Errors: unavailable (no socket, no folder for the log).
  static Result<std::unique_ptr<LoadHttpServer>> start(const HttpServerPlan& plan,
                                                       const std::vector<auth::Signer>& clients);
  ~LoadHttpServer();

  const Address& address() const noexcept;
  // Requests must be signed for this time or later.
  std::int64_t first_created_s() const noexcept;
  // To encapsulate sessions to.
  ByteArray<1216> kem_key() const noexcept;
  HttpServerSample sample();

 private:
  struct State;
  explicit LoadHttpServer(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace v100::load
