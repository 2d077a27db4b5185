// Any bytes as a ciphertext and as a public key: refused, or written back as they came.
#include <memory>

#include "he/bfv/serial.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::he::bfv;
  static const std::unique_ptr<Params> params = Params::make(small_spec()).value();
  const Bytes bytes(data, size);
  if (const auto c = decode_ciphertext(*params, bytes)) {
    CHECK(same(encode(*params, *c), bytes));
  }
  if (const auto key = decode_public_key(*params, bytes)) {
    CHECK(same(encode(*params, *key), bytes));
  }
  if (const auto key = decode_secret_key(*params, bytes)) {
    CHECK(same(encode_secret(*params, *key), bytes));
  }
  return 0;
}
