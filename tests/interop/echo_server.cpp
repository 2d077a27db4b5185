// The HTTP server alone, on a free port of loopback: it answers each request with what it read, as
// JSON, and echoes WebSocket messages at /echo. Prints its port; ends when its input does.
#include <cstdio>
#include <poll.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/world.h"
#include "net/http_server.h"
#include "wire/json.h"

namespace v100::net {
namespace {

class Quiet final : public Log, public Meter {
 public:
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
  void count(std::string_view, std::string_view, std::uint64_t) override {}
  void gauge(std::string_view, std::string_view, std::int64_t) override {}
};

class Echo final : public Site, public SocketEvents {
 public:
  void on_request(const wire::HttpRequest& request, const Peer&, Responder responder) override {
    wire::JsonWriter writer;
    writer.object().key("method").text(request.method).key("target").text(request.target);
    writer.key("body_bytes").integer(static_cast<std::int64_t>(request.body.size())).end_object();
    responder.answer(Response::text(200, writer.view()));
  }
  SocketEvents* socket_for(std::string_view path) override {
    return path == "/echo" ? this : nullptr;
  }
  void on_open(ConnectionId, const Peer&, std::string_view) override {}
  void on_message(ConnectionId socket, Bytes message, bool binary) override {
    server->send(socket, message, binary);
  }
  void on_close(ConnectionId, std::uint16_t) override {}

  HttpServer* server = nullptr;
};

int run() {
  io::Loop loop;
  io::SystemClock clock;
  Quiet quiet;
  Echo echo;
  auto server =
      HttpServer::open(loop, {.bind = Address::parse("127.0.0.1", 0).value(), .name = "echo"}, echo,
                       clock, quiet, quiet);
  if (!server) {
    std::fprintf(stderr, "echo_server: %s\n", server.error().what);
    return 2;
  }
  echo.server = server->get();
  std::printf("%d\n", static_cast<int>((*server)->local().port));
  std::fflush(stdout);
  for (;;) {
    loop.turn(Duration::milliseconds(20));
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, 0) > 0) {
      return 0;
    }
  }
}

}  // namespace
}  // namespace v100::net

int main() { return v100::net::run(); }
