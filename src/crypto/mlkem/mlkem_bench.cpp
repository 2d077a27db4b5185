// Times of ML-KEM's operations, raw, prepared and in batches of eight, and of its kernels.
#include <benchmark/benchmark.h>
#include <memory>
#include <vector>

#include "crypto/keccak/kernel.h"
#include "crypto/keccak/pick.h"
#include "crypto/mlkem/hash_queue.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/pick.h"

namespace v100::mlkem {
namespace {

constexpr std::size_t batch = 8;

template <class P>
KeyPair<P> fixed_pair() {
  ByteArray<64> seed = {1, 2, 3};
  return KeyPair<P>::from_seed(Seed(seed));
}

// Items a second are operations, whatever a call does.
void finish(benchmark::State& state, std::size_t operations) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(operations));
  state.SetLabel(kernel_name());
}

template <class P>
void keygen(benchmark::State& state) {
  const Seed seed;
  for (auto _ : state) {
    benchmark::DoNotOptimize(KeyPair<P>::from_seed(seed));
  }
  finish(state, 1);
}

template <class P>
void keygen_eight(benchmark::State& state) {
  const std::vector<Seed> seeds(batch);
  std::vector<std::optional<KeyPair<P>>> pairs(batch);
  for (auto _ : state) {
    keygen_batch<P>(pairs, seeds);
    benchmark::DoNotOptimize(pairs.data());
  }
  finish(state, batch);
}

template <class P>
void encapsulate_raw(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const Message m;
  for (auto _ : state) {
    const auto ek = EncapsulationKey<P>::parse(pair.ek.bytes());
    benchmark::DoNotOptimize(encapsulate_internal(*ek, m));
  }
  finish(state, 1);
}

template <class P>
void encapsulate_prepared(benchmark::State& state) {
  const PreparedEncapsulator<P> prepared(fixed_pair<P>().ek);
  const Message m;
  for (auto _ : state) {
    benchmark::DoNotOptimize(prepared.encapsulate_internal(m));
  }
  finish(state, 1);
}

template <class P>
void encapsulate_eight(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const PreparedEncapsulator<P> prepared(pair.ek);
  const std::vector<Recipient<P>> to(
      batch, state.range(0) != 0 ? Recipient<P>(prepared) : Recipient<P>(pair.ek));
  const std::vector<Message> ms(batch);
  std::vector<Encapsulated<P>> out(batch);
  for (auto _ : state) {
    encapsulate_batch_internal<P>(out, to, ms);
    benchmark::DoNotOptimize(out.data());
  }
  finish(state, batch);
}

template <class P>
void decapsulate_raw(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const Encapsulated<P> sent = encapsulate_internal(pair.ek, Message());
  for (auto _ : state) {
    benchmark::DoNotOptimize(mlkem::decapsulate_raw<P>(pair.dk.expose(), sent.ciphertext));
  }
  finish(state, 1);
}

template <class P>
void decapsulate_prepared(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const PreparedDecapsulator<P> prepared(pair.dk);
  const Encapsulated<P> sent = encapsulate_internal(pair.ek, Message());
  for (auto _ : state) {
    benchmark::DoNotOptimize(prepared.decapsulate(sent.ciphertext));
  }
  finish(state, 1);
}

template <class P>
void decapsulate_eight(benchmark::State& state) {
  const KeyPair<P> pair = fixed_pair<P>();
  const PreparedDecapsulator<P> prepared(pair.dk);
  const Encapsulated<P> sent = encapsulate_internal(pair.ek, Message());
  const std::vector<Received<P>> received(batch, state.range(0) != 0
                                                     ? Received<P>(prepared, sent.ciphertext)
                                                     : Received<P>(pair.dk, sent.ciphertext));
  std::vector<SharedSecret> out(batch);
  for (auto _ : state) {
    decapsulate_batch<P>(out, received);
    benchmark::DoNotOptimize(out.data());
  }
  finish(state, batch);
}

#define V100_BENCH(P)                                                   \
  BENCHMARK(keygen<P>);                                                 \
  BENCHMARK(keygen_eight<P>);                                           \
  BENCHMARK(encapsulate_raw<P>);                                        \
  BENCHMARK(encapsulate_prepared<P>);                                   \
  BENCHMARK(encapsulate_eight<P>)->ArgName("prepared")->Arg(0)->Arg(1); \
  BENCHMARK(decapsulate_raw<P>);                                        \
  BENCHMARK(decapsulate_prepared<P>);                                   \
  BENCHMARK(decapsulate_eight<P>)->ArgName("prepared")->Arg(0)->Arg(1);
V100_BENCH(Mlkem768)
V100_BENCH(Mlkem512)
V100_BENCH(Mlkem1024)

