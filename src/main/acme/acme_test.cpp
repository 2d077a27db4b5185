// Broken if this fails: a host gets no certificate from an ACME authority. The authority is
// Debian's pebble (Let's Encrypt's own test server), with a fifth of all nonces refused; skipped
// without it.
#include "main/acme/acme.h"

#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "main/acme/jose.h"

namespace v100::acme {
namespace {

int listen_on_loopback(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(fd, 8), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  close(listen_on_loopback(port));
  return port;
}

// What stands on port 80 in production.
class Responder {
 public:
  explicit Responder(const Challenges& challenges) : challenges_(challenges) {
    fd_ = listen_on_loopback(port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Responder() {
    stop_ = true;
    thread_.join();
    close(fd_);
  }
  std::uint16_t port = 0;

 private:
  void serve() {
    while (!stop_) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 50) <= 0) {
        continue;
      }
      const int peer = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      char request[2048] = {};
      if (read(peer, request, sizeof request - 1) > 0) {
        const std::string_view line(request);
        constexpr std::string_view path = "GET /.well-known/acme-challenge/";
        const std::string body = line.starts_with(path)
                                     ? challenges_.answer(line.substr(
                                           path.size(), line.find(' ', path.size()) - path.size()))
                                     : "";
        const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n\r\n" + body;
        EXPECT_GT(write(peer, answer.data(), answer.size()), 0);
      }
      close(peer);
    }
  }
  const Challenges& challenges_;
  int fd_ = -1;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Process {
 public:
  Process(std::vector<std::string> words, const std::string& log) {
    pid_ = fork();
    if (pid_ == 0) {
      const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
      dup2(out, 1);
      dup2(out, 2);
      setenv("PEBBLE_VA_NOSLEEP", "1", 1);
      setenv("PEBBLE_WFE_NONCEREJECT", "20", 1);
      std::vector<char*> argv;
      for (std::string& word : words) {
        argv.push_back(word.data());
      }
      argv.push_back(nullptr);
      execvp(argv[0], argv.data());
      _exit(127);
    }
  }
  ~Process() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

bool answers(std::uint16_t port) {
  for (int i = 0; i < 100; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool open = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (open) {
      return true;
    }
    usleep(50000);
  }
  return false;
}

class Acme : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v pebble pebble-challtestsrv >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "pebble is not installed";
    }
    char name[] = "/tmp/v100-acme-XXXXXX";
    folder_ = mkdtemp(name);
    const std::string certificate = folder_ + "/tls.pem";
    ASSERT_EQ(std::system(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                           "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 "
                           "-keyout " +
                           folder_ + "/tls.key -out " + certificate + " 2>/dev/null")
                              .c_str()),
              0);
    const std::uint16_t dns = free_port();
    port_ = free_port();
    std::ofstream(folder_ + "/pebble.json")
        << "{\"pebble\":{\"listenAddress\":\"127.0.0.1:" << port_ << "\",\"certificate\":\""
        << certificate << "\",\"privateKey\":\"" << folder_
        << "/tls.key\",\"httpPort\":" << responder_.port << ",\"tlsPort\":" << free_port()
        << ",\"ocspResponderURL\":\"\",\"externalAccountBindingRequired\":false}}";
    const std::string dns_address = "127.0.0.1:" + std::to_string(dns);
    names_.emplace(
        std::vector<std::string>{"pebble-challtestsrv", "-dns01", dns_address, "-defaultIPv6", "",
                                 "-http01", "", "-https01", "", "-tlsalpn01", "", "-management",
                                 "127.0.0.1:" + std::to_string(free_port())},
        folder_ + "/dns.log");
    authority_.emplace(std::vector<std::string>{"pebble", "-config", folder_ + "/pebble.json",
                                                "-dnsserver", dns_address},
                       folder_ + "/pebble.log");
    ASSERT_TRUE(answers(port_));
    options_.directory = "https://localhost:" + std::to_string(port_) + "/dir";
    options_.ca_file = certificate;
    options_.domains = {"meet.example.org", "call.example.org"};
  }
  void TearDown() override {
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_);
    }
  }

  Challenges challenges_;
  Responder responder_{challenges_};
  std::optional<Process> names_;
  std::optional<Process> authority_;
  std::string folder_;
  std::uint16_t port_ = 0;
  Options options_;
};

TEST_F(Acme, ObtainsACertificateAndAgainWithTheSameAccount) {
  std::string detail;
  Result<Certificate> first = obtain(options_, challenges_, &detail);
  ASSERT_TRUE(first.has_value()) << first.error().what << ' ' << detail;
  EXPECT_NE(first->chain_pem.find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_GT(days_left(first->chain_pem).value(), 30);
  EXPECT_TRUE(read_key(first->key_pem).has_value());

  options_.account_key_pem = first->account_key_pem;
  const Result<Certificate> second = obtain(options_, challenges_, &detail);
  ASSERT_TRUE(second.has_value()) << second.error().what << ' ' << detail;
  EXPECT_EQ(second->account_key_pem, first->account_key_pem);
  EXPECT_NE(second->key_pem, first->key_pem);
}

TEST_F(Acme, SaysWhyWhenTheChallengeIsNotThere) {
  Challenges elsewhere;  // the responder does not see these
  std::string detail;
  const Result<Certificate> refused = obtain(options_, elsewhere, &detail);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::forbidden);
  EXPECT_NE(detail.find("unauthorized"), std::string::npos) << detail;
}

TEST_F(Acme, SaysWhenTheAuthorityIsAway) {
  options_.directory = "https://localhost:1/dir";
  std::string detail;
  EXPECT_EQ(obtain(options_, challenges_, &detail).error().code, Errc::unavailable);
  EXPECT_FALSE(detail.empty());
  options_.domains = {"Not A Name"};
  EXPECT_EQ(obtain(options_, challenges_, nullptr).error().code, Errc::malformed);
}

}  // namespace
}  // namespace v100::acme
