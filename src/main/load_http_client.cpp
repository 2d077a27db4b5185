#include "main/load_http_client.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace v100::load {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
constexpr std::int64_t poll_ns_max = 50'000'000;

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

io::Fd open_socket(const Address& server, bool blocking) {
  const bool four = server.is_ipv4();
  io::Fd fd(::socket(four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to{};
  socklen_t size = 0;
  if (four) {
    auto& in = reinterpret_cast<sockaddr_in&>(to);
    in.sin_family = AF_INET;
    in.sin_port = htons(server.port);
    std::memcpy(&in.sin_addr, server.ipv4().data(), 4);
    size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(to);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(server.port);
    std::memcpy(&in.sin6_addr, server.ip.data(), 16);
    size = sizeof in;
  }
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0) {
    return io::Fd();
  }
  const int one = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!blocking) {
    CHECK(fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK) == 0);
  }
  return fd;
}

// What a JSON problem's "type" ends in; the status where there is none.
std::string problem_type(int status, Bytes body) {
  const std::string_view text = as_text(body);
  constexpr std::string_view key = "\"type\":\"/problems/";
  const std::size_t at = text.find(key);
  if (at == text.npos) {
    return std::to_string(status);
  }
  const std::string_view rest = text.substr(at + key.size());
  return std::string(rest.substr(0, rest.find('"')));
}

}  // namespace

struct Driver::Connection {
  io::Fd fd;
  const RequestRun* run = nullptr;
  std::size_t next = 0;      // the next request
  std::size_t at = 0;        // its place in the run's bytes
  std::size_t write_at = 0;  // what is written so far, of [write_at, at)
  std::size_t in_flight = 0;
  bool waits_for_room = false;
  std::uint64_t due_count = 0;  // open loop: requests of this connection so far
  // When each request on the way was sent, or due: a ring of `pipeline` and more.
  std::vector<std::int64_t> since;
  std::size_t since_at = 0;
  Buffer room;
  std::size_t filled = 0;
};

Driver::Driver(const Address& server, std::vector<RequestRun> runs, DriveOptions options)
    : server_(server),
      runs_(std::move(runs)),
      options_(options),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
Driver::~Driver() = default;

Result<void> Driver::connect() {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    auto c = std::make_unique<Connection>();
    c->fd = open_socket(server_, false);
    if (!c->fd.valid()) {
      return fail(Errc::unavailable, "load: the server takes no connection");
    }
    c->run = &runs_[i];
    c->since.resize(options_.pipeline);
    c->room.resize(read_bytes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, c->fd.get(), &event) == 0);
    connections_.push_back(std::move(c));
  }
  return {};
}

void Driver::begin() {
  start_ns_ = now_ns();
  measure_from_ns_ = start_ns_ + options_.warm_up_ns;
  end_ns_ = measure_from_ns_ + options_.measure_ns;
  for (const auto& c : connections_) {
    send_due(*c, start_ns_);
  }
}

void Driver::fail_with(const char* why) { failed_ = failed_ == nullptr ? why : failed_; }

// Closed loop: a whole pipeline once the last one is answered, as a client does that gathers its
// requests; open loop: what is due, as far as the pipeline has room.
void Driver::send_due(Connection& c, std::int64_t now) {
  std::size_t room = options_.pipeline - c.in_flight;
  if (options_.rate > 0) {
    const double each_ns = 1e9 * static_cast<double>(connections_.size()) / options_.rate;
    const auto due = static_cast<std::uint64_t>(static_cast<double>(now - start_ns_) / each_ns) + 1;
    room = std::min<std::size_t>(room, due > c.due_count ? due - c.due_count : 0);
  } else if (c.in_flight > 0) {
    return;
  }
  for (; room > 0; --room) {
    if (c.next == c.run->sizes.size()) {
      if (!options_.repeat) {
        ++running_out_;
        totals_.ran_out = true;
        break;
      }
      if (c.write_at < c.at) {
        break;
      }
      c.next = c.at = c.write_at = 0;
    }
    std::int64_t since = now;
    if (options_.rate > 0) {
      const double each_ns = 1e9 * static_cast<double>(connections_.size()) / options_.rate;
      since = start_ns_ + static_cast<std::int64_t>(static_cast<double>(c.due_count++) * each_ns);
      totals_.late += measuring_ && now - since > 1'000'000 ? 1u : 0u;
    }
    c.since[(c.since_at + c.in_flight++) % c.since.size()] = since;
    c.at += c.run->sizes[c.next++];
  }
  write(c);
}

// False: the connection broke.
bool Driver::write(Connection& c) {
  while (c.write_at < c.at) {
    const ssize_t n =
        ::send(c.fd.get(), c.run->bytes.data() + c.write_at, c.at - c.write_at, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) {
        fail_with("load: the server closed a connection");
        return false;
      }
      break;
    }
    c.write_at += static_cast<std::size_t>(n);
    totals_.bytes_out += static_cast<std::size_t>(n);
  }
  const bool waits = c.write_at < c.at;
  if (waits != c.waits_for_room) {
    c.waits_for_room = waits;
    epoll_event event{};
    event.events = waits ? std::uint32_t{EPOLLIN} | EPOLLOUT : std::uint32_t{EPOLLIN};
    event.data.u64 = static_cast<std::uint64_t>(c.run - runs_.data());
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, c.fd.get(), &event) == 0);
  }
  return true;
}

