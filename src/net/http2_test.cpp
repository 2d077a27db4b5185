// Broken if this fails: HTTP/2 as RFC 9113 has it, spoken in raw frames, section by section; and
// the floods that its frames allow.
#include "net/http2.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/world.h"
#include "net/http_server.h"

namespace v100::net {
namespace {

constexpr std::uint8_t DATA = 0, HEADERS = 1, PRIORITY = 2, RST = 3, SETTINGS = 4, PUSH = 5,
                       PING = 6, GOAWAY = 7, WINDOW = 8, CONTINUATION = 9;
constexpr std::uint8_t END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8;
constexpr std::uint32_t NO_ERROR = 0, PROTOCOL = 1, FLOW = 3, STREAM_CLOSED = 5, FRAME_SIZE = 6,
                        REFUSED = 7, COMPRESSION = 9, CALM = 11;

class QuietLog final : public Log {
 public:
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
};
class QuietMeter final : public Meter {
 public:
  void count(std::string_view, std::string_view, std::uint64_t) override {}
  void gauge(std::string_view, std::string_view, std::int64_t) override {}
};
class EchoSite final : public Site {
 public:
  void on_request(const wire::HttpRequest& request, const Peer&, Responder responder) override {
    if (request.path == "/later") {
      held.push_back(std::move(responder));
      return;
    }
    std::string body(request.method);
    body.append(" ").append(request.target).append(" ").append(request.authority).append(" ");
    body.append(as_text(request.body));
    if (request.path == "/large") {
      body.assign(200'000, 'x');
    }
    responder.answer(Response::text(200, body));
  }
  SocketEvents* socket_for(std::string_view) override { return nullptr; }
  std::vector<Responder> held;
};

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string out;
  out.push_back(static_cast<char>(payload.size() >> 16));
  out.push_back(static_cast<char>(payload.size() >> 8));
  out.push_back(static_cast<char>(payload.size()));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(stream >> shift));
  }
  return out.append(payload);
}
std::string u32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
  return out;
}
std::string setting(std::uint16_t id, std::uint32_t value) {
  return std::string{static_cast<char>(id >> 8), static_cast<char>(id)} + u32(value);
}
// RFC 7541 §6.2.2: a literal without indexing, new name, no Huffman; both below 127 bytes.
std::string field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(value.size()));
  return out.append(value);
}
std::string head(std::string_view method = "GET", std::string_view path = "/a") {
  return field(":method", method) + field(":scheme", "http") + field(":path", path) +
         field(":authority", "h");
}
std::string get(std::uint32_t stream, std::string_view path = "/a") {
  return frame(HEADERS, END_HEADERS | END_STREAM, stream, head("GET", path));
}

struct Heard {
  std::uint8_t type, flags;
  std::uint32_t stream;
  std::string payload;
  std::uint32_t code() const {  // of GOAWAY and RST_STREAM
    const std::size_t at = type == GOAWAY ? 4 : 0;
    return payload.size() < at + 4 ? 999
                                   : load_be<std::uint32_t>(as_bytes(payload).subspan(at).data());
  }
};

