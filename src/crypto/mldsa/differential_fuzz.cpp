// Every kernel against the portable one, and verify_batch against single calls, on whatever comes.
// Between kernels only results in standard order are compared: the NTT domain is a kernel's own.
#include <cstring>

#include "base/cpu.h"
#include "crypto/mldsa/internal.h"

namespace {

using namespace v100;
using namespace v100::mldsa;

struct Other {
  Isa isa;
  const MldsaKernel* kernel;
};
#if defined(__x86_64__)
const Other others[] = {{Isa::avx2, &kernel_avx2}, {Isa::avx512, &kernel_avx512}};
#elif defined(__aarch64__)
const Other others[] = {{Isa::neon, &kernel_neon}};
#endif

struct alignas(64) Poly {
  std::int32_t c[320];
};
struct Results {
  Poly product, sampled, high, low, z;
  std::uint8_t packed[640];
  std::size_t count;
  std::uint32_t exceeds;
};

void run(const MldsaKernel& k, const std::uint8_t* in, Results& out) {
  std::memset(static_cast<void*>(&out), 0, sizeof out);
  Poly a = {}, b = {};
  for (std::size_t i = 0; i < 256; ++i) {
    a.c[i] = static_cast<std::int32_t>(load_le<std::uint32_t>(in + 4 * i) % q);
    b.c[i] = static_cast<std::int32_t>(load_le<std::uint32_t>(in + 1024 + 4 * i) % q);
  }
  const Rounding rounding = in[0] % 2 == 0 ? Rounding::by_32 : Rounding::by_88;
  k.decompose(rounding, a.c, out.high.c, out.low.c, 256);
  out.exceeds = k.exceeds(out.low.c, in[1] * 1024, 256);
  Poly sum = a;
  k.add(sum.c, b.c, 256);
  k.centre(sum.c, 256);
  k.uncentre(sum.c, 256);
  k.subtract(sum.c, b.c, 256);
  CHECK(std::memcmp(sum.c, a.c, 1024) == 0);
  k.ntt(a.c, 1);
  k.ntt(b.c, 1);
  k.scale(a.c, b.c, out.product.c, 1);
  k.intt(out.product.c, 1);
  out.count = k.uniform(out.sampled.c, 0, in, 840);
  for (std::size_t i = out.count; i < 320; ++i) {
    out.sampled.c[i] = 0;
  }
  const int bits = in[2] % 2 == 0 ? 17 : 19;
  const std::size_t bytes = bits == 17 ? 576 : 640;
  k.unpack_z(bits, in, out.z.c, 256);
  k.pack_z(bits, out.z.c, out.packed, 256);
  CHECK(std::memcmp(out.packed, in, bytes) == 0);
}

void kernels_agree(Bytes data) {
  alignas(64) std::uint8_t in[2048 + 64] = {};
  for (std::size_t i = 0; i < 2048; ++i) {
    in[i] = static_cast<std::uint8_t>(data[i % data.size()] + (i / data.size()) * 37);
  }
  static Results expected, got;
  run(kernel_portable, in, expected);
  for (const Other& other : others) {
    if (cpu_has(other.isa)) {
      run(*other.kernel, in, got);
      CHECK(std::memcmp(&got, &expected, sizeof got) == 0);
    }
  }
}

// Good, altered and malformed signatures over messages of any lengths, with raw and prepared keys.
template <class P>
void batch_agrees(Bytes data) {
  static const PrivateKey<P> key = PrivateKey<P>::from_seed(Seed());
  static const PreparedVerifier<P> verifier(key.public_key());
  static const Buffer good =
      to_buffer(key.sign(as_bytes("m"), {}, Hedge::deterministic())->bytes());
  constexpr std::size_t most = 11;
  VerifyItem<P> items[most];
  Buffer signatures[most];
  Verdict verdicts[most];
  const std::size_t n = 1 + data[0] % most;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t how = data[(i + 1) % data.size()];
    signatures[i] = good;
    if (how % 3 == 1) {
      signatures[i][load_le<std::uint16_t>(data.data()) * (i + 1) % good.size()] ^=
          static_cast<std::uint8_t>(1u << (how % 8));
    } else if (how % 7 == 2) {
      signatures[i].resize(how);
    }
    const bool raw = how % 5 == 0;
    items[i] = {.prepared = raw ? nullptr : &verifier,
                .key = raw ? &key.public_key() : nullptr,
                .message = how % 11 == 3 ? data : as_bytes("m"),
                .signature = signatures[i]};
  }
  verify_batch<P>({items, n}, {verdicts, n});
  for (std::size_t i = 0; i < n; ++i) {
    const auto signature = Signature<P>::parse(signatures[i]);
    CHECK((verdicts[i] == Verdict::malformed) == !signature.has_value());
    const bool valid = signature && verifier.verify(items[i].message, {}, *signature).has_value();
    CHECK((verdicts[i] == Verdict::valid) == valid);
    CHECK(valid == (signatures[i] == good && same(items[i].message, as_bytes("m"))));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) {
    return 0;
  }
  kernels_agree({data, size});
  const Bytes rest(data + 1, size - 1);
  if (rest.size() >= 2) {
    data[0] % 2 == 0 ? batch_agrees<Mldsa44>(rest) : batch_agrees<Mldsa65>(rest);
  }
  return 0;
}
