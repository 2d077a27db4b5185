// Feeds bytes to the three parsers and to verify(): nothing may crash, a parsed private key must be
// one that writes itself back, and no fuzzed signature may verify under the fixed key.
#include "crypto/mldsa/mldsa.h"

namespace {

using namespace v100;
using namespace v100::mldsa;

template <class P>
void one(Bytes data) {
  static const PrivateKey<P> key = PrivateKey<P>::from_seed(Seed());
  static const PreparedVerifier<P> verifier(key.public_key());
  static const Buffer good =
      to_buffer(key.sign(as_bytes("m"), {}, Hedge::deterministic())->bytes());
  // The input is laid over a good signature and a good key, so that short inputs reach deep.
  const auto over = [&](Bytes base) {
    Buffer bytes = to_buffer(base);
    const std::size_t at = data.size() < 2 ? 0 : load_le<std::uint16_t>(data.data());
    for (std::size_t i = 2; i < data.size() && at + i - 2 < bytes.size(); ++i) {
      bytes[at + i - 2] ^= data[i];
    }
    return bytes;
  };
  const Buffer changed = over(good);
  const bool verified =
      verifier.verify(as_bytes("m"), {}, *Signature<P>::parse(changed)).has_value();
  CHECK(verified == (changed == good));
  const Buffer secret = over(key.expose());
  if (const auto parsed = PrivateKey<P>::parse(secret)) {
    CHECK(same(parsed->expose(), secret));
    CHECK(same(parsed->public_key().bytes(), key.public_key().bytes()));
  }
  (void)PublicKey<P>::parse(data);
  (void)Signature<P>::parse(data);
  if (const auto parsed = PrivateKey<P>::parse(data)) {
    CHECK(same(parsed->expose(), data));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const v100::Bytes rest(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      one<Mldsa44>(rest);
      break;
    case 1:
      one<Mldsa65>(rest);
      break;
    default:
      one<Mldsa87>(rest);
  }
  return 0;
}
