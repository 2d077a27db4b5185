// What ML-DSA costs here: microseconds a call, by the kernel that V100_KERNEL names.
#include <benchmark/benchmark.h>
#include <memory>
#include <vector>

#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

template <class P>
PrivateKey<P> bench_key() {
  return PrivateKey<P>::from_seed(Seed());
}
const Bytes message = as_bytes("fifty-nine bytes, as long as the message of the first notes");

template <class P>
void keygen(benchmark::State& state) {
  Seed seed;
  for (auto _ : state) {
    seed.fill()[0]++;
    benchmark::DoNotOptimize(PrivateKey<P>::from_seed(seed));
  }
}
template <class P>
void sign_prepared(benchmark::State& state) {
  const auto signer = std::make_unique<PreparedSigner<P>>(bench_key<P>());
  std::uint64_t counter = 0;
  ByteArray<32> rnd{};
  for (auto _ : state) {
    store_le(rnd.data(), ++counter);
    benchmark::DoNotOptimize(signer->sign(message, {}, Hedge::from(rnd)));
  }
}
template <class P>
void sign_raw(benchmark::State& state) {
  const PrivateKey<P> key = bench_key<P>();
  std::uint64_t counter = 0;
  ByteArray<32> rnd{};
  for (auto _ : state) {
    store_le(rnd.data(), ++counter);
    benchmark::DoNotOptimize(key.sign(message, {}, Hedge::from(rnd)));
  }
}
template <class P>
void verify_prepared(benchmark::State& state) {
  const PrivateKey<P> key = bench_key<P>();
  const auto verifier = std::make_unique<PreparedVerifier<P>>(key.public_key());
  const auto signature = key.sign(message, {}, Hedge::deterministic());
  for (auto _ : state) {
    benchmark::DoNotOptimize(verifier->verify(message, {}, *signature));
  }
}
template <class P>
void verify_raw(benchmark::State& state) {
  const PrivateKey<P> key = bench_key<P>();
  const auto signature = key.sign(message, {}, Hedge::deterministic());
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.public_key().verify(message, {}, *signature));
  }
}
// Batches: times an item, over the number of items given.
template <class P>
void verify_batch_of(benchmark::State& state, bool prepared) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const PrivateKey<P> key = bench_key<P>();
  const auto verifier = std::make_unique<PreparedVerifier<P>>(key.public_key());
  const auto signature = key.sign(message, {}, Hedge::deterministic());
  VerifyItem<P> item{.message = message, .signature = signature->bytes()};
  prepared ? void(item.prepared = verifier.get()) : void(item.key = &key.public_key());
  const std::vector<VerifyItem<P>> items(count, item);
  std::vector<Verdict> verdicts(count);
  for (auto _ : state) {
    verify_batch<P>(items, verdicts);
    benchmark::DoNotOptimize(verdicts.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
template <class P>
void verify_batch_prepared(benchmark::State& state) {
  verify_batch_of<P>(state, true);
}
template <class P>
void verify_batch_raw(benchmark::State& state) {
  verify_batch_of<P>(state, false);
}
// New hedges each time, so that the mean over rejections is in it.
template <class P>
void sign_batch_prepared(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto signer = std::make_unique<PreparedSigner<P>>(bench_key<P>());
  std::vector<ByteArray<P::signature_bytes>> outs(count);
  std::vector<Verdict> verdicts(count);
  std::uint64_t counter = 0;
  for (auto _ : state) {
    std::vector<Hedge> hedges;
    std::vector<SignItem<P>> items(count);
    for (std::size_t i = 0; i < count; ++i) {
      ByteArray<32> rnd{};
      store_le(rnd.data(), ++counter);
      hedges.push_back(Hedge::from(rnd));
    }
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = {.signer = signer.get(), .message = message, .hedge = &hedges[i], .out = outs[i]};
    }
    sign_batch<P>(items, verdicts);
    benchmark::DoNotOptimize(outs.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
template <class P>
void keygen_batch_of(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<Seed> seeds(count);
  std::vector<std::optional<PrivateKey<P>>> keys(count);
  for (auto _ : state) {
    seeds[0].fill()[0]++;
    keygen_batch<P>(seeds, keys);
    benchmark::DoNotOptimize(keys.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(verify_batch_prepared<Mldsa44>)->Arg(8)->Arg(64);
BENCHMARK(verify_batch_prepared<Mldsa65>)->Arg(8)->Arg(64);
BENCHMARK(verify_batch_prepared<Mldsa87>)->Arg(8)->Arg(64);
BENCHMARK(verify_batch_raw<Mldsa44>)->Arg(8);
BENCHMARK(verify_batch_raw<Mldsa65>)->Arg(8);
BENCHMARK(verify_batch_raw<Mldsa87>)->Arg(8);
BENCHMARK(sign_batch_prepared<Mldsa44>)->Arg(64);
BENCHMARK(sign_batch_prepared<Mldsa65>)->Arg(64);
BENCHMARK(sign_batch_prepared<Mldsa87>)->Arg(64);
BENCHMARK(keygen_batch_of<Mldsa44>)->Arg(16);
BENCHMARK(keygen_batch_of<Mldsa65>)->Arg(16);
BENCHMARK(keygen_batch_of<Mldsa87>)->Arg(16);
BENCHMARK(keygen<Mldsa44>);
BENCHMARK(keygen<Mldsa65>);
BENCHMARK(keygen<Mldsa87>);
BENCHMARK(sign_raw<Mldsa65>);
BENCHMARK(sign_prepared<Mldsa44>);
BENCHMARK(sign_prepared<Mldsa65>);
BENCHMARK(sign_prepared<Mldsa87>);
BENCHMARK(verify_raw<Mldsa44>);
BENCHMARK(verify_raw<Mldsa65>);
BENCHMARK(verify_raw<Mldsa87>);
BENCHMARK(verify_prepared<Mldsa44>);
BENCHMARK(verify_prepared<Mldsa65>);
BENCHMARK(verify_prepared<Mldsa87>);

void ntt(benchmark::State& state) {
  Vector<1> v{};
  for (auto _ : state) {
    std::memset(v.c, 0, sizeof v.c);
    kernel().ntt(v.c, 1);
    benchmark::DoNotOptimize(v.c);
  }
}
void intt(benchmark::State& state) {
  Vector<1> v{};
  for (auto _ : state) {
    kernel().intt(v.c, 1);
    benchmark::DoNotOptimize(v.c);
  }
}
void expand_matrix_65(benchmark::State& state) {
  const auto matrix = std::make_unique<Vector<30>>();
  const ByteArray<32> rho{};
  for (auto _ : state) {
    expand_a(rho, 6, 5, matrix->c, 5);
    benchmark::DoNotOptimize(matrix->c);
  }
}
BENCHMARK(ntt);
BENCHMARK(intt);
BENCHMARK(expand_matrix_65);

}  // namespace
}  // namespace v100::mldsa

BENCHMARK_MAIN();
