// The sfu service alone on a real UDP port, driven by lines on stdin: browsers can hold a call
// through it before (and without) accounts, rooms and end-to-end encryption. Words are separated by
// spaces, the SDP comes as base64:
//   offer ROOM MEMBER SDP send:MID:TRACK… receive:MID:MEMBER:TRACK:HEIGHT…  -> answer N SDP
//   leave ROOM MEMBER | mute ROOM MEMBER TRACK 0|1 | view ROOM MEMBER MID HEIGHT -> ok N
//   counters                                                      -> counter NAME{LABEL} VALUE …
// N counts the commands; errors come as `error N CODE WHAT`, events as `event …` at any time.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/text.h"
#include "io/loop.h"
#include "io/udp.h"
#include "io/world.h"
#include "rtc/dtls.h"
#include "svc/sfu/api.h"
#include "svc/sfu/sfu.h"

namespace v100 {
namespace {

std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find(mark, at)) != std::string::npos; at = end + 1) {
    out.push_back(text.substr(at, end - at));
  }
  out.push_back(text.substr(at));
  return out;
}

// The bus, router, meter and log of a program with one service.
class OneService final : public Bus, public Router, public Store, public Meter, public Log {
 public:
  void call(std::string_view, std::string_view, Bytes, Reply::Sink done) override {
    done(fail(Errc::not_found, "no such service here"));
  }
  void post(std::string_view, std::string_view, Bytes request) override {
    const auto e = sfu::decode_event(request);
    CHECK(e.has_value());
    constexpr const char* kinds[] = {"",           "connected", "failed", "track_active",
                                     "track_idle", "quality"};
    std::printf("event %s %s %s track=%s reason=%s group=%s loss=%d/%d rtt=%d kbps=%u/%u\n",
                kinds[static_cast<std::size_t>(e->kind)], e->room.c_str(), e->member.c_str(),
                std::string(name(e->track)).c_str(), e->reason.c_str(), e->dtls_group.c_str(),
                e->loss_up, e->loss_down, e->rtt_ms, e->up_kbps, e->down_kbps);
    std::fflush(stdout);
  }
  void on(std::string_view method, Handler handler) override {
    handlers_[std::string(method)] = std::move(handler);
  }
  void http(std::string_view, std::string_view, HttpHandler) override {}
  void socket(std::string_view, SocketHandler&) override {}
  void datagrams(DatagramHandler& handler) override { datagram_handler = &handler; }
  Result<Buffer> get(std::string_view, std::string_view) override {
    return fail(Errc::not_found, "no store");
  }
  Result<std::vector<Record>> scan(std::string_view, std::string_view, std::size_t) override {
    return std::vector<Record>();
  }
  void commit(Batch, Done done) override { done({}); }
  void count(std::string_view n, std::string_view label, std::uint64_t add) override {
    counters[std::string(n) + "{" + std::string(label) + "}"] += static_cast<std::int64_t>(add);
  }
  void gauge(std::string_view n, std::string_view label, std::int64_t value) override {
    counters[std::string(n) + "{" + std::string(label) + "}"] = value;
  }
  void write(Level, std::string_view event, std::initializer_list<Field> fields) override {
    std::fprintf(stderr, "%.*s", static_cast<int>(event.size()), event.data());
    for (const Field& f : fields) {
      std::fprintf(stderr, " %.*s=%s", static_cast<int>(f.key.size()), f.key.data(),
                   f.is_number ? std::to_string(f.number).c_str() : std::string(f.text).c_str());
    }
    std::fprintf(stderr, "\n");
  }

  void run(const std::string& method, Buffer request, Reply::Sink done) {
    handlers_.at(method)(request, Reply(std::move(done)));
  }

  DatagramHandler* datagram_handler = nullptr;
  std::map<std::string, std::int64_t> counters;

 private:
  std::map<std::string, Handler> handlers_;
};

sfu::Track track(const std::string& text) {
  const auto t = sfu::track_from_name(text);
  CHECK(t.has_value());
  return *t;
}