struct alignas(64) Poly {
  std::int16_t c[256];
};
constexpr Shape shape_768{3, 2, 10, 4};

void kernel_ntt(benchmark::State& state) {
  Poly p[8] = {};
  for (auto _ : state) {
    for (Poly& one : p) {
      kernel().ntt(one.c);
    }
    benchmark::DoNotOptimize(p);
  }
  finish(state, 8);
}
void kernel_inverse_ntt(benchmark::State& state) {
  Poly p[8] = {};
  for (auto _ : state) {
    for (Poly& one : p) {
      kernel().inverse_ntt(one.c);
    }
    benchmark::DoNotOptimize(p);
  }
  finish(state, 8);
}
void kernel_dot_3(benchmark::State& state) {
  Poly a[3] = {};
  Poly out;
  Multiplier b[3] = {};
  for (auto _ : state) {
    kernel().dot(out.c, a[0].c, b, 3);
    benchmark::DoNotOptimize(out);
  }
}
void kernel_encrypt(benchmark::State& state) {
  const Poly a[12] = {};
  const std::uint8_t noise[7 * noise_stride] = {};
  const ByteArray<32> m = {};
  ByteArray<Mlkem768::ct_bytes> out;
  for (auto _ : state) {
    kernel().encrypt(out.data(), shape_768, a[0].c, a[9].c, noise, m.data());
    benchmark::DoNotOptimize(out);
  }
}
void kernel_decrypt(benchmark::State& state) {
  const Multiplier s[3] = {};
  const ByteArray<Mlkem768::ct_bytes> in = {};
  ByteArray<32> m;
  for (auto _ : state) {
    kernel().decrypt(m.data(), shape_768, s, in.data());
    benchmark::DoNotOptimize(m);
  }
}
void kernel_make_key(benchmark::State& state) {
  const Poly a[9] = {};
  const std::uint8_t noise[6 * noise_stride] = {};
  ByteArray<1152> s, t;
  for (auto _ : state) {
    kernel().make_key(t.data(), s.data(), shape_768, a[0].c, noise);
    benchmark::DoNotOptimize(s);
  }
}
void kernel_compress_10(benchmark::State& state) {
  const Poly p = {};
  ByteArray<320> out;
  for (auto _ : state) {
    kernel().compress(out.data(), p.c, 10);
    benchmark::DoNotOptimize(out);
  }
}
// 27 permutations for nine polynomials.
void matrix_3x3(benchmark::State& state) {
  Poly a[9];
  const ByteArray<32> rho = {};
  for (auto _ : state) {
    HashQueue queue;
    for (unsigned i = 0; i < 9; ++i) {
      queue.add(sample_ntt(a[i].c, rho, i / 3, i % 3));
    }
    queue.run();
    benchmark::DoNotOptimize(a);
  }
}
// One permutation each: seven PRFs, one G.
void noise_7(benchmark::State& state) {
  std::uint8_t out[7 * noise_stride];
  const ByteArray<32> seed = {};
  for (auto _ : state) {
    HashQueue queue;
    for (unsigned i = 0; i < 7; ++i) {
      queue.add(prf(out + noise_stride * i, seed, i, 2));
    }
    queue.run();
    benchmark::DoNotOptimize(out);
  }
}
void hash_g_once(benchmark::State& state) {
  ByteArray<64> out;
  const ByteArray<32> m = {};
  for (auto _ : state) {
    HashQueue queue;
    queue.add(hash_g(out.data(), m, m));
    queue.run();
    benchmark::DoNotOptimize(out);
  }
}
void permutation(benchmark::State& state) {
  alignas(64) std::uint64_t words[200] = {};
  for (auto _ : state) {
    keccak::kernel().permute_x8(words);
    benchmark::DoNotOptimize(words);
  }
}
void kernel_reject(benchmark::State& state) {
  Poly a;
  std::uint8_t in[504 + 64];
  for (std::size_t i = 0; i < sizeof in; ++i) {
    in[i] = static_cast<std::uint8_t>(i * 37 + i / 7);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel().reject(a.c, 0, in, 504));
  }
}
BENCHMARK(kernel_ntt);
BENCHMARK(kernel_inverse_ntt);
BENCHMARK(kernel_dot_3);
BENCHMARK(kernel_encrypt);
BENCHMARK(kernel_decrypt);
BENCHMARK(kernel_make_key);
BENCHMARK(kernel_compress_10);
BENCHMARK(kernel_reject);
BENCHMARK(matrix_3x3);
BENCHMARK(noise_7);
BENCHMARK(hash_g_once);
BENCHMARK(permutation);

}  // namespace
}  // namespace v100::mlkem

BENCHMARK_MAIN();