bool Driver::read(Connection& c, std::int64_t now) {
  const ssize_t n = ::recv(c.fd.get(), c.room.data() + c.filled, c.room.size() - c.filled, 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) {
      fail_with("load: the server closed a connection");
      return false;
    }
    return true;
  }
  totals_.bytes_in += static_cast<std::size_t>(n);
  c.filled += static_cast<std::size_t>(n);
  const std::size_t used = parse(c, Bytes(c.room).first(c.filled), now);
  std::memmove(c.room.data(), c.room.data() + used, c.filled - used);
  c.filled -= used;
  if (c.filled == c.room.size()) {
    fail_with("load: an answer larger than its buffer");
  }
  return true;
}

// Whole answers; how many bytes they took.
std::size_t Driver::parse(Connection& c, Bytes bytes, std::int64_t now) {
  constexpr std::string_view end_mark = "\r\n\r\n", length_mark = "\r\nContent-Length: ";
  std::size_t used = 0;
  while (c.in_flight > 0) {
    const Bytes rest = bytes.subspan(used);
    const void* end = memmem(rest.data(), rest.size(), end_mark.data(), end_mark.size());
    if (end == nullptr) {
      break;
    }
    const auto head_bytes =
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - rest.data()) + 4;
    const std::string_view head = as_text(rest.first(head_bytes));
    std::size_t body_bytes = 0;
    int status = 0;
    std::from_chars(head.data() + 9, head.data() + 12, status);
    if (const std::size_t at = head.find(length_mark); at != head.npos) {
      std::from_chars(head.data() + at + length_mark.size(), head.data() + head.size(), body_bytes);
    }
    if (!head.starts_with("HTTP/1.1 ") || status < 200 || status > 599) {
      fail_with("load: not an answer");
      return bytes.size();
    }
    if (rest.size() < head_bytes + body_bytes) {
      break;
    }
    used += head_bytes + body_bytes;
    count(c, status, rest.subspan(head_bytes, body_bytes), now);
  }
  return used;
}

void Driver::count(Connection& c, int status, Bytes body, std::int64_t now) {
  const std::int64_t since = c.since[c.since_at];
  c.since_at = (c.since_at + 1) % c.since.size();
  --c.in_flight;
  if (!measuring_) {
    return;
  }
  ++totals_.answers;
  ++totals_.by_status[static_cast<std::size_t>(status)];
  totals_.latency.add(now - since);
  if (status >= 400) {
    const std::string type = problem_type(status, body);
    const auto found =
        std::ranges::find(totals_.refused, type, &std::pair<std::string, std::uint64_t>::first);
    if (found == totals_.refused.end()) {
      totals_.refused.emplace_back(type, 1);
    } else {
      ++found->second;
    }
  }
}

// False: over.
bool Driver::turn() {
  std::int64_t now = now_ns();
  if (now >= end_ns_ || failed_ != nullptr || running_out_ >= connections_.size()) {
    return false;
  }
  if (!measuring_ && now >= measure_from_ns_) {
    measuring_ = true;
    measure_from_ns_ = now;
    end_ns_ = now + options_.measure_ns;
  }
  // Open loop: to the microsecond, as a timer of milliseconds would be part of the latency.
  std::int64_t wait = std::min(poll_ns_max, end_ns_ - now);
  if (options_.rate > 0) {
    wait = std::min<std::int64_t>(wait, 50'000);
  }
  const timespec limit{.tv_sec = 0, .tv_nsec = wait};
  std::array<epoll_event, 256> events;
  const int n = epoll_pwait2(epoll_.get(), events.data(), events.size(), &limit, nullptr);
  now = now_ns();
  for (int i = 0; i < n; ++i) {
    Connection& c = *connections_[events[static_cast<std::size_t>(i)].data.u64];
    if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0 && !write(c)) {
      return false;
    }
    if (!read(c, now)) {
      return false;
    }
    send_due(c, now);
  }
  if (options_.rate > 0) {
    for (const auto& c : connections_) {
      send_due(*c, now);
    }
  }
  return true;
}

// Once at the start of the measured time, then once a second.
bool Driver::take_second() {
  if (!measuring_ || now_ns() < measure_from_ns_ + second_ * 1'000'000'000ll) {
    return false;
  }
  ++second_;
  return true;
}

Result<DriveTotals> Driver::finish() {
  if (failed_ != nullptr) {
    return fail(Errc::unavailable, failed_);
  }
  totals_.seconds = static_cast<double>(now_ns() - measure_from_ns_) / 1e9;
  return totals_;
}

Result<std::string> exchange_once(const Address& server, Bytes request, int& status) {
  const io::Fd fd = open_socket(server, true);
  if (!fd.valid()) {
    return fail(Errc::unavailable, "load: the server takes no connection");
  }
  while (!request.empty()) {
    const ssize_t n = ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      return fail(Errc::unavailable, "load: the server closed a connection");
    }
    request = request.subspan(static_cast<std::size_t>(n));
  }
  std::string all;
  for (;;) {
    char room[4096];
    const ssize_t n = ::recv(fd.get(), room, sizeof room, 0);
    if (n <= 0) {
      return fail(Errc::unavailable, "load: the server closed a connection");
    }
    all.append(room, static_cast<std::size_t>(n));
    const std::size_t end = all.find("\r\n\r\n");
    const std::size_t length = all.find("\r\nContent-Length: ");
    std::size_t bytes = 0;
    if (end == all.npos) {
      continue;
    }
    if (length != all.npos && length < end) {
      std::from_chars(all.data() + length + 18, all.data() + all.size(), bytes);
    }
    if (all.size() >= end + 4 + bytes) {
      std::from_chars(all.data() + 9, all.data() + 12, status);
      return all.substr(end + 4, bytes);
    }
  }
}

}  // namespace v100::load
