// What Falcon costs here: microseconds a call, by the kernel that V100_KERNEL names. Draft
// standard.
#include <benchmark/benchmark.h>
#include <memory>

#include "crypto/falcon/internal.h"

namespace v100::falcon {
namespace {

template <class P>
void decode(benchmark::State& state) {
  constexpr std::size_t n = Shape<P>::n;
  Values<std::int16_t, n> s2;
  for (std::size_t i = 0; i < n; ++i) {
    // Twelve uniform numbers make a good enough bell with sigma 165.
    int sum = 0;
    for (int j = 0; j < 12; ++j) {
      sum += std::rand() % 166;
    }
    s2.v[i] = static_cast<std::int16_t>((sum - 6 * 165) * 3);
  }
  ByteArray<2048> coded{};
  const std::size_t used = compress(s2.v, coded);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel().decode(coded.data(), used, s2.v, P::logn));
  }
}
template <class P>
void norm(benchmark::State& state) {
  constexpr std::size_t n = Shape<P>::n;
  Values<std::int16_t, n> s2{}, prepared;
  Values<std::uint16_t, n> h{}, c{};
  kernel().prepare(h.v, prepared.v, P::logn);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel().norm(s2.v, prepared.v, c.v, P::logn));
  }
}
template <class P>
void prepare(benchmark::State& state) {
  constexpr std::size_t n = Shape<P>::n;
  Values<std::int16_t, n> prepared;
  Values<std::uint16_t, n> h{};
  for (auto _ : state) {
    kernel().prepare(h.v, prepared.v, P::logn);
    benchmark::DoNotOptimize(prepared.v);
  }
}
template <class P>
void hash(benchmark::State& state) {
  Values<std::uint16_t, Shape<P>::n> c;
  const ByteArray<59> message{};
  const ByteArray<40> salt{};
  for (auto _ : state) {
    hash_to_point(salt, message, c.v, P::logn);
    benchmark::DoNotOptimize(c.v);
  }
}
template <class P>
void hash_of_eight(benchmark::State& state) {
  auto c = std::make_unique<Values<std::uint16_t, Shape<P>::n>[]>(8);
  const ByteArray<59> message{};
  const ByteArray<40> salt{};
  Bytes salts[8], messages[8];
  std::uint16_t* cs[8];
  for (std::size_t i = 0; i < 8; ++i) {
    salts[i] = salt;
    messages[i] = message;
    cs[i] = c[i].v;
  }
  for (auto _ : state) {
    hash_to_points(salts, messages, cs, P::logn);
    benchmark::DoNotOptimize(cs);
  }
}
BENCHMARK(decode<Falcon512>);
BENCHMARK(norm<Falcon512>);
BENCHMARK(norm<Falcon1024>);
BENCHMARK(prepare<Falcon512>);
BENCHMARK(hash<Falcon512>);
BENCHMARK(hash_of_eight<Falcon512>);

}  // namespace
}  // namespace v100::falcon

BENCHMARK_MAIN();
