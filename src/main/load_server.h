// The server under load: the sfu service on its own thread, core and media port, exactly as
// `v100 serve` runs it, with nothing but the generator to talk to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "io/udp.h"
#include "svc/sfu/api.h"

namespace v100::load {

struct LoadServerOptions {
  int core = 0;              // the thread is pinned to it; negative: not pinned
  bool segmentation = true;  // UDP_SEGMENT for runs of equal packets to one peer
};

// What the server's thread has done so far; differences of two of these are the figures.
struct ServerSample {
  std::int64_t cpu_ns = 0;  // CLOCK_THREAD_CPUTIME_ID
  io::UdpCounters udp;
  std::uint64_t connected = 0;  // transports that reached their keys
  std::uint64_t failed = 0;
  std::string dtls_group;  // of the last one that connected
  std::uint16_t dtls_version = 0;
};

// Made, asked and destroyed by the generator's thread; each call waits for the server's loop.
class LoadServer {
 public:
  // Errors: unavailable (no socket, no certificate).
  static Result<std::unique_ptr<LoadServer>> start(LoadServerOptions options);
  ~LoadServer();

  const Address& media_address() const noexcept;
  Result<std::string> offer(const sfu::Offer& offer);  // the SDP answer
  ServerSample sample();

 private:
  struct State;
  explicit LoadServer(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace v100::load
