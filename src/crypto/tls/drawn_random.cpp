#include "crypto/tls/drawn_random.h"

#include <openssl/rand.h>

namespace v100::crypto {

bool DrawnRandom::draw(std::size_t bytes) noexcept {
  CHECK(bytes <= bytes_max);
  next_ = 0;
  end_ = RAND_priv_bytes(bytes_.fill().data(), static_cast<int>(bytes)) == 1 ? bytes : 0;
  return end_ == bytes;
}

void DrawnRandom::fill(MutBytes out) {
  CHECK(out.size() <= end_ - next_);
  copy(out, Bytes(bytes_.expose()).subspan(next_, out.size()));
  next_ += out.size();
}

}  // namespace v100::crypto
