// Times of ML-KEM's operations, raw and prepared, and of its kernels.
#include <benchmark/benchmark.h>

#include "base/world.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {
namespace {

template <class P>
KeyPair<P> fixed_pair() {
  ByteArray<64> seed = {1, 2, 3};
  return KeyPair<P>::from_seed(Seed(seed));
}

template <class P>
void keygen(benchmark::State& state) {
  const Seed seed;
  for (auto _ : state) {
    benchmark::DoNotOptimize(KeyPair<P>::from_seed(seed));
  }
  state.SetLabel(kernel_name());
}

template <class P>
void encapsulate_raw(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const Message m;
  for (auto _ : state) {
    const auto ek = EncapsulationKey<P>::parse(pair.ek.bytes());
    benchmark::DoNotOptimize(encapsulate_internal(*ek, m));
  }
  state.SetLabel(kernel_name());
}

template <class P>
void encapsulate_prepared(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const PreparedEncapsulator<P> prepared(pair.ek);
  const Message m;
  for (auto _ : state) {
    benchmark::DoNotOptimize(prepared.encapsulate_internal(m));
  }
  state.SetLabel(kernel_name());
}

template <class P>
void decapsulate_raw(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const Message m;
  const Encapsulated<P> sent = encapsulate_internal(pair.ek, m);
  for (auto _ : state) {
    benchmark::DoNotOptimize(decapsulate(pair.dk, sent.ciphertext));
  }
  state.SetLabel(kernel_name());
}

template <class P>
void decapsulate_prepared(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const PreparedDecapsulator<P> prepared(pair.dk);
  const Message m;
  const Encapsulated<P> sent = encapsulate_internal(pair.ek, m);
  for (auto _ : state) {
    benchmark::DoNotOptimize(prepared.decapsulate(sent.ciphertext));
  }
  state.SetLabel(kernel_name());
}

BENCHMARK(keygen<Mlkem768>);
BENCHMARK(encapsulate_raw<Mlkem768>);
BENCHMARK(encapsulate_prepared<Mlkem768>);
BENCHMARK(decapsulate_raw<Mlkem768>);
BENCHMARK(decapsulate_prepared<Mlkem768>);
BENCHMARK(encapsulate_raw<Mlkem512>);
BENCHMARK(encapsulate_raw<Mlkem1024>);

void kernel_ntt(benchmark::State& state) {
  Poly p{};
  for (auto _ : state) {
    kernel().ntt(p.c, 1);
    benchmark::DoNotOptimize(p);
  }
}
void kernel_inverse_ntt(benchmark::State& state) {
  Poly p{};
  for (auto _ : state) {
    kernel().inverse_ntt(p.c, 1);
    benchmark::DoNotOptimize(p);
  }
}
void kernel_dot_3(benchmark::State& state) {
  Poly a[3] = {};
  Multiplier b[3] = {};
  for (auto _ : state) {
    kernel().dot(a[0].c, a[0].c, b, 3);
    benchmark::DoNotOptimize(a);
  }
}
void matrix_3x3(benchmark::State& state) {
  Poly a[9];
  const ByteArray<32> rho = {};
  for (auto _ : state) {
    sample_matrix(a, 3, rho, Order::normal);
    benchmark::DoNotOptimize(a);
  }
}
void noise_7(benchmark::State& state) {
  Poly a[7];
  const ByteArray<32> seed = {};
  for (auto _ : state) {
    sample_noise(a, seed, {.count = 7, .wide = 3, .eta1 = 2});
    benchmark::DoNotOptimize(a);
  }
}
void compress_10(benchmark::State& state) {
  Poly a = {};
  ByteArray<320> out;
  for (auto _ : state) {
    compress_encode(out, a, 10);
    benchmark::DoNotOptimize(out);
  }
}
void decompress_10(benchmark::State& state) {
  Poly a = {};
  ByteArray<320> in = {};
  for (auto _ : state) {
    decode_decompress(a, in, 10);
    benchmark::DoNotOptimize(a);
  }
}
BENCHMARK(kernel_ntt);
BENCHMARK(kernel_inverse_ntt);
BENCHMARK(kernel_dot_3);
BENCHMARK(matrix_3x3);
BENCHMARK(noise_7);
BENCHMARK(compress_10);
BENCHMARK(decompress_10);

}  // namespace
}  // namespace v100::mlkem

BENCHMARK_MAIN();
