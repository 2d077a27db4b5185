// Signals as loop events (signalfd). Make one before any thread starts: threads inherit the mask.
#pragma once

#include <functional>

#include "io/fd.h"
#include "io/loop.h"

namespace v100::io {

class Signals final {
 public:
  // SIGTERM, SIGINT and SIGHUP come to `on_signal`; SIGPIPE is ignored for good.
  Signals(Loop& loop, std::move_only_function<void(int)> on_signal);
  ~Signals();

 private:
  Loop& loop_;
  Fd fd_;
  std::move_only_function<void(int)> on_signal_;
  Loop::WatchId watch_;
};

}  // namespace v100::io