class Http2Test : public testing::Test {
 protected:
  void SetUp() override {
    server_ =
        HttpServer::open(loop_, {.bind = Address::parse("127.0.0.1", 0).value(), .name = "test"},
                         site_, clock_, log_, meter_)
            .value();
    connect_client();
  }
  void TearDown() override {
    site_.held.clear();
    close(fd_);
    nghttp2_hd_inflate_del(inflater_);
  }
  void connect_client() {
    if (fd_ >= 0) {
      close(fd_);
      nghttp2_hd_inflate_del(inflater_);
    }
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int at_once = 1;  // a second write does not wait for the first one's acknowledgement
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(server_->local().port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(fd_, reinterpret_cast<sockaddr*>(&in), sizeof in);
    nghttp2_hd_inflate_new(&inflater_);
    bytes_.clear();
    closed_ = false;
    turns(2);
  }
  void turns(int n) {
    for (int i = 0; i < n; ++i) {
      loop_.turn(Duration::milliseconds(1));
    }
  }
  void say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      turns(2);
      if (n < 0 && errno != EAGAIN) {
        return;  // the server has closed: what it said stays to be heard
      }
      text.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    turns(4);
  }
  void greet(std::string_view settings = "") {
    say(std::string(http2_preface) + frame(SETTINGS, 0, 0, settings));
  }
  // What came, until nothing more comes for some turns: a busy machine delivers late.
  std::vector<Heard> hear() {
    char room[65536];
    for (int quiet = 0; quiet < 12 && !closed_;) {
      turns(1);
      const ssize_t n = recv(fd_, room, sizeof room, 0);
      bytes_.append(room, n > 0 ? static_cast<std::size_t>(n) : 0);
      closed_ = n == 0;
      quiet = n > 0 ? 0 : quiet + 1;
    }
    std::vector<Heard> out;
    while (bytes_.size() >= 9) {
      const auto* p = as_bytes(bytes_).data();
      const std::size_t size =
          static_cast<std::size_t>(p[0]) << 16 | static_cast<std::size_t>(p[1]) << 8 | p[2];
      if (bytes_.size() < 9 + size) {
        break;
      }
      out.push_back({p[3], p[4], load_be<std::uint32_t>(p + 5), bytes_.substr(9, size)});
      bytes_.erase(0, 9 + size);
    }
    return out;
  }
  std::string status_of(const Heard& headers) {
    std::string status;
    Buffer in = to_buffer(as_bytes(headers.payload));
    std::size_t at = 0;
    for (;;) {
      nghttp2_nv nv;
      int flags = 0;
      const ssize_t n =
          nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, in.data() + at, in.size() - at, 1);
      if (n < 0) {
        return "bad";
      }
      at += static_cast<std::size_t>(n);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 &&
          std::string_view(reinterpret_cast<char*>(nv.name), nv.namelen) == ":status") {
        status.assign(reinterpret_cast<char*>(nv.value), nv.valuelen);
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater_);
        return status;
      }
    }
  }
  // What the server does to `said` after the greeting: "GOAWAY 1", "RST 1 5", "200", "closed", "".
  std::string outcome(std::string_view said) {
    connect_client();
    greet();
    hear();
    say(said);
    std::string out;
    for (const Heard& heard : hear()) {
      if (heard.type == GOAWAY) {
        return "GOAWAY " + std::to_string(heard.code());
      }
      if (heard.type == RST) {
        out += "RST " + std::to_string(heard.stream) + " " + std::to_string(heard.code()) + ";";
      } else if (heard.type == HEADERS) {
        out += status_of(heard) + ";";
      }
    }
    return closed_ && out.empty() ? "closed" : out;
  }

  struct Case {
    const char* section;  // of RFC 9113
    std::string said;
    std::string outcome;
  };
  void expect_all(std::initializer_list<Case> cases) {
    for (const Case& c : cases) {
      EXPECT_EQ(outcome(c.said), c.outcome) << c.section;
    }
  }
  static std::string goaway(std::uint32_t code) { return "GOAWAY " + std::to_string(code); }

  io::Loop loop_;
  io::SystemClock clock_;
  QuietLog log_;
  QuietMeter meter_;
  EchoSite site_;
  std::unique_ptr<HttpServer> server_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  int fd_ = -1;
  std::string bytes_;
  bool closed_ = false;
};

TEST_F(Http2Test, AnswersRequestsAndBodies) {
  greet();
  say(get(1, "/a?b") + frame(HEADERS, END_HEADERS, 3, head("POST", "/p")) +
      frame(DATA, 0, 3, "hel") + frame(DATA, END_STREAM, 3, "lo"));
  std::string first, second;
  for (const Heard& heard : hear()) {
    if (heard.type == HEADERS) {
      EXPECT_EQ(status_of(heard), "200");
    } else if (heard.type == DATA) {
      (heard.stream == 1 ? first : second) += heard.payload;
    }
  }
  EXPECT_EQ(first, "GET /a?b h ");
  EXPECT_EQ(second, "POST /p h hello");
}

TEST_F(Http2Test, AnswersInAnyOrderAndForgetsClosedStreams) {
  greet();
  say(get(1, "/later") + get(3, "/a"));
  int headers = 0;
  for (const Heard& heard : hear()) {
    headers += heard.type == HEADERS ? 1 : 0;
  }
  EXPECT_EQ(headers, 1) << "the second need not wait";
  site_.held[0].answer(Response::text(200, "late"));
  site_.held.clear();
  std::string late;
  for (const Heard& heard : hear()) {
    late += heard.type == DATA ? heard.payload : "";
  }
  EXPECT_EQ(late, "late");
  say(get(5, "/later") + frame(RST, 0, 5, u32(8)));
  site_.held[0].answer(Response::text(200, "nobody"));
  site_.held.clear();
  for (const Heard& heard : hear()) {
    EXPECT_NE(heard.type, HEADERS);
  }
}

