// Feeds bytes to every reader of keys: nothing may crash or take long, and a public key that gets
// in must come back the same from each format it is written in.
#include "keys/codec.h"

namespace {

using namespace v100;
using namespace v100::keys;

void round_trip(const PublicKey& key) {
  const auto same_key = [&](const Result<Key>& again) {
    CHECK(again.has_value() && again->key.algorithm == key.algorithm);
    CHECK(same(again->key.bytes, key.bytes));
  };
  same_key(read_key(write_spki(key)));
  same_key(read_key(as_bytes(write_pem(pem_public, write_spki(key)))));
  same_key(read_key(as_bytes(write_jwk(key))));
  if (const auto cose = write_cose(key)) {
    same_key(read_key(*cose));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes in(data, size);
  if (const auto key = read_key(in)) {
    round_trip(key->key);
    if (key->secret) {
      CHECK(same(key->secret->public_key().bytes, key->key.bytes));
      const auto der = write_pkcs8(*key->secret, Form::expanded);
      CHECK(der.has_value() && read_pkcs8(der->expose()).has_value());
    }
  }
  (void)read_spki(in);
  (void)read_pkcs8(in);
  (void)read_pem(in);
  (void)read_jwk(in);
  (void)read_cose(in);
  return 0;
}
