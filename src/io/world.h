// The real clock and the real randomness.
#pragma once

#include "base/world.h"

namespace v100::io {

class SystemClock final : public Clock {
 public:
  Instant now() override;    // CLOCK_MONOTONIC
  WallTime wall() override;  // CLOCK_REALTIME
};

// getrandom(2), drawn through a 1 KiB buffer whose used bytes are wiped. One thread an object.
class SystemRandom final : public Random {
 public:
  SystemRandom() noexcept = default;
  ~SystemRandom() override;
  SystemRandom(const SystemRandom&) = delete;
  SystemRandom& operator=(const SystemRandom&) = delete;
  void fill(MutBytes out) override;

 private:
  ByteArray<1024> pool_{};
  std::size_t left_ = 0;  // unused bytes, at the pool's end
};

}  // namespace v100::io
