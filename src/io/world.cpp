#include "io/world.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <sys/random.h>

#include "base/check.h"
#include "base/secret.h"

namespace v100::io {
namespace {

std::int64_t read_clock(clockid_t id) noexcept {
  timespec t{};
  CHECK(clock_gettime(id, &t) == 0);
  return static_cast<std::int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec;
}

void draw(MutBytes out) noexcept {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    CHECK(got > 0 || errno == EINTR);
    out = out.subspan(got > 0 ? static_cast<std::size_t>(got) : 0);
  }
}

}  // namespace

Instant SystemClock::now() { return Instant::from_ns(read_clock(CLOCK_MONOTONIC)); }
WallTime SystemClock::wall() { return WallTime(read_clock(CLOCK_REALTIME) / 1000000); }

SystemRandom::~SystemRandom() { wipe(pool_); }

void SystemRandom::fill(MutBytes out) {
  if (out.size() > pool_.size() / 4) {
    draw(out);
    return;
  }
  if (left_ < out.size()) {
    draw(pool_);
    left_ = pool_.size();
  }
  const MutBytes from = MutBytes(pool_).last(left_).first(out.size());
  copy(out, from);
  wipe(from);
  left_ -= out.size();
}

}  // namespace v100::io
