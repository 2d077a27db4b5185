#include "he/bfv/noise.h"

#include <array>
#include <bit>
#include <vector>

#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/keccak/keccak.h"

namespace v100::he::bfv {
namespace {

using keccak::ShakeBatch;

constexpr std::size_t lanes = ShakeBatch::lanes_max;
constexpr std::uint64_t rekey_blocks = 1 << 16;

const NoiseKernel* pick() noexcept {
#if defined(__x86_64__)
  static const bool usable = cpu_isa() == Isa::avx512 && __builtin_cpu_supports("vaes") &&
                             __builtin_cpu_supports("avx512vpopcntdq");
  return usable ? &noise_avx512 : nullptr;
#else
  return nullptr;
#endif
}

void binomial_portable(std::int8_t* out, const std::uint64_t* random, std::size_t n) {
  constexpr std::uint64_t mask = (1 << 21) - 1;
  const auto ones = [](std::uint64_t x) {  // no table: popcount may be one before SSE4.2
    x = (x & 0x5555555555555555u) + ((x >> 1) & 0x5555555555555555u);
    x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return static_cast<int>((x * 0x0101010101010101u) >> 56);
  };
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<std::int8_t>(ones(random[i] & mask) - ones((random[i] >> 21) & mask));
  }
}

void ternary_portable(std::int8_t* out, const std::uint64_t* random, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<std::int8_t>(static_cast<int>((random[i] >> 12) * 3 >> 52) - 1);
  }
}

// SHAKE256(key, counter, lane) in eight lanes, one after another in `out`.
void stream_portable(MutBytes out, Bytes key, std::uint64_t counter) {
  std::array<ByteArray<41>, lanes> inputs;
  std::array<Bytes, lanes> in;
  std::array<MutBytes, lanes> pieces;
  for (std::size_t i = 0; i < lanes; ++i) {
    copy(MutBytes(inputs[i]).first(32), key);
    store_be(inputs[i].data() + 32, counter);
    inputs[i][40] = static_cast<std::uint8_t>(i);
    in[i] = inputs[i];
    pieces[i] = out.subspan(i * (out.size() / lanes), out.size() / lanes);
  }
  ShakeBatch batch(keccak::rate_256, lanes);
  batch.absorb(in);
  batch.squeeze(pieces);
  wipe_object(inputs);
}

}  // namespace

const char* noise_kernel_name() noexcept { return pick() != nullptr ? pick()->name : "portable"; }

Noise::Noise(std::size_t n, Random& random) : n_(n), words_(n, 1) {
  ByteArray<32> key;
  random.fill(key);
  ct::poison(key);
  rekey(key);
  wipe(key);
}

Noise::~Noise() {
  wipe_object(key_);
  wipe(shake_key_);
  wipe(words_.as_bytes());
}

void Noise::rekey(FixedBytes<32> key) {
  if (pick() != nullptr) {
    pick()->expand(key_, key.data());
  } else {
    copy(shake_key_, key);
  }
  counter_ = 0;
}

void Noise::draw(std::size_t words) {
  const std::size_t bytes = (8 * words + 511) / 512 * 512;
  const MutBytes out = words_.as_bytes().first(bytes);
  if (counter_ >= rekey_blocks) {
    counter_ = ~0ull >> 1;  // far from every other use
    const MutBytes fresh = words_.as_bytes().first(512);
    if (pick() != nullptr) {
      pick()->stream(key_, counter_, fresh.data(), fresh.size());
    } else {
      stream_portable(fresh, shake_key_, counter_);
    }
    rekey(FixedBytes<32>(fresh.first(32)));
  }
  if (pick() != nullptr) {
    pick()->stream(key_, counter_, out.data(), out.size());
  } else {
    stream_portable(out, shake_key_, counter_);
  }
  counter_ += bytes / 16;
}

void Noise::binomial(std::int8_t* out) {
  draw(n_);
  (pick() != nullptr ? pick()->binomial : binomial_portable)(out, words_.limb(0), n_);
}

void Noise::ternary(std::int8_t* out) {
  draw(n_);
  (pick() != nullptr ? pick()->ternary : ternary_portable)(out, words_.limb(0), n_);
}

void Noise::bytes(MutBytes out) {
  CHECK(out.size() <= 4096);
  draw((out.size() + 7) / 8);
  copy(out, words_.as_bytes().first(out.size()));
}

namespace {

// The residues that came out too large, replaced.
void replace_outside(std::uint64_t* x, std::size_t n, std::uint64_t q, unsigned width,
                     std::uint8_t limb, Bytes seed) {
  keccak::Shake128 more;
  const ByteArray<2> suffix = {1, limb};
  more.absorb(seed);
  more.absorb(suffix);
  for (std::size_t i = 0; i < n; ++i) {
    while (x[i] >= q) {
      ByteArray<8> bytes;
      more.squeeze(bytes);
      x[i] = load_le<std::uint64_t>(bytes.data()) & ((1ull << width) - 1);
    }
  }
}

}  // namespace

void expand_uniform(RnsPoly& out, const Params& params, FixedBytes<32> seed) {
  const std::size_t n = params.n();
  std::vector<std::uint8_t> packed(n * 50 / 8);
  for (std::size_t limb = 0; limb < out.limbs(); ++limb) {
    const unsigned width = params.width(limb);
    const std::size_t piece = n / lanes * width / 8;
    std::array<ByteArray<35>, lanes> inputs;
    std::array<Bytes, lanes> in;
    std::array<MutBytes, lanes> pieces;
    for (std::size_t i = 0; i < lanes; ++i) {
      copy(MutBytes(inputs[i]).first(32), seed);
      inputs[i][32] = 0;
      inputs[i][33] = static_cast<std::uint8_t>(limb);
      inputs[i][34] = static_cast<std::uint8_t>(i);
      in[i] = inputs[i];
      pieces[i] = MutBytes(packed).subspan(i * piece, piece);
    }
    ShakeBatch batch(keccak::rate_128, lanes);
    batch.absorb(in);
    batch.squeeze(pieces);
    const Ring64Kernel& kernel = ring64_kernel();
    kernel.unpack(out.limb(limb), packed.data(), n, width);
    if (kernel.count_outside(out.limb(limb), n, params.prime(limb)) != 0) {
      replace_outside(out.limb(limb), n, params.prime(limb), width, static_cast<std::uint8_t>(limb),
                      seed);
    }
  }
}

}  // namespace v100::he::bfv
