// Broken if this fails: bytes over TCP and TLS, the cut of slow readers, and the clean goodbye.
#include "io/stream.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "crypto/tls/pq_group.h"

namespace v100::io {
namespace {

int connect_to(const Address& where) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(where.port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
  return fd;
}

// Echoes what it reads; ends when the client does.
struct Echo {
  Loop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> stream;
  std::string why;
  std::string group;
  std::size_t got = 0;
  TlsServer* tls = nullptr;
  bool mute = false;

  explicit Echo(TlsServer* with = nullptr) : tls(with) {
    listener = Listener::open(loop, {.bind = Address::parse("127.0.0.1", 0).value()},
                              [this](Fd fd, Address peer) { accept(std::move(fd), peer); })
                   .value();
  }
  void accept(Fd fd, Address peer) {
    stream = std::make_unique<Stream>(loop, std::move(fd), peer, tls);
    stream->start({.on_open = [this] { group = stream->agreement().group; },
                   .on_readable = [this] { read(); },
                   .on_drained = {},
                   .on_failed =
                       [this](const char* reason) {
                         why = reason;
                         loop.stop();
                       }});
  }
  void read() {
    ByteArray<4096> room;
    for (;;) {
      const ReadResult result = stream->read(room);
      if (result.ended) {
        stream->finish();
        loop.later([this] { loop.stop(); });
        return;
      }
      if (result.bytes == 0) {
        return;
      }
      got += result.bytes;
      if (!mute) {
        stream->send(Bytes(room).first(result.bytes));
      }
    }
  }
};

std::string text_of(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    text += std::to_string(text.size()) + ",";
  }
  return text;
}

TEST(Stream, EchoesOverTcpAndSaysGoodbye) {
  Echo echo;
  const std::string sent = text_of(300000);
  std::string back;
  std::thread client([&] {
    const int fd = connect_to(echo.listener->local());
    std::thread writer([&] {
      std::size_t at = 0;
      while (at < sent.size()) {
        at += static_cast<std::size_t>(::send(fd, sent.data() + at, sent.size() - at, 0));
      }
      shutdown(fd, SHUT_WR);
    });
    char room[10000];
    ssize_t n;
    while ((n = recv(fd, room, sizeof room, 0)) > 0) {
      back.append(room, static_cast<std::size_t>(n));
    }
    writer.join();
    close(fd);
  });
  echo.loop.run();
  for (int i = 0; i < 50; ++i) {
    echo.loop.turn(Duration::milliseconds(5));
  }
  client.join();
  EXPECT_EQ(back, sent);
}

TEST(Stream, CutsAReaderThatDoesNotRead) {
  Echo echo;
  echo.mute = true;
  const int fd = connect_to(echo.listener->local());
  while (!echo.stream) {
    echo.loop.turn(Duration::milliseconds(10));
  }
  echo.loop.turn(Duration());
  const Buffer piece(100000, 'x');
  for (int i = 0; i < 400 && echo.why.empty(); ++i) {
    echo.stream->send(piece);
    ASSERT_LE(echo.stream->queued_bytes(), limits::send_queue_bytes);
    echo.loop.turn(Duration());
  }
  EXPECT_NE(echo.why.find("slowly"), std::string::npos) << echo.why;
  close(fd);
}

TEST(Stream, SurvivesAReset) {
  Echo echo;
  const int fd = connect_to(echo.listener->local());
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ASSERT_EQ(::send(fd, "x", 1, 0), 1);
  while (echo.got == 0) {
    echo.loop.turn(Duration::milliseconds(10));
  }
  echo.stream->pause_reading(true);
  close(fd);
  echo.loop.run();
  EXPECT_FALSE(echo.why.empty());
}

// A blocking OpenSSL client that lists `groups` and sends `text`; gives what came back, or the
// error.
std::string tls_client(const Address& where, const char* groups, const std::string& text) {
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* standard = OSSL_PROVIDER_load(library, "default");
  OSSL_PROVIDER* hybrid = crypto::load_pq_group(library);
  SSL_CTX* settings = SSL_CTX_new_ex(library, nullptr, TLS_client_method());
  EXPECT_EQ(SSL_CTX_set1_groups_list(settings, groups), 1);
  SSL* ssl = SSL_new(settings);
  const int fd = connect_to(where);
  SSL_set_fd(ssl, fd);
  std::string back;
  if (SSL_connect(ssl) == 1) {
    std::thread writer([&] {
      std::size_t at = 0;
      while (at < text.size()) {
        const int n = SSL_write(ssl, text.data() + at,
                                static_cast<int>(std::min<std::size_t>(4000, text.size() - at)));
        if (n <= 0) {
          break;
        }
        at += static_cast<std::size_t>(n);
      }
    });
    writer.join();  // one thread at a time may use an SSL
    char room[5000];
    while (back.size() < text.size()) {
      const int n = SSL_read(ssl, room, sizeof room);
      if (n <= 0) {
        break;
      }
      back.append(room, static_cast<std::size_t>(n));
    }
    SSL_shutdown(ssl);
  } else {
    const unsigned long error = ERR_peek_last_error();
    back = std::string("error: ") + (error != 0 ? ERR_reason_error_string(error) : "lost");
  }
  SSL_free(ssl);
  close(fd);
  SSL_CTX_free(settings);
  OSSL_PROVIDER_unload(hybrid);
  OSSL_PROVIDER_unload(standard);
  OSSL_LIB_CTX_free(library);
  return back;
}

struct TlsCase {
  bool strict;
  const char* client_groups;
  const char* agreed;  // null: refused
};

TEST(Tls, AgreesOnTheGroupThatPolicyWants) {
  const std::string names[] = {"localhost", "127.0.0.1"};
  const TlsIdentity identity = make_self_signed(names, 1).value();
  const TlsCase cases[] = {
      {false, "X25519MLKEM768:X25519", "X25519MLKEM768"},
      {false, "X25519:X25519MLKEM768", "X25519MLKEM768"},  // by asking again
      {false, "X25519", "X25519"},
      {false, "P-256", "secp256r1"},
      {true, "X25519MLKEM768:X25519", "X25519MLKEM768"},
      {true, "X25519:X25519MLKEM768", "X25519MLKEM768"},
      {true, "X25519:P-256", nullptr},
  };
  for (const TlsCase& c : cases) {
    auto server = TlsServer::create(identity, {.strict = c.strict}).value();
    Echo echo(server.get());
    const std::string sent = text_of(20000);
    std::string back;
    std::thread client([&] { back = tls_client(echo.listener->local(), c.client_groups, sent); });
    echo.loop.run();
    client.join();
    if (c.agreed != nullptr) {
      EXPECT_EQ(back, sent) << c.client_groups;
      EXPECT_EQ(echo.group, c.agreed) << c.client_groups;
    } else {
      EXPECT_EQ(back.substr(0, 6), "error:") << back;
      EXPECT_EQ(echo.group, "");
      EXPECT_EQ(echo.why, "no suitable key share");
    }
  }
}

TEST(Tls, RefusesAForeignKeyAndBrokenFiles) {
  const std::string names[] = {"localhost"};
  TlsIdentity one = make_self_signed(names, 1).value();
  const TlsIdentity two = make_self_signed(names, 1).value();
  EXPECT_TRUE(TlsServer::create(one, {}));
  one.key_pem = two.key_pem;
  EXPECT_EQ(TlsServer::create(one, {}).error().code, Errc::conflict);
  one.key_pem = "nothing";
  EXPECT_EQ(TlsServer::create(one, {}).error().code, Errc::malformed);
  EXPECT_EQ(TlsServer::create({"", two.key_pem}, {}).error().code, Errc::malformed);
}

TEST(Tls, SelfMadeCertificateCoversItsNames) {
  const std::string names[] = {"localhost", "127.0.0.1", "::1", "a,b.example"};
  const TlsIdentity identity = make_self_signed(names, 30).value();
  const CertificateInfo info = inspect_certificate(identity, std::span(names).first(3)).value();
  EXPECT_TRUE(info.self_signed);
  EXPECT_TRUE(info.covers_all);
  const std::string other[] = {"192.0.2.1"};
  EXPECT_FALSE(inspect_certificate(identity, other).value().covers_all);
}

}  // namespace
}  // namespace v100::io
