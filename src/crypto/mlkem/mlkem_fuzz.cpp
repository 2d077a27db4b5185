// Every kernel against the portable one, batches against single calls, and what arrives from
// outside: keys and ciphertexts of any bytes. Nothing may crash; an altered ciphertext must give
// another secret than the sender's.
#include <cstring>

#include "base/cpu.h"
#include "crypto/mlkem/kernel.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/testing.h"

namespace {

using namespace v100;
using namespace v100::mlkem;

struct Other {
  Isa isa;
  const MlkemKernel* kernel;
};
#if defined(__x86_64__)
const Other others[] = {{Isa::avx2, &kernel_avx2}, {Isa::avx512, &kernel_avx512}};
#elif defined(__aarch64__)
const Other others[] = {{Isa::neon, &kernel_neon}};
#endif

constexpr int q = 3329;
struct alignas(64) Poly {
  std::int16_t c[320];  // sampling may write past 256
};
// What a kernel writes for input that is the same for all.
struct Results {
  std::uint8_t t[1536], s[1536], ciphertext[1568], m[32];
  bool below;
  int sampled;
  Poly decoded[4], matrix;
};

void run(const MlkemKernel& k, const Shape& shape, const std::uint8_t* in, Results& out) {
  std::memset(static_cast<void*>(&out), 0, sizeof out);
  alignas(64) std::int16_t a[16 * 256], t_hat[4 * 256] = {};
  for (std::size_t i = 0; i < 16 * 256; ++i) {
    a[i] = static_cast<std::int16_t>((in[i % 4096] | in[(i * 7 + 1) % 4096] << 8) % q);
  }
  out.below = k.decode_12(t_hat, in, shape.k);
  std::memcpy(out.decoded, t_hat, sizeof t_hat);
  k.make_key(out.t, out.s, shape, a, in);
  k.encrypt(out.ciphertext, shape, a, t_hat, in, in + 2000);
  alignas(64) std::int16_t s_hat[4 * 256] = {};
  k.decode_12(s_hat, out.s, shape.k);
  Multiplier s[4];
  for (int i = 0; i < shape.k; ++i) {
    k.prepare(&s[i], s_hat + 256 * i);
  }
  k.decrypt(out.m, shape, s, in + 1000);
  out.sampled = k.reject(out.matrix.c, 0, in, 504);
  for (int i = out.sampled; i < 320; ++i) {
    out.matrix.c[i] = 0;
  }
}

void kernels_agree(Bytes data) {
  constexpr Shape shapes[] = {{2, 3, 10, 4}, {3, 2, 10, 4}, {4, 2, 11, 5}};
  const Shape& shape = shapes[data[0] % 3];
  alignas(64) std::uint8_t in[4096 + 64] = {};
  for (std::size_t i = 0; i < 4096; ++i) {
    in[i] = static_cast<std::uint8_t>(data[i % data.size()] + (i / data.size()) * 37);
  }
  static Results expected, got;
  run(kernel_portable, shape, in, expected);
  for (const Other& other : others) {
    if (cpu_has(other.isa)) {
      run(*other.kernel, shape, in, got);
      CHECK(std::memcmp(&got, &expected, sizeof got) == 0);
    }
  }
}

template <class P>
void scheme(Bytes data) {
  static StreamRandom random("mlkem_fuzz");
  static const KeyPair<P> pair = KeyPair<P>::generate(random);
  static const PreparedDecapsulator<P> prepared(pair.dk);
  (void)EncapsulationKey<P>::parse(data);
  (void)DecapsulationKey<P>::parse(data);
  // The input is laid over a good ciphertext and a good key, so that short inputs reach deep.
  const auto over = [&](Bytes base) {
    Buffer bytes = to_buffer(base);
    const std::size_t at = data.size() < 2 ? 0 : load_le<std::uint16_t>(data.data());
    for (std::size_t i = 2; i < data.size() && at + i - 2 < bytes.size(); ++i) {
      bytes[at + i - 2] ^= data[i];
    }
    return bytes;
  };
  if (const auto ek = EncapsulationKey<P>::parse(over(pair.ek.bytes()))) {
    CHECK(!same(encapsulate(*ek, random).secret.expose(), ByteArray<32>{}));
  }
  const Buffer dk = over(pair.dk.expose());
  const auto parsed = DecapsulationKey<P>::parse(dk);
  const auto sent = encapsulate(pair.ek, random);
  const Buffer wire = over(sent.ciphertext.bytes());
  const auto ciphertext = *Ciphertext<P>::parse(wire);
  const SharedSecret alone = decapsulate(pair.dk, ciphertext);
  const bool unchanged = same(wire, sent.ciphertext.bytes());
  CHECK(same(alone.expose(), sent.secret.expose()) == unchanged);
  const auto raw = decapsulate_raw<P>(dk, ciphertext);
  CHECK(raw.has_value() == parsed.has_value());
  const Received<P> received[] = {
      {prepared, ciphertext}, {pair.dk, sent.ciphertext}, {parsed ? *parsed : pair.dk, ciphertext}};
  SharedSecret secrets[3];
  decapsulate_batch<P>(secrets, received);
  CHECK(same(secrets[0].expose(), alone.expose()));
  CHECK(same(secrets[1].expose(), sent.secret.expose()));
  CHECK(!raw || same(secrets[2].expose(), raw->expose()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) {
    return 0;
  }
  kernels_agree({data, size});
  const Bytes rest(data + 1, size - 1);
  data[0] % 3 == 0   ? scheme<Mlkem512>(rest)
  : data[0] % 3 == 1 ? scheme<Mlkem768>(rest)
                     : scheme<Mlkem1024>(rest);
  return 0;
}