Buffer offer_of(const std::vector<std::string>& words) {
  sfu::Offer m{words.at(1), words.at(2), "", {}, {}};
  m.sdp = std::string(as_text(from_base64(words.at(3)).value()));
  for (std::size_t i = 4; i < words.size(); ++i) {
    const auto parts = split(words[i], ':');
    if (parts[0] == "send") {
      m.sends.push_back({parts.at(1), track(parts.at(2))});
    } else if (parts[0] == "receive") {
      m.receives.push_back({parts.at(1), parts.at(2), track(parts.at(3)),
                            static_cast<std::uint16_t>(std::atoi(parts.at(4).c_str()))});
    }
  }
  return encode(m);
}

void run_line(OneService& world, const std::string& line, int n) {
  const auto words = split(line, ' ');
  const auto flag = [&](std::size_t i) {
    return static_cast<std::uint16_t>(std::atoi(words.at(i).c_str()));
  };
  const auto done = [n, words](Result<Buffer> answer) {
    if (!answer) {
      std::printf("error %d %s %s\n", n, name(answer.error().code), answer.error().what);
    } else if (words[0] == "offer") {
      std::printf("answer %d %s\n", n, to_base64(*answer).c_str());
    } else {
      std::printf("ok %d\n", n);
    }
  };
  if (words[0] == "offer") {
    world.run("offer", offer_of(words), done);
  } else if (words[0] == "leave") {
    world.run("leave", encode(sfu::Leave{words.at(1), words.at(2)}), done);
  } else if (words[0] == "mute") {
    world.run("mute", encode(sfu::Mute{words.at(1), words.at(2), track(words.at(3)), flag(4) != 0}),
              done);
  } else if (words[0] == "view") {
    world.run("view", encode(sfu::View{words.at(1), words.at(2), words.at(3), flag(4)}), done);
  } else if (words[0] == "counters") {
    for (const auto& [key, value] : world.counters) {
      std::printf("counter %s %lld\n", key.c_str(), static_cast<long long>(value));
    }
    std::printf("ok %d\n", n);
  }
  std::fflush(stdout);
}

int serve(const char* ip) {
  io::Loop loop;
  io::SystemClock clock;
  io::SystemRandom random;
  OneService world;
  struct Socket final : Datagrams {
    std::unique_ptr<io::UdpSocket> udp;
    void send(std::span<const Datagram> batch) override { udp->send(batch); }
  } socket;
  auto udp = io::UdpSocket::open(loop, {.bind = *Address::parse(ip, 0)},
                                 [&](Instant now, std::span<Datagram> batch) {
                                   world.datagram_handler->on_datagrams(now, batch);
                                 });
  if (!udp) {
    std::fprintf(stderr, "no socket: %s\n", udp.error().what);
    return 2;
  }
  socket.udp = std::move(*udp);
  auto dtls = rtc::DtlsContext::make(clock.wall().value() / 1000);
  CHECK(dtls.has_value());
  Env env{clock, random, world, world, world, world};
  const auto service = sfu::make_sfu({{*Address::parse(ip, socket.udp->local().port)}}, env, socket,
                                     **dtls, nullptr);
  service->open(world);
  loop.end_of_turn([&] { service->end_of_turn(loop.now()); });
  struct Ticker {
    io::Loop& loop;
    Service& service;
    void run() {
      service.tick(loop.now());
      loop.after(Duration::milliseconds(10), [this] { run(); });
    }
  } ticker{loop, *service};
  ticker.run();
  std::string pending;
  int commands = 0;
  auto watch = loop.watch(0, {.read = true}, [&](io::Readiness) {
    char buffer[65536];
    const ssize_t got = ::read(0, buffer, sizeof buffer);
    if (got <= 0) {
      loop.stop();
      return;
    }
    pending.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos;) {
      run_line(world, pending.substr(0, end), ++commands);
      pending.erase(0, end + 1);
    }
  });
  std::printf("ready %u\n", socket.udp->local().port);
  std::fflush(stdout);
  loop.run();
  loop.unwatch(watch);
  service->close();
  return 0;
}

}  // namespace
}  // namespace v100

int main(int argc, char** argv) { return v100::serve(argc > 1 ? argv[1] : "127.0.0.1"); }