TEST_F(Http2Test, KeepsToThePeersWindows) {  // §6.9
  greet(setting(4, 10));
  hear();
  say(get(1, "/large"));
  std::size_t bytes = 0;
  for (const Heard& heard : hear()) {
    bytes += heard.type == DATA ? heard.payload.size() : 0;
  }
  EXPECT_EQ(bytes, 10u);
  say(frame(WINDOW, 0, 1, u32(1'000'000)));
  for (const Heard& heard : hear()) {
    bytes += heard.type == DATA ? heard.payload.size() : 0;
  }
  EXPECT_EQ(bytes, 65535u) << "the connection's window";
  say(frame(WINDOW, 0, 0, u32(1'000'000)));
  for (const Heard& heard : hear()) {
    bytes += heard.type == DATA ? heard.payload.size() : 0;
  }
  EXPECT_EQ(bytes, 200'000u);
}

TEST_F(Http2Test, RefusesWhatFramesAndStreamsForbid) {
  const std::string block = head();
  expect_all({
      {"4.1 unknown type is ignored", frame(0x42, 0, 0, "12345678") + get(1), "200;"},
      {"4.1 reserved bit is ignored", frame(PING, 0, 0x80000000, "12345678") + get(1), "200;"},
      {"4.2 DATA over 16,384",
       frame(HEADERS, END_HEADERS, 1, head("POST")) + frame(DATA, 0, 1, std::string(16385, 'x')),
       goaway(FRAME_SIZE)},
      {"4.2 HEADERS over 16,384", frame(HEADERS, END_HEADERS, 1, std::string(16385, 'x')),
       goaway(FRAME_SIZE)},
      {"4.3 broken HPACK", frame(HEADERS, END_HEADERS | END_STREAM, 1, "\xff\xff\xff\xff\xff\xff"),
       goaway(COMPRESSION)},
      {"4.3 another frame inside a block",
       frame(HEADERS, 0, 1, block) + frame(PING, 0, 0, "12345678"), goaway(PROTOCOL)},
      {"5.1 DATA on an idle stream", frame(DATA, END_STREAM, 1, "x"), goaway(PROTOCOL)},
      {"5.1 RST_STREAM on an idle stream", frame(RST, 0, 1, u32(8)), goaway(PROTOCOL)},
      {"5.1 WINDOW_UPDATE on an idle stream", frame(WINDOW, 0, 1, u32(1)), goaway(PROTOCOL)},
      {"5.1 CONTINUATION on an idle stream", frame(CONTINUATION, END_HEADERS, 1, block),
       goaway(PROTOCOL)},
      {"5.1.1 an even stream", get(2), goaway(PROTOCOL)},
      {"5.1.1 a smaller stream", get(5) + get(3), goaway(PROTOCOL)},
  });
}

TEST_F(Http2Test, RefusesWhatEachKindOfFrameForbids) {
  const std::string block = head();
  expect_all({
      {"6.1 DATA on stream 0", frame(DATA, 0, 0, "x"), goaway(PROTOCOL)},
      {"6.1 padding longer than the frame",
       frame(HEADERS, END_HEADERS, 1, head("POST")) +
           frame(DATA, END_STREAM | PADDED, 1, "\x06Test"),
       goaway(PROTOCOL)},
      {"6.2 HEADERS on stream 0", frame(HEADERS, END_HEADERS | END_STREAM, 0, block),
       goaway(PROTOCOL)},
      {"6.3 PRIORITY on stream 0", frame(PRIORITY, 0, 0, u32(1) + "\x01"), goaway(PROTOCOL)},
      {"6.4 RST_STREAM on stream 0", frame(RST, 0, 0, u32(8)), goaway(PROTOCOL)},
      {"6.4 RST_STREAM of a wrong length", get(1, "/later") + frame(RST, 0, 1, "abc"),
       goaway(FRAME_SIZE)},
      {"6.5 SETTINGS ACK with a payload", frame(SETTINGS, ACK, 0, setting(1, 1)),
       goaway(FRAME_SIZE)},
      {"6.5 SETTINGS on a stream", frame(SETTINGS, 0, 1, setting(1, 1)), goaway(PROTOCOL)},
      {"6.5 SETTINGS of a wrong length", frame(SETTINGS, 0, 0, "abc"), goaway(FRAME_SIZE)},
      {"6.5.2 ENABLE_PUSH 2", frame(SETTINGS, 0, 0, setting(2, 2)), goaway(PROTOCOL)},
      {"6.5.2 a window over 2^31 - 1", frame(SETTINGS, 0, 0, setting(4, 0x80000000)), goaway(FLOW)},
      {"6.5.2 a frame size below 2^14", frame(SETTINGS, 0, 0, setting(5, 16383)), goaway(PROTOCOL)},
      {"6.5.2 an unknown setting", frame(SETTINGS, 0, 0, setting(0x99, 1)) + get(1), "200;"},
      {"6.6 PUSH_PROMISE by a client", frame(PUSH, END_HEADERS, 1, u32(2) + block),
       goaway(PROTOCOL)},
      {"6.7 PING on a stream", frame(PING, 0, 1, "12345678"), goaway(PROTOCOL)},
      {"6.7 PING of a wrong length", frame(PING, 0, 0, "123"), goaway(FRAME_SIZE)},
      {"6.8 GOAWAY on a stream", frame(GOAWAY, 0, 1, u32(0) + u32(0)), goaway(PROTOCOL)},
      {"6.9 WINDOW_UPDATE by 0", frame(WINDOW, 0, 0, u32(0)), goaway(PROTOCOL)},
      {"6.9 WINDOW_UPDATE of a wrong length", frame(WINDOW, 0, 0, "abc"), goaway(FRAME_SIZE)},
      {"6.9.1 a connection window over 2^31 - 1",
       frame(WINDOW, 0, 0, u32(0x7fffffff)) + frame(WINDOW, 0, 0, u32(0x7fffffff)), goaway(FLOW)},
      {"6.10 CONTINUATION on stream 0", frame(HEADERS, 0, 1, block) + frame(CONTINUATION, 4, 0, ""),
       goaway(PROTOCOL)},
      {"6.10 CONTINUATION of another stream",
       frame(HEADERS, 0, 1, block) + frame(CONTINUATION, 4, 3, ""), goaway(PROTOCOL)},
      {"6.10 CONTINUATION after the block's end", get(1, "/later") + frame(CONTINUATION, 4, 1, ""),
       goaway(PROTOCOL)},
  });
}

TEST_F(Http2Test, RefusesWhatMessagesForbid) {
  const std::string block = head();
  const std::string upper = field(":method", "GET") + field(":scheme", "http") +
                            field(":path", "/a") + field(":authority", "h") + field("X-A", "b");
  const auto request = [&](const std::string& fields) {
    return frame(HEADERS, END_HEADERS | END_STREAM, 1, fields);
  };
  expect_all({
      {"8.1.1 a pseudo-header in the trailers",
       frame(HEADERS, END_HEADERS, 1, head("POST")) +
           frame(HEADERS, END_HEADERS | END_STREAM, 1, field(":path", "/b")),
       "RST 1 1;"},
      {"8.1.1 trailers without END_STREAM",
       frame(HEADERS, END_HEADERS, 1, head("POST")) +
           frame(HEADERS, END_HEADERS, 1, field("a", "b")),
       "RST 1 1;"},
      {"8.2.1 upper case in a name", request(upper), "RST 1 1;"},
      {"8.2.2 Connection", request(block + field("connection", "close")), "RST 1 1;"},
      {"8.2.2 TE other than trailers", request(block + field("te", "gzip")), "RST 1 1;"},
      {"8.3 an unknown pseudo-header", request(block + field(":x", "y")), "RST 1 1;"},
      {"8.3 a response's pseudo-header", request(block + field(":status", "200")), "RST 1 1;"},
      {"8.3 a pseudo-header behind a field",
       request(field("a", "b") + field(":method", "GET") + field(":scheme", "http") +
               field(":path", "/") + field(":authority", "h")),
       "RST 1 1;"},
      {"8.3.1 an empty path", request(head("GET", "")), "RST 1 1;"},
      {"8.3.1 no method",
       request(field(":scheme", "http") + field(":path", "/") + field(":authority", "h")),
       "RST 1 1;"},
      {"8.3.1 two methods", request(field(":method", "GET") + block), "RST 1 1;"},
      {"8.1.1 Content-Length that is not the body's",
       frame(HEADERS, END_HEADERS, 1, head("POST") + field("content-length", "1")) +
           frame(DATA, END_STREAM, 1, "four"),
       "RST 1 1;"},
      {"8.3.1 a path that is no path", request(head("GET", "a")), "RST 1 1;"},
      {"target: not one that HTTP/1.1 takes", request(head("GET", "/a\"b")), "400;"},
      {"target: another scheme",
       request(field(":method", "GET") + field(":scheme", "https") + field(":path", "/") +
               field(":authority", "h")),
       "400;"},
  });
}

TEST_F(Http2Test, AnswersPingsAndSettings) {  // §6.5.3, §6.7
  greet();
  say(frame(PING, 0, 0, "v100ping"));
  bool settings = false, acknowledged = false, ping = false;
  for (const Heard& heard : hear()) {
    settings = settings || (heard.type == SETTINGS && heard.flags == 0);
    acknowledged = acknowledged || (heard.type == SETTINGS && heard.flags == ACK);
    ping = ping || (heard.type == PING && heard.flags == ACK && heard.payload == "v100ping");
  }
  EXPECT_TRUE(settings && acknowledged && ping);
}

TEST_F(Http2Test, RefusesABadPreface) {  // §3.4
  say("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  hear();
  EXPECT_TRUE(closed_);
}

TEST_F(Http2Test, RefusesStreamsOverItsLimit) {  // §5.1.2
  greet();
  hear();
  say(frame(SETTINGS, ACK, 0, ""));
  std::string said;
  for (std::uint32_t i = 0; i <= Http2::streams_max; ++i) {
    said += get(2 * i + 1, "/later");
  }
  say(said);
  bool refused = false;
  std::string all;
  for (const Heard& heard : hear()) {
    all += std::to_string(heard.type) + " ";
    refused = refused || (heard.type == RST && heard.code() == REFUSED) ||
              (heard.type == GOAWAY && heard.code() == PROTOCOL);
  }
  EXPECT_TRUE(refused) << all;
  EXPECT_LE(site_.held.size(), Http2::streams_max);
}

TEST_F(Http2Test, RefusesAFieldsFlood) {
  std::string fields = head();
  for (int i = 0; i < 120; ++i) {
    fields += field("a", "b");
  }
  EXPECT_EQ(outcome(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields)), "431;");
}

TEST_F(Http2Test, CutsFloods) {
  std::string pings, resets, empty = frame(HEADERS, END_HEADERS, 1, head("POST"));
  for (int i = 0; i < 1200; ++i) {
    pings += frame(PING, 0, 0, "12345678");
    empty += frame(DATA, 0, 1, "");
  }
  for (std::uint32_t i = 0; i < 12'000; ++i) {  // CVE-2023-44487
    resets += get(2 * i + 1, "/later") + frame(RST, 0, 2 * i + 1, u32(8));
  }
  std::string continuations = frame(HEADERS, 0, 1, head());
  for (int i = 0; i < 40; ++i) {  // CVE-2024-27316 and others
    continuations += frame(CONTINUATION, 0, 1, field("a", "b"));
  }
  const std::string calm = "GOAWAY " + std::to_string(CALM);
  EXPECT_EQ(outcome(pings), calm);
  EXPECT_EQ(outcome(empty), calm);
  const std::string cut = outcome(continuations);
  EXPECT_TRUE(cut == calm || cut == "GOAWAY 1") << cut << ": newer libraries see it themselves";
  site_.held.clear();
  EXPECT_EQ(outcome(resets), calm);
}

TEST_F(Http2Test, DrainsWithGoaway) {  // §6.8
  greet();
  say(get(1, "/later"));
  hear();
  server_->drain();
  server_->close_all(1001, "");
  bool goaway = false;
  for (const Heard& heard : hear()) {
    goaway = goaway || (heard.type == GOAWAY && heard.code() == NO_ERROR);
  }
  EXPECT_TRUE(goaway);
  EXPECT_FALSE(closed_) << "what was asked is answered first";
  site_.held[0].answer(Response::text(200, "last"));
  hear();
  EXPECT_TRUE(closed_);
  static_cast<void>(STREAM_CLOSED);
}

}  // namespace
}  // namespace v100::net
