#include "main/load_server.h"

#include <ctime>
#include <future>
#include <map>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <utility>

#include "io/loop.h"
#include "io/world.h"
#include "rtc/dtls.h"
#include "svc/sfu/sfu.h"

namespace v100::load {
namespace {

constexpr Duration tick_interval = Duration::milliseconds(10);  // Service::tick's contract

class NoStore final : public Store {
  Result<Buffer> get(std::string_view, std::string_view) override {
    return fail(Errc::not_found, "load: nothing is stored");
  }
  Result<std::vector<Record>> scan(std::string_view, std::string_view, std::size_t) override {
    return std::vector<Record>{};
  }
  void commit(Batch, Done done) override {
    done(fail(Errc::unavailable, "load: nothing is stored"));
  }
};

class NoLog final : public Log {
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
};

class NoMeter final : public Meter {
  void count(std::string_view, std::string_view, std::uint64_t) override {}
  void gauge(std::string_view, std::string_view, std::int64_t) override {}
};

// Takes what the sfu tells signaling.
class EventBus final : public Bus {
 public:
  void call(std::string_view, std::string_view, Bytes, Reply::Sink done) override {
    done(fail(Errc::not_found, "load: no such service"));
  }
  void post(std::string_view service, std::string_view method, Bytes request) override {
    if (service != "signaling" || method != "sfu") {
      return;
    }
    const Result<sfu::Event> event = sfu::decode_event(request);
    if (event && event->kind == sfu::EventKind::connected) {
      ++connected;
      dtls_group = event->dtls_group;
      dtls_version = event->dtls_version;
    } else if (event && event->kind == sfu::EventKind::failed) {
      ++failed;
    }
  }

  std::uint64_t connected = 0, failed = 0;
  std::string dtls_group;
  std::uint16_t dtls_version = 0;
};

class OneRouter final : public Router {
 public:
  void on(std::string_view method, Handler handler) override {
    handlers.emplace(method, std::move(handler));
  }
  void http(std::string_view, std::string_view, HttpHandler) override {}
  void socket(std::string_view, SocketHandler&) override {}
  void datagrams(DatagramHandler& handler) override { media = &handler; }

  std::map<std::string, Handler, std::less<>> handlers;
  DatagramHandler* media = nullptr;
};

class SocketDatagrams final : public Datagrams {
 public:
  void send(std::span<const Datagram> batch) override { socket->send(batch); }
  io::UdpSocket* socket = nullptr;
};

void pin_to(int core) {
  if (core >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);  // refused: it runs where it may
  }
}

std::int64_t thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

// All members but `thread`, `address` and what `loop` offers other threads belong to the server's
// thread while it runs.
struct LoadServer::State {
  io::Loop loop;
  io::SystemClock clock;
  io::SystemRandom random;
  EventBus bus;
  NoStore store;
  NoLog log;
  NoMeter meter;
  OneRouter router;
  SocketDatagrams datagrams;
  std::unique_ptr<rtc::DtlsContext> dtls;
  std::unique_ptr<io::UdpSocket> socket;
  std::unique_ptr<Service> service;
  Address address;
  std::thread thread;

  void tick() {
    service->tick(loop.now());
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

LoadServer::LoadServer(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Result<std::unique_ptr<LoadServer>> LoadServer::start(LoadServerOptions options) {
  auto state = std::make_unique<State>();
  State& s = *state;
  s.dtls = TRY(rtc::DtlsContext::make(s.clock.wall().value() / 1000));
  const Address loopback = TRY(Address::parse("127.0.0.1", 0));
  io::UdpOptions udp{.bind = loopback};
  udp.segmentation = options.segmentation;
  s.socket = TRY(io::UdpSocket::open(s.loop, udp, [&s](Instant now, std::span<Datagram> batch) {
    s.router.media->on_datagrams(now, batch);
  }));
  s.address = s.socket->local();
  s.datagrams.socket = s.socket.get();
  s.service =
      sfu::make_sfu({.announce = {s.address}}, {s.clock, s.random, s.bus, s.store, s.log, s.meter},
                    s.datagrams, *s.dtls, nullptr);
  s.service->open(s.router);
  s.loop.end_of_turn([&s] { s.service->end_of_turn(s.loop.now()); });
  s.tick();
  s.thread = std::thread([&s, core = options.core] {
    pin_to(core);
    s.loop.run();
  });
  return std::unique_ptr<LoadServer>(new LoadServer(std::move(state)));
}

LoadServer::~LoadServer() {
  state_->loop.stop();
  state_->thread.join();
  state_->service->close();
}

const Address& LoadServer::media_address() const noexcept { return state_->address; }

Result<std::string> LoadServer::offer(const sfu::Offer& offer) {
  State& s = *state_;
  std::promise<Result<std::string>> promise;
  auto answer = promise.get_future();
  s.loop.post([&] {
    const auto handler = s.router.handlers.find("offer");
    handler->second(sfu::encode(offer), Reply([&promise](Result<Buffer> reply) {
                      promise.set_value(reply ? Result<std::string>(as_text(*reply))
                                              : std::unexpected(reply.error()));
                    }));
  });
  return answer.get();
}

ServerSample LoadServer::sample() {
  return state_->ask([&s = *state_] {
    return ServerSample{thread_cpu_ns(), s.socket->counters(), s.bus.connected,
                        s.bus.failed,    s.bus.dtls_group,     s.bus.dtls_version};
  });
}

}  // namespace v100::load
