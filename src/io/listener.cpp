// Accepting TCP connections.
#include <cerrno>
#include <sys/socket.h>

#include "io/socket_address.h"
#include "io/stream.h"

namespace v100::io {
namespace {

constexpr int backlog = 1024;
constexpr int accepts_per_turn = 64;
constexpr Duration pause_when_full = Duration::milliseconds(100);

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, Options options, Accept accept) {
  const BoundSocket bound = bind_socket(SOCK_STREAM, options.bind, options.reuse_port);
  Fd fd(bound.fd);
  if (!fd.valid() || ::listen(fd.get(), backlog) != 0) {
    return errno == EADDRINUSE ? fail(Errc::conflict, "tcp: the port is in use")
           : errno == EACCES   ? fail(Errc::forbidden, "tcp: no permission for this port")
                               : fail(Errc::unavailable, "tcp: the address cannot be bound");
  }
  return std::unique_ptr<Listener>(new Listener(loop, std::move(fd), std::move(accept)));
}

Listener::Listener(Loop& loop, Fd fd, Accept accept)
    : loop_(loop),
      fd_(std::move(fd)),
      accept_(std::move(accept)),
      local_(local_address(fd_.get())) {
  watch_ = loop_.watch(fd_.get(), {.read = true}, [this](Readiness) { on_ready(); });
}

Listener::~Listener() {
  loop_.cancel(pause_);
  loop_.unwatch(watch_);
}

void Listener::on_ready() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      accept_(std::move(fd), from_kernel(peer));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The waiting connection would make this event fire without end.
      loop_.set_interest(watch_, {});
      pause_ = loop_.after(pause_when_full, [this] { loop_.set_interest(watch_, {.read = true}); });
      return;
    }
    if (errno == EAGAIN) {
      return;
    }
  }
}

}  // namespace v100::io
