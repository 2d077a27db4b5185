// Feeds bytes to the parsers and to verify(): nothing may crash, and no signature but the right one
// may verify under the fixed key.
#include "crypto/slhdsa/slhdsa.h"

namespace {

using namespace v100;
using namespace v100::slhdsa;

template <class P>
void one(Bytes data) {
  static const PrivateKey<P> key = PrivateKey<P>::from_seeds(typename PrivateKey<P>::Seeds());
  static const Buffer good =
      to_buffer(key.sign(as_bytes("m"), {}, Hedge::deterministic())->bytes());
  // The input is laid over a good signature, so that short inputs reach deep.
  Buffer changed = good;
  const std::size_t at = data.size() < 2 ? 0 : load_le<std::uint16_t>(data.data());
  for (std::size_t i = 2; i < data.size() && at + i - 2 < changed.size(); ++i) {
    changed[at + i - 2] ^= data[i];
  }
  const bool verified =
      key.public_key().verify(as_bytes("m"), {}, *Signature<P>::parse(changed)).has_value();
  CHECK(verified == (changed == good));
  (void)Signature<P>::parse(data);
  if (const auto parsed = PublicKey<P>::parse(data)) {
    (void)parsed->verify(as_bytes("m"), {}, *Signature<P>::parse(good));
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
      one<Shake128f>(rest);
      break;
    case 1:
      one<Sha2_128f>(rest);
      break;
    default:
      one<Shake192f>(rest);
  }
  return 0;
}
