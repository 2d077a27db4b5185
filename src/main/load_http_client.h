// The generator's connections: sends what was made ahead, reads answers, and times them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/fd.h"
#include "main/load_http_requests.h"
#include "main/load_stats.h"

namespace v100::load {

struct DriveOptions {
  std::size_t pipeline = 1;  // requests on the way on each connection
  double rate = 0;           // open loop: requests a second over all connections; 0: closed loop
  std::int64_t warm_up_ns = 300'000'000;
  std::int64_t measure_ns = 1'000'000'000;
  bool repeat = false;  // the same requests over and over (unsigned ones)
};

struct DriveTotals {
  std::uint64_t answers = 0;                  // in the measured time
  std::uint64_t bytes_in = 0, bytes_out = 0;  // all
  std::array<std::uint64_t, 600> by_status{};
  std::vector<std::pair<std::string, std::uint64_t>> refused;  // by the problem's type
  Histogram latency;  // open loop: from when the request was due, so nothing is left out
  double seconds = 0;
  std::uint64_t late = 0;  // open loop: sent more than a millisecond after it was due
  bool ran_out = false;    // of requests made ahead: the time was cut short
};

// One thread. Connects, warms up, measures; closes at the end.
class Driver {
 public:
  Driver(const Address& server, std::vector<RequestRun> runs, DriveOptions options);
  ~Driver();
  Result<void> connect();
  // `on_second` is told at the start of the measured time (0) and after each second.
  template <class F>
  Result<DriveTotals> run(F on_second) {
    started_ = measuring_ = false;
    second_ = 0;
    begin();
    while (turn()) {
      if (take_second()) {
        on_second(second_ - 1);
      }
    }
    return finish();
  }
  std::uint64_t answers_now() const noexcept { return totals_.answers; }

 private:
  struct Connection;
  void begin();
  bool turn();
  bool take_second();
  Result<DriveTotals> finish();
  void send_due(Connection& c, std::int64_t now);
  bool write(Connection& c);
  bool read(Connection& c, std::int64_t now);
  std::size_t parse(Connection& c, Bytes bytes, std::int64_t now);
  void count(Connection& c, int status, Bytes body, std::int64_t now);
  void fail_with(const char* why);

  const Address server_;
  std::vector<RequestRun> runs_;
  const DriveOptions options_;
  io::Fd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  DriveTotals totals_;
  const char* failed_ = nullptr;
  bool started_ = false, measuring_ = false;
  std::int64_t start_ns_ = 0, measure_from_ns_ = 0, end_ns_ = 0;
  int second_ = 0;
  std::uint64_t running_out_ = 0;
};

// Blocking: one request, one answer's body. For setting up.
Result<std::string> exchange_once(const Address& server, Bytes request, int& status);

}  // namespace v100::load
