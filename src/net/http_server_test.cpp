// Broken if this fails: answers in order, upgrades, refusals and goodbyes of the one server that
// all clients talk to.
#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/world.h"
#include "wire/ws.h"

namespace v100::net {
namespace {

class QuietLog final : public Log {
 public:
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
};
class QuietMeter final : public Meter {
 public:
  void count(std::string_view name, std::string_view label, std::uint64_t add) override {
    counts[std::string(name) + std::string(label)] += add;
  }
  void gauge(std::string_view, std::string_view, std::int64_t) override {}
  std::unordered_map<std::string, std::uint64_t> counts;
};

class TestSite final : public Site, public SocketEvents {
 public:
  void on_request(const wire::HttpRequest& request, const Peer&, Responder responder) override {
    if (request.path == "/later") {
      held.push_back(std::move(responder));
    } else if (request.path == "/drop") {
      // the responder dies unanswered
    } else {
      std::string body(request.path);
      body.append(as_text(request.body));
      responder.answer(Response::text(200, body));
    }
  }
  SocketEvents* socket_for(std::string_view path) override {
    return path == "/ws" ? this : nullptr;
  }
  void on_open(ConnectionId socket, const Peer&, std::string_view query) override {
    last_socket = socket;
    log.append("open ").append(query).append(";");
  }
  void on_message(ConnectionId socket, Bytes message, bool binary) override {
    log.append(as_text(message)).append(";");
    server->send(socket, message, binary);
  }
  void on_close(ConnectionId, std::uint16_t code) override {
    log.append("closed ").append(std::to_string(code)).append(";");
  }

