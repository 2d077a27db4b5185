// Randomness of libcrypto that is drawn before it is needed, while failing is still a plain answer:
// a provider is a guest in its process and must not abort it.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"
#include "base/world.h"

namespace v100::crypto {

// Used by one operation, on one thread. Wiped when it dies.
class DrawnRandom final : public Random {
 public:
  static constexpr std::size_t bytes_max = 128;

  // False: libcrypto's generator has failed; then fill() must not be called.
  [[nodiscard]] bool draw(std::size_t bytes) noexcept;
  void fill(MutBytes out) override;  // aborts when asked for more than was drawn

 private:
  Secret<bytes_max, struct DrawnTag> bytes_;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

}  // namespace v100::crypto
