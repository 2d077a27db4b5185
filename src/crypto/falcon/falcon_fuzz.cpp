// Feeds bytes to the three parsers and to verify(): nothing may crash, a parsed private key must be
// one that writes itself back, no altered signature may verify, and the kernel in use must read
// signatures as the portable one does.
#include "crypto/falcon/internal.h"
#include "crypto/keccak/keccak.h"

namespace {

using namespace v100;
using namespace v100::falcon;

class CountingRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    ByteArray<8> bytes;
    store_le(bytes.data(), ++calls_);
    keccak::shake256(out, {bytes});
  }

 private:
  std::uint64_t calls_ = 0;
};

template <class P>
struct Fixed {
  Fixed()
      : key(PrivateKey<P>::from_seed(Seed())),
        verifier(key.public_key()),
        good(to_buffer(key.sign(as_bytes("m"), Encoding::padded, random)->bytes())) {}
  CountingRandom random;
  PrivateKey<P> key;
  PreparedVerifier<P> verifier;
  Buffer good;
};

template <class P>
void decodes_alike(Bytes data) {
  constexpr std::size_t n = Shape<P>::n;
  Buffer padded = to_buffer(data);
  padded.resize(data.size() + 16);
  Values<std::int16_t, n> a, b;
  const std::size_t bits = kernel().decode(padded.data(), data.size(), a.v, P::logn);
  CHECK(bits == kernel_portable.decode(padded.data(), data.size(), b.v, P::logn));
  if (bits > 0) {
    Buffer again(data.size());
    const std::size_t bytes = compress(a.v, again);
    CHECK(bytes == (bits + 7) / 8);
    CHECK(same(Bytes(again).first(bits / 8), data.first(bits / 8)));
  }
}

template <class P>
void one(Bytes data) {
  static Fixed<P> fixed;
  // The input is laid over a good signature and a good key, so that short inputs reach deep.
  const auto over = [&](Bytes base) {
    Buffer bytes = to_buffer(base);
    const std::size_t at = data.size() < 2 ? 0 : load_le<std::uint16_t>(data.data());
    for (std::size_t i = 2; i < data.size() && at + i - 2 < bytes.size(); ++i) {
      bytes[at + i - 2] ^= data[i];
    }
    return bytes;
  };
  const Buffer changed = over(fixed.good);
  const auto signature = Signature<P>::parse(changed);
  const bool verified = signature && fixed.verifier.verify(as_bytes("m"), *signature).has_value();
  CHECK(verified == (changed == fixed.good));
  const VerifyItem<P> item{
      .prepared = &fixed.verifier, .message = as_bytes("m"), .signature = changed};
  Verdict verdict = Verdict::invalid;
  verify_batch<P>({&item, 1}, {&verdict, 1});
  CHECK((verdict == Verdict::valid) == verified);
  decodes_alike<P>(data);
  if (const auto raw = Signature<P>::parse(data)) {
    (void)fixed.verifier.verify(as_bytes("m"), *raw);
  }
  (void)PublicKey<P>::parse(over(fixed.key.public_key().bytes()));
  (void)PublicKey<P>::parse(data);
  const Buffer secret = over(fixed.key.expose());
  if (const auto parsed = PrivateKey<P>::parse(secret)) {
    CHECK(same(parsed->expose(), secret));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) {
    return 0;
  }
  const v100::Bytes rest(data + 1, size - 1);
  data[0] % 2 == 0 ? one<Falcon512>(rest) : one<Falcon1024>(rest);
  return 0;
}
