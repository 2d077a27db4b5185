// What SLH-DSA costs here: microseconds a call, by the kernel that V100_KERNEL names.
#include <benchmark/benchmark.h>

#include "crypto/keccak/pick.h"
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

const Bytes message = as_bytes("fifty-nine bytes, as long as the message of the first notes");

template <class P>
const PrivateKey<P>& bench_key() {
  static const auto key = PrivateKey<P>::from_seeds(typename PrivateKey<P>::Seeds());
  return key;
}

template <class P>
void keygen(benchmark::State& state) {
  const typename PrivateKey<P>::Seeds seeds;
  for (auto _ : state) {
    benchmark::DoNotOptimize(PrivateKey<P>::from_seeds(seeds));
  }
}
template <class P>
void sign(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench_key<P>().sign(message, {}, Hedge::deterministic()));
  }
}
// Eight signatures in turn: how long chains are depends on the signature.
template <class P>
void verify(benchmark::State& state) {
  std::vector<Signature<P>> signatures;
  for (std::uint8_t i = 0; i < 8; ++i) {
    signatures.push_back(*bench_key<P>().sign(message, Bytes(&i, 1), Hedge::deterministic()));
  }
  std::uint8_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        bench_key<P>().public_key().verify(message, Bytes(&i, 1), signatures[i]));
    i = (i + 1) % 8;
  }
}
BENCHMARK(keygen<Shake128f>);
BENCHMARK(sign<Shake128f>);
BENCHMARK(verify<Shake128f>);
BENCHMARK(keygen<Sha2_128f>);
BENCHMARK(sign<Sha2_128f>);
BENCHMARK(verify<Sha2_128f>);
BENCHMARK(sign<Shake128s>);
BENCHMARK(verify<Shake128s>);
BENCHMARK(sign<Shake192f>);
BENCHMARK(verify<Shake192f>);
BENCHMARK(sign<Shake256f>);
BENCHMARK(verify<Shake256f>);

void permute_x8(benchmark::State& state) {
  alignas(64) std::uint64_t words[200] = {};
  for (auto _ : state) {
    keccak::kernel().permute_x8(words);
    benchmark::DoNotOptimize(words);
  }
}
BENCHMARK(permute_x8);

}  // namespace
}  // namespace v100::slhdsa

BENCHMARK_MAIN();
