#include "io/signals.h"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"

namespace v100::io {

Signals::Signals(Loop& loop, std::move_only_function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&set, number);
  }
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  fd_ = Fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_.valid());
  watch_ = loop_.watch(fd_.get(), {.read = true}, [this](Readiness) {
    signalfd_siginfo info{};
    while (read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      on_signal_(static_cast<int>(info.ssi_signo));
    }
  });
}

Signals::~Signals() { loop_.unwatch(watch_); }

}  // namespace v100::io
