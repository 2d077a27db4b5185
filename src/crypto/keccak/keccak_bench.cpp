// Times of the permutation per state, and of one-message and batched hashing.
#include <benchmark/benchmark.h>
#include <vector>

#include "crypto/keccak/keccak.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

void permutation(benchmark::State& state, void (*permute)(std::uint64_t*), int states) {
  alignas(64) std::uint64_t words[200] = {};
  for (auto _ : state) {
    permute(words);
    benchmark::DoNotOptimize(words);
  }
  state.SetLabel(kernel_name());
  state.SetItemsProcessed(state.iterations() * states);
}

void permute_x1(benchmark::State& state) { permutation(state, kernel().permute_x1, 1); }
void permute_x4(benchmark::State& state) { permutation(state, kernel().permute_x4, 4); }
void permute_x8(benchmark::State& state) { permutation(state, kernel().permute_x8, 8); }

void sha3_256_single(benchmark::State& state) {
  const Buffer message(static_cast<std::size_t>(state.range(0)), 7);
  ByteArray<32> out;
  for (auto _ : state) {
    sha3_256(out, {message});
    benchmark::DoNotOptimize(out);
  }
  state.SetLabel(kernel_name());
}

void sha3_256_of_64(benchmark::State& state) {
  const Buffer message(static_cast<std::size_t>(state.range(0)), 7);
  const std::vector<Bytes> messages(64, message);
  std::vector<ByteArray<32>> digests(64);
  std::vector<FixedMutBytes<32>> outs(digests.begin(), digests.end());
  for (auto _ : state) {
    sha3_256_batch(outs, messages);
    benchmark::DoNotOptimize(digests.data());
  }
  state.SetLabel(kernel_name());
  state.SetItemsProcessed(state.iterations() * 64);
}

// What ML-DSA-65's ExpandA asks for: five SHAKE128 blocks in each of eight lanes.
void expand_x8(benchmark::State& state) {
  std::vector<Buffer> rows(8, Buffer(5 * rate_128));
  const Buffer seed(34, 3);
  const std::vector<Bytes> in(8, seed);
  const std::vector<MutBytes> outs(rows.begin(), rows.end());
  for (auto _ : state) {
    ShakeBatch batch(rate_128, 8);
    batch.absorb(in);
    batch.squeeze(outs);
    benchmark::DoNotOptimize(rows.data());
  }
  state.SetLabel(kernel_name());
  state.SetItemsProcessed(state.iterations() * 8);
}

BENCHMARK(permute_x1);
BENCHMARK(permute_x4);
BENCHMARK(permute_x8);
BENCHMARK(sha3_256_single)->Arg(32)->Arg(1200);
BENCHMARK(sha3_256_of_64)->Arg(32)->Arg(1200);
BENCHMARK(expand_x8);

}  // namespace
}  // namespace v100::keccak

BENCHMARK_MAIN();
