#include "main/load_http_server.h"

#include <future>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <unordered_map>

#include "crypto/hybrid/xwing_native.h"
#include "io/loop.h"
#include "io/machine.h"
#include "io/tls.h"
#include "io/world.h"
#include "main/gateway.h"
#include "merkle/intake.h"
#include "svc/gateway/service.h"

namespace v100::load {
namespace {

constexpr Duration tick_interval = Duration::milliseconds(10);  // Service::tick's contract
constexpr std::size_t leaves_max = 1u << 20;

class NoLog final : public Log {
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
};

// The generator's own keys.
class LoadDirectory final : public auth::KeyDirectory {
 public:
  explicit LoadDirectory(const std::vector<auth::Signer>& clients) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      auth::KeyRecord record;
      record.public_key = clients[i].public_key().bytes;
      record.owner = i + 1;
      keys_.emplace(clients[i].id(), std::move(record));
    }
  }
  const auth::KeyRecord* find(const auth::KeyId& id) const override {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  std::uint64_t generation() const override { return 1; }

 private:
  std::unordered_map<auth::KeyId, auth::KeyRecord, auth::KeyIdHash> keys_;
};

auth::GateOptions gate_options() {
  auth::GateOptions options;
  options.window_back = Duration::seconds(600);  // requests are signed ahead
  return options;
}

gateway::FrontLimits no_limits() {
  gateway::FrontLimits limits;
  limits.per_address = {.per_second_thousandths = 0, .burst = 0};
  limits.turn_max = Duration::seconds(10);
  return limits;
}

}  // namespace

// All members but `thread`, `address` and what `loop` offers other threads belong to the server's
// thread while it runs.
struct LoadHttpServer::State {
  State(const HttpServerPlan& p, const std::vector<auth::Signer>& clients)
      : plan(p),
        directory(clients),
        kem(xwing::PrivateKey::generate(random)),
        started(clock.wall()),
        sessions({.most = 65'536, .per_key = 64, .shard = 0}, random),
        gate(gate_options(), directory, &sessions, random, started),
        intake(0, leaves_max, random),
        gateway({.hsts = false, .assets = {}, .version_json = "{}", .limits = no_limits()},
                {loop, clock, random, log, meter}) {}

  const HttpServerPlan plan;
  io::Loop loop;
  io::SystemClock clock;
  io::SystemRandom random;
  NoLog log;
  TextMeter meter;
  LoadDirectory directory;
  xwing::PrivateKey kem;
  WallTime started;
  auth::Sessions sessions;
  auth::Gate gate;
  merkle::Intake intake;
  bus::LocalBus bus{meter, [this] { loop.later([this] { bus.deliver(); }); }};
  Gateway gateway;
  std::unique_ptr<Service> own;
  std::unique_ptr<io::TlsServer> tls;
  std::unique_ptr<net::HttpServer> server;
  Address address;
  std::thread thread;

  void tick() {
    gateway.tick();
    own->tick(loop.now());
    loop.after(tick_interval, [this] { tick(); });
  }

  // Runs `work` on the server's thread and waits for what it returns.
  template <class Work>
  auto ask(Work work) {
    std::promise<decltype(work())> promise;
    auto answer = promise.get_future();
    loop.post([&promise, &work] { promise.set_value(work()); });
    return answer.get();
  }
};

LoadHttpServer::LoadHttpServer(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Result<std::unique_ptr<LoadHttpServer>> LoadHttpServer::start(
    const HttpServerPlan& plan, const std::vector<auth::Signer>& clients) {
  auto state = std::make_unique<State>(plan, clients);
  State& s = *state;
  const Address loopback = TRY(Address::parse("127.0.0.1", 0));
  if (plan.tls) {
    const std::string names[] = {"localhost", "127.0.0.1"};
    const io::TlsIdentity identity = TRY(io::make_self_signed(names, 1));
    s.tls = TRY(io::TlsServer::create(identity, {}));
  }
  s.server = TRY(net::HttpServer::open(
      s.loop, {.bind = loopback, .tls = s.tls.get(), .reuse_port = true, .name = "load"},
      s.gateway.public_site(), s.clock, s.log, s.meter));
  s.address = s.server->local();
  s.gateway.set_server(s.server.get());
  s.gateway.set_readiness([] { return std::string(); });
  s.gateway.front().use(&s.gate, plan.attest ? &s.intake : nullptr);
  s.own = gateway::make_gateway_service(
      {.clock = s.clock, .sessions = &s.sessions, .kem = &s.kem, .front = &s.gateway.front()});
  s.own->open(s.gateway.router_of("gateway", s.bus));
  s.loop.end_of_turn([&s] {
    s.gateway.end_of_turn();
    s.own->end_of_turn(s.loop.now());
  });
  s.intake.open(0);
  s.tick();
  s.thread = std::thread([&s, core = plan.core] {
    if (core >= 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(static_cast<std::size_t>(core), &set);
      pthread_setaffinity_np(pthread_self(), sizeof set, &set);  // refused: it runs where it may
    }
    s.loop.run();
  });
  return std::unique_ptr<LoadHttpServer>(new LoadHttpServer(std::move(state)));
}

LoadHttpServer::~LoadHttpServer() {
  state_->loop.stop();
  state_->thread.join();
  state_->own->close();
  state_->gateway.forget_handlers();
  state_->gateway.set_server(nullptr);
}

const Address& LoadHttpServer::address() const noexcept { return state_->address; }

std::int64_t LoadHttpServer::first_created_s() const noexcept {
  return state_->started.value() / 1000 + 3;
}

ByteArray<1216> LoadHttpServer::kem_key() const noexcept {
  ByteArray<1216> out;
  copy(out, state_->kem.public_key().bytes());
  return out;
}

HttpServerSample LoadHttpServer::sample() {
  return state_->ask([&s = *state_] {
    return HttpServerSample{.front = s.gateway.front().counters(),
                            .gate = s.gate.counters(),
                            .requests = s.server->counters().requests,
                            .reads = s.server->counters().reads,
                            .resident_bytes = io::process_usage().resident_bytes,
                            .sealed = s.intake.committed_size()};
  });
}

}  // namespace v100::load
