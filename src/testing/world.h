// A world for services without sockets, disk or real time: virtual clock, seeded randomness, store
// in memory, and the bus. Service tests drive it by hand, the simulation by seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.h"
#include "store/memory.h"
#include "svc/service.h"

namespace v100::testing_world {

class VirtualClock final : public Clock {
 public:
  Instant now() override { return Instant::from_ns(ns_); }
  WallTime wall() override { return WallTime(1'750'000'000'000 + ns_ / 1'000'000); }
  void advance(Duration by) { ns_ += by.ns(); }

 private:
  std::int64_t ns_ = 1'000'000'000;
};

// splitmix64: repeatable, not strong.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  void fill(MutBytes out) override;

 private:
  std::uint64_t state_;
};

class CountingMeter final : public Meter {
 public:
  void count(std::string_view name, std::string_view label, std::uint64_t add) override;
  void gauge(std::string_view name, std::string_view label, std::int64_t value) override;
  // `name` as in `v100_x_total{reason="y"}`; 0 when never counted.
  std::uint64_t operator[](std::string_view name) const;
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

class SilentLog final : public Log {
 public:
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
};

// What a client's end of a WebSocket got.
struct Received {
  std::string text;
  bool binary = false;
};

class World final : public Sockets {
 public:
  explicit World(std::uint64_t seed);
  ~World() override;

  Env env() { return {clock, random, bus, store, log, meter}; }
  void add(std::string name, std::unique_ptr<Service> service);  // and opens it
  Service& service(std::string_view name);
  void close_services();  // close(), then destroys: as a process's end. The store stays.

  // Runs turns until nothing is left to do: deliveries, store reports, ends of turn.
  void settle();
  // Time passes in steps of 10 ms, each with a tick and a settle().
  void advance(Duration by);
  // One step of it.
  void step();

  HttpAnswer http(std::string_view method, std::string_view path, std::string_view body,
                  std::string_view ip = "192.0.2.1");

  SocketId connect(std::string_view path, std::string_view query, const PeerInfo& peer);
  void send_to_server(SocketId socket, Bytes message);  // a binary message
  void hang_up(SocketId socket, std::uint16_t code);    // the client's close frame
  void cut(SocketId socket) { hang_up(socket, 1006); }  // the network's doing
  bool open(SocketId socket) const;
  std::optional<std::uint16_t> close_code(SocketId socket) const;  // when the server closed it
  std::vector<Received> take(SocketId socket);                     // what came since

  // Sockets, for the services.
  void send(SocketId socket, Bytes message, bool binary) override;
  void close(SocketId socket, std::uint16_t code, std::string_view reason) override;

  VirtualClock clock;
  SeededRandom random;
  store::MemoryStore store;
  CountingMeter meter;
  SilentLog log;
  bus::LocalBus bus;
  std::function<bool()> store_fails = [] { return false; };
  Caller caller;  // who http() comes from; nobody known at first

 private:
  struct Route {
    std::string method;
    std::string path;
    Router::HttpHandler handler;
  };
  struct Line {
    SocketHandler* handler = nullptr;
    bool open = true;
    bool closing = false;  // on_close is owed to the service
    std::uint16_t peer_code = 1006;
    std::optional<std::uint16_t> code;
    std::vector<Received> received;
  };
  class ServiceRouter;

  std::map<std::string, std::unique_ptr<Service>, std::less<>> services_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::string, SocketHandler*, std::less<>> socket_paths_;
  std::map<SocketId, Line> lines_;
  std::uint64_t last_socket_ = 0;
};

}  // namespace v100::testing_world