  HttpServer* server = nullptr;
  std::vector<Responder> held;
  std::string log;
  ConnectionId last_socket = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ =
        HttpServer::open(loop_, {.bind = Address::parse("127.0.0.1", 0).value(), .name = "test"},
                         site_, clock_, log_, meter_)
            .value();
    site_.server = server_.get();
    fd_ = connect_client();
  }
  void TearDown() override {
    site_.held.clear();
    close(fd_);
  }
  int connect_client() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(server_->local().port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in);
    turns(3);
    return fd;
  }
  void turns(int n) {
    for (int i = 0; i < n; ++i) {
      loop_.turn(Duration::milliseconds(2));
    }
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    turns(4);
  }
  // All that came; "EOF" at its end where the server has finished.
  std::string hear() {
    turns(4);
    std::string all;
    char room[65536];
    ssize_t n;
    while ((n = recv(fd_, room, sizeof room, 0)) > 0) {
      all.append(room, static_cast<std::size_t>(n));
    }
    return n == 0 ? all + "EOF" : all;
  }
  // The bodies of the answers in `text`, one after another.
  static std::string bodies(std::string_view text) {
    std::string out;
    while (text.starts_with("HTTP/1.1 ")) {
      out.append(text.substr(9, 3)).append(":");
      const std::size_t length_at = text.find("Content-Length: ") + 16;
      const auto length =
          static_cast<std::size_t>(std::atoi(std::string(text.substr(length_at, 9)).c_str()));
      const std::size_t body_at = text.find("\r\n\r\n") + 4;
      out.append(text.substr(body_at, length)).append(";");
      text.remove_prefix(std::min(body_at + length, text.size()));
    }
    return out.append(text);
  }
  void upgrade() {
    say("GET /ws?room=x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  }

  io::Loop loop_;
  io::SystemClock clock_;
  QuietLog log_;
  QuietMeter meter_;
  TestSite site_;
  std::unique_ptr<HttpServer> server_;
  int fd_ = -1;
};

constexpr const char* get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  say("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxyHEAD /c HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  EXPECT_EQ(bodies(hear()), "200:/a;");
  ASSERT_EQ(site_.held.size(), 1u);
  site_.held[0].answer(Response::text(200, "late"));
  const std::string rest = hear();
  EXPECT_EQ(bodies(rest).substr(0, 18), "200:late;200:/bxy;") << rest;
  EXPECT_NE(rest.find("Content-Length: 2\r\nX-V100-Kex: none\r\n\r\n"), std::string::npos) << rest;
  EXPECT_TRUE(rest.ends_with("\r\n\r\n")) << "HEAD has no body";
}

TEST_F(HttpServerTest, HandsPipelinedRequestsOutTogetherAndAnswersThemInOrder) {
  std::string said;
  for (int i = 0; i < 5; ++i) {
    said += "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  }
  say(said);
  ASSERT_EQ(site_.held.size(), 5u);
  for (const std::size_t i : {3u, 1u, 4u}) {
    site_.held[i].answer(Response::text(200, std::to_string(i)));
  }
  EXPECT_EQ(hear(), "") << "the first is still to come";
  site_.held[0].answer(Response::text(200, "0"));
  EXPECT_EQ(bodies(hear()), "200:0;200:1;");
  site_.held[2].answer(Response::text(200, "2"));
  EXPECT_EQ(bodies(hear()), "200:2;200:3;200:4;");
}

TEST_F(HttpServerTest, TakesNoMoreThanAPipelineAtOnceAndThenGoesOn) {
  std::string said;
  for (int i = 0; i < 150; ++i) {
    said += "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  say(said);
  EXPECT_EQ(site_.held.size(), 64u);
  std::size_t answered = 0;
  while (answered < 150 && answered < site_.held.size()) {
    site_.held[answered++].answer(Response::text(200, "x"));
    turns(2);
  }
  EXPECT_EQ(answered, 150u);
}

TEST_F(HttpServerTest, ABadRequestBehindGoodOnesIsRefusedInItsTurn) {
  say("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\nHost: h\n\n");
  EXPECT_EQ(hear(), "");
  site_.held[0].answer(Response::text(200, "good"));
  const std::string heard = hear();
  EXPECT_EQ(bodies(heard).substr(0, 13), "200:good;400:") << heard;
  EXPECT_TRUE(heard.ends_with("EOF"));
}

TEST_F(HttpServerTest, AnswersAllThatAHalfClosedClientAsked) {
  say("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  shutdown(fd_, SHUT_WR);
  turns(4);
  site_.held[0].answer(Response::text(200, "a"));
  const std::string heard = hear();
  EXPECT_EQ(bodies(heard), "200:a;200:/b;EOF");
}

TEST_F(HttpServerTest, LargeBodiesComeWhole) {
  std::string body(300'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>('a' + i % 26);
  }
  const std::string said = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + body;
  std::string heard;
  for (std::size_t at = 0; at < said.size();) {
    const ssize_t n = ::send(fd_, said.data() + at, said.size() - at, MSG_NOSIGNAL);
    at += n > 0 ? static_cast<std::size_t>(n) : 0;
    turns(2);
  }
  for (int i = 0; i < 20; ++i) {
    heard += hear();
  }
  EXPECT_EQ(bodies(heard), "200:/b" + body + ";");
}

TEST_F(HttpServerTest, ADroppedRequestIsAnswered503) {
  say("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(bodies(hear()), "503:unavailable\n;");
}

TEST_F(HttpServerTest, ALateAnswerToAClientThatLeftGoesNowhere) {
  say("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  close(fd_);
  turns(4);
  fd_ = connect_client();
  site_.held[0].answer(Response::text(200, "late"));
  say(get);
  EXPECT_EQ(bodies(hear()), "200:/a;");
}

TEST_F(HttpServerTest, RefusesAndCloses) {
  say("GET /a HTTP/1.1\nHost: h\n\n");
  const std::string heard = hear();
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << heard;
  EXPECT_TRUE(heard.ends_with("EOF")) << heard;
  EXPECT_EQ(meter_.counts[R"(v100_http_refused_totalreason="malformed")"], 1u);
}

TEST_F(HttpServerTest, UpgradesEchoesAndSaysGoodbye) {
  upgrade();
  const std::string head = hear();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  EXPECT_EQ(server_->sockets(), 1u);
  Buffer frame;
  wire::append_ws_masked(frame, wire::WsKind::text, as_bytes("hello"), {1, 2, 3, 4});
  wire::append_ws_masked(frame, wire::WsKind::ping, as_bytes("p"), {1, 2, 3, 4});
  say(as_text(frame));
  EXPECT_EQ(hear(), "\x81\x05hello\x8a\x01p");
  server_->close(site_.last_socket, 4000, "bye");
  EXPECT_EQ(hear(),
            "\x88\x05\x0f\xa0"
            "bye");
  frame.clear();
  wire::append_ws_masked(frame, wire::WsKind::close, as_bytes("\x0f\xa0"), {1, 2, 3, 4});
  say(as_text(frame));
  EXPECT_EQ(hear(), "EOF");
  EXPECT_EQ(site_.log, "open room=x;hello;closed 4000;");
  EXPECT_EQ(server_->sockets(), 0u);
}

TEST_F(HttpServerTest, ClosesABadSocketWithTheRightCode) {
  upgrade();
  hear();
  say("\x81\x05hello");  // not masked
  const std::string heard = hear();
  EXPECT_EQ(heard.substr(0, 4).substr(2), "\x03\xea") << "1002";
  EXPECT_TRUE(heard.ends_with("EOF"));
  EXPECT_EQ(site_.log, "open room=x;closed 1006;");
}

TEST_F(HttpServerTest, KeepsOtherSitesAndOtherPathsOut) {
  say("GET /ws HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_TRUE(hear().starts_with("HTTP/1.1 403 "));
  close(fd_);
  fd_ = connect_client();
  say("GET /other HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_TRUE(hear().starts_with("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, DrainsWithAReason) {
  upgrade();
  hear();
  server_->drain();
  server_->close_all(1001, "the server is restarting");
  EXPECT_EQ(hear(), "\x88\x1a\x03\xe9the server is restarting");
}

TEST_F(HttpServerTest, DrainingEndsKeepAlive) {
  say(get);
  hear();
  server_->drain();
  say(get);
  const std::string heard = hear();
  EXPECT_NE(heard.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("EOF"));
}

TEST_F(HttpServerTest, ForgetsAClientThatLeaves) {
  EXPECT_EQ(server_->connections(), 1u);
  close(fd_);
  fd_ = -1;
  turns(5);
  EXPECT_EQ(server_->connections(), 0u);
}

}  // namespace
}  // namespace v100::net
