// Every kernel against the portable one, and batches against single hashes, on whatever comes.
#include <cstring>

#include "base/cpu.h"
#include "crypto/keccak/keccak.h"
#include "crypto/keccak/kernel.h"

namespace {

using namespace v100;
using namespace v100::keccak;

struct Other {
  Isa isa;
  const KeccakKernel* kernel;
};
#if defined(__x86_64__)
const Other others[] = {{Isa::avx2, &kernel_avx2}, {Isa::avx512, &kernel_avx512}};
#elif defined(__aarch64__)
const Other others[] = {{Isa::neon, &kernel_neon}, {Isa::neon_sha3, &kernel_neon_sha3}};
#endif

struct alignas(64) Words {
  std::uint64_t w[200];
};
struct Lanes {
  std::uint8_t bytes[8][200];
  std::uint8_t* outs[8];
  Lanes() noexcept : bytes{} {
    for (int s = 0; s < 8; ++s) {
      outs[s] = bytes[s];
    }
  }
};

// Absorbs, permutes and reads a group of `width` states; the first bytes of the input say how.
void group(const KeccakKernel& k, int width, Bytes in, Words& words, Lanes& out) {
  Lanes from;
  std::uint8_t counts[8];
  for (std::size_t i = 0; i < in.size(); ++i) {
    from.bytes[i % 8][i / 8 % 200] = in[i];
  }
  for (std::size_t s = 0; s < 8; ++s) {
    counts[s] = static_cast<std::uint8_t>(in[s % in.size()] % 22);
  }
  const unsigned fresh = in[0];
  const int count = in[in.size() - 1] % 26;
  const bool four = width == 4;
  (four ? k.absorb_x4 : k.absorb_x8)(words.w, from.outs, counts, fresh);
  (four ? k.permute_x4 : k.permute_x8)(words.w);
  (four ? k.read_x4 : k.read_x8)(out.outs, words.w, count);
}

void kernels_agree(Bytes in) {
  for (const Other& other : others) {
    if (!cpu_has(other.isa)) {
      continue;
    }
    for (const int width : {4, 8}) {
      Words a, b;
      for (std::size_t i = 0; i < 200; ++i) {
        a.w[i] = b.w[i] = in[i % in.size()] * 0x9e3779b97f4a7c15u + i;
      }
      Lanes out_a, out_b;
      group(*other.kernel, width, in, a, out_a);
      group(kernel_portable, width, in, b, out_b);
      const std::size_t used = static_cast<std::size_t>(25 * width) * sizeof a.w[0];
      CHECK(std::memcmp(a.w, b.w, used) == 0);
      CHECK(std::memcmp(out_a.bytes, out_b.bytes, sizeof out_a.bytes) == 0);
      other.kernel->permute_x1(a.w);
      kernel_portable.permute_x1(b.w);
      CHECK(std::memcmp(a.w, b.w, 200) == 0);
    }
  }
}

// Messages cut out of the input, of any lengths.
void batches_agree(Bytes in) {
  constexpr std::size_t most = 20;
  Bytes messages[most];
  Buffer results[most];
  HashItem items[most];
  const std::size_t n = 1 + in[0] % most;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t from = in[(3 * i) % in.size()] * i % in.size();
    messages[i] = in.subspan(from);
    const auto hash = static_cast<Hash>(in[(5 * i) % in.size()] % 4);
    const std::size_t size = hash == Hash::sha3_256   ? 32
                             : hash == Hash::sha3_512 ? 64
                                                      : 1 + in[(7 * i) % in.size()] * 3u;
    results[i].resize(size);
    items[i] = {hash, messages[i], results[i]};
  }
  hash_batch({items, n});
  for (std::size_t i = 0; i < n; ++i) {
    Buffer alone(results[i].size());
    switch (items[i].hash) {
      case Hash::sha3_256:
        sha3_256(MutBytes(alone).first<32>(), {messages[i]});
        break;
      case Hash::sha3_512:
        sha3_512(MutBytes(alone).first<64>(), {messages[i]});
        break;
      case Hash::shake128:
        shake128(alone, {messages[i]});
        break;
      case Hash::shake256:
        shake256(alone, {messages[i]});
        break;
    }
    CHECK(alone == results[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) {
    return 0;
  }
  kernels_agree({data, size});
  batches_agree({data, size});
  return 0;
}
