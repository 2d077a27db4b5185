// Broken if this fails: private keys stay in memory after they died, where a later leak finds them.
// Looks into the places where they lay: dead objects, freed blocks, and stacks that were left.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <vector>

#include "base/world.h"
#include "crypto/falcon/falcon.h"
#include "crypto/hybrid/x25519mlkem768.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/slhdsa/slhdsa.h"
#include "keys/codec.h"

namespace v100 {
namespace {

// How many bytes in a row of a secret count as found: chance finds eight once in 2^40 tries.
constexpr std::size_t window = 8;

// Places of `where` that hold a piece of `secret`. Volatile: the compiler takes them for dead.
std::size_t found(Bytes where, Bytes secret) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i + window <= secret.size(); i += window) {
    const Bytes piece = secret.subspan(i, window);
    if (std::all_of(piece.begin(), piece.end(), [&](std::uint8_t b) { return b == piece[0]; })) {
      continue;  // packed zeros are everywhere
    }
    const auto at = std::search(where.begin(), where.end(), piece.begin(), piece.end());
    hits += at != where.end() ? 1 : 0;
  }
  return hits;
}

// Storage that outlives what is built in it.
template <class T>
class Grave {
 public:
  template <class... From>
  explicit Grave(From&&... from) : object_(::new(storage_) T(static_cast<From&&>(from)...)) {}
  Grave(const Grave&) = delete;
  Grave& operator=(const Grave&) = delete;
  T& object() noexcept { return *object_; }
  void bury() noexcept {
    object_->~T();
    object_ = nullptr;
  }
  Buffer bytes() const {
    Buffer out(sizeof(T));
    const volatile std::uint8_t* from = storage_;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = from[i];
    }
    return out;
  }

 private:
  alignas(T) std::uint8_t storage_[sizeof(T)];
  T* object_;
};

// The object holds `secret` while it lives, and nothing of it after.
template <class T>
void forgets(Grave<T>& grave, Bytes secret, const char* what) {
  const Buffer kept = to_buffer(secret);
  EXPECT_GT(found(grave.bytes(), kept), 0U) << what << ": the test looks in the wrong place";
  grave.bury();
  EXPECT_EQ(found(grave.bytes(), kept), 0U) << what;
}

// The part from `first` is full of something while it lives, and zeros after.
template <class T>
void zeroes(Grave<T>& grave, std::size_t first, std::size_t size, const char* what) {
  const auto part = [&] {
    const Buffer all = grave.bytes();
    return std::count(all.begin() + static_cast<long>(first),
                      all.begin() + static_cast<long>(first + size), std::uint8_t{0});
  };
  EXPECT_LT(part(), static_cast<long>(size * 9 / 10))
      << what << ": the test looks in the wrong place";
  grave.bury();
  EXPECT_EQ(part(), static_cast<long>(size)) << what;
}

class Counter final : public Random {
 public:
  explicit Counter(std::uint32_t seed) : state_(seed) {}
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      state_ = state_ * 1664525 + 1013904223;
      byte = static_cast<std::uint8_t>(state_ >> 24);
    }
  }

 private:
  std::uint32_t state_;
};

template <class P>
void mldsa_forgets() {
  using namespace mldsa;
  Counter random(1);
  PrivateKey<P> key = PrivateKey<P>::generate(random);
  const Buffer seed = to_buffer(key.seed()->expose());
  const Buffer secret = to_buffer(key.expose().subspan(32));  // after rho, which is public
  Grave<PreparedSigner<P>> signer(key);
  constexpr std::size_t poly = 1024;
  zeroes(signer, P::k * P::l * poly, (P::l + 2 * P::k) * poly + 32, P::name);  // s1 s2 t0 K
  Grave<PrivateKey<P>> moved(std::move(key));
  EXPECT_EQ(found(Bytes(reinterpret_cast<const std::uint8_t*>(&key), sizeof key), secret), 0U)
      << "moved from";
  EXPECT_GT(found(moved.bytes(), seed), 0U);
  forgets(moved, secret, P::name);
  EXPECT_EQ(found(moved.bytes(), seed), 0U);
}

template <class P>
void mlkem_forgets() {
  using namespace mlkem;
  Counter random(2);
  KeyPair<P> pair = KeyPair<P>::generate(random);
  const Buffer secret = to_buffer(pair.dk.expose().first(384 * P::k));
  const Buffer z = to_buffer(pair.dk.expose().last(32));
  Grave<PreparedDecapsulator<P>> prepared(pair.dk);
  EXPECT_GT(found(prepared.bytes(), z), 0U);
  zeroes(prepared, 0, P::k * 1024, "ML-KEM prepared");
  EXPECT_EQ(found(prepared.bytes(), z), 0U);
  Grave<DecapsulationKey<P>> moved(std::move(pair.dk));
  forgets(moved, secret, "ML-KEM");
  EXPECT_EQ(found(moved.bytes(), z), 0U);
}

template <class P>
void falcon_forgets() {
  using namespace falcon;
  Counter random(3);
  auto key = PrivateKey<P>::generate(random);
  ASSERT_TRUE(key);
  const Buffer secret = to_buffer(key->expose());
  auto signer = std::make_unique<Grave<PreparedSigner<P>>>(*key);
  zeroes(*signer, 0, sizeof(PreparedSigner<P>) / 64 * 64 - 64, P::name);
  Grave<PrivateKey<P>> moved(std::move(*key));
  forgets(moved, secret, P::name);
}

TEST(Zeroise, KeysOfEverySchemeInTheirPlace) {
  mldsa_forgets<mldsa::Mldsa44>();
  mldsa_forgets<mldsa::Mldsa65>();
  mldsa_forgets<mldsa::Mldsa87>();
  mlkem_forgets<mlkem::Mlkem512>();
  mlkem_forgets<mlkem::Mlkem768>();
  mlkem_forgets<mlkem::Mlkem1024>();
  falcon_forgets<falcon::Falcon512>();
  falcon_forgets<falcon::Falcon1024>();
  Counter random(4);
  using S = slhdsa::Shake128f;
  Grave<slhdsa::PrivateKey<S>> key(slhdsa::PrivateKey<S>::generate(random));
  const Buffer secret = to_buffer(key.object().expose().first(32));
  forgets(key, secret, "SLH-DSA");
}

TEST(Zeroise, HybridKeys) {
  ByteArray<32> raw;
  Counter(5).fill(raw);
  const xwing::Seed seed(raw);
  const xwing::ExpandedSeed expanded(seed);
  Grave<xwing::PrivateKey> xwing(seed);
  const auto pair = mlkem::KeyPair<mlkem::Mlkem768>::from_seed(expanded.mlkem);
  const Grave<mlkem::PreparedDecapsulator<mlkem::Mlkem768>> prepared(pair.dk);
  const Buffer s_hat = to_buffer(Bytes(prepared.bytes()).first(3 * 1024));
  EXPECT_GT(found(xwing.bytes(), s_hat), 0U);
  forgets(xwing, expanded.x25519.expose(), "X-Wing");
  EXPECT_EQ(found(xwing.bytes(), s_hat), 0U);

  // The client draws ML-KEM's seed, then the scalar.
  Counter one(6), two(6);
  mlkem::Seed drawn;
  two.fill(drawn.fill());
  ByteArray<32> scalar;
  two.fill(scalar);
  const auto inner = mlkem::KeyPair<mlkem::Mlkem768>::from_seed(drawn);
  Grave<x25519mlkem768::Client> client(one);
  EXPECT_GT(found(client.bytes(), inner.dk.expose().first(1152)), 0U);
  forgets(client, scalar, "X25519MLKEM768");
  EXPECT_EQ(found(client.bytes(), inner.dk.expose().first(1152)), 0U);
}

// ---- Freed blocks: every one is searched before it goes back ----

Bytes wanted;
std::size_t hits = 0, blocks = 0;

}  // namespace

void look_at(void* block) noexcept {
  if (block != nullptr && !wanted.empty()) {
    const Bytes needle = wanted;
    wanted = {};  // searching must not come back here
    hits += found({static_cast<std::uint8_t*>(block), malloc_usable_size(block)}, needle);
    ++blocks;
    wanted = needle;
  }
}

}  // namespace v100

void operator delete(void* block) noexcept {
  v100::look_at(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  v100::look_at(block);
  std::free(block);
}

namespace v100 {
namespace {

TEST(Zeroise, HeapBlocksOfKeysAndTheirFiles) {
  for (const char* name : {"ML-DSA-65", "ML-KEM-768", "SLH-DSA-SHA2-128f"}) {
    SCOPED_TRACE(name);
    const auto algorithm = keys::algorithm_by_name(name);
    ASSERT_TRUE(algorithm);
    Counter random(7);
    const keys::PrivateKey first = keys::PrivateKey::generate(*algorithm, random);
    // Their secret parts: ML-DSA's after rho, ML-KEM's before ek, SLH-DSA's two seeds.
    const bool seeded = !first.seed().empty();
    const Buffer secret =
        to_buffer(seeded ? first.expanded().subspan(32, 500) : first.expanded().first(32));
    wanted = secret;
    hits = blocks = 0;
    {
      Counter same_again(7);
      const keys::PrivateKey key = keys::PrivateKey::generate(*algorithm, same_again);
      for (const keys::Form form : {keys::Form::expanded, keys::Form::both}) {
        const auto file = keys::write_pkcs8(key, seeded ? form : keys::Form::seed);
        ASSERT_TRUE(file);
        const auto back = keys::read_pkcs8(file->expose());
        ASSERT_TRUE(back);
      }
      const auto signature = keys::sign(key, as_bytes("message"), {}, &random);
      EXPECT_EQ(signature.has_value(), keys::info(*algorithm).kind != keys::Kind::mlkem);
    }
    wanted = {};
    EXPECT_GT(blocks, 5U);
    EXPECT_EQ(hits, 0U);
  }
}

// ---- Stacks: work runs on one of its own, which is searched afterwards ----

constexpr std::size_t stack_bytes = std::size_t{1} << 20;

template <class Work>
std::size_t left_on_stack(Bytes secret, Work work) {
  void* stack =
      mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, stack_bytes);
  pthread_t thread;
  pthread_create(
      &thread, &attributes,
      [](void* body) -> void* {
        (*static_cast<Work*>(body))();
        return nullptr;
      },
      &work);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  const std::size_t left = found({static_cast<std::uint8_t*>(stack), stack_bytes}, secret);
  munmap(stack, stack_bytes);
  return left;
}

TEST(Zeroise, StacksThatWereLeft) {
  Counter random(8);
  ByteArray<32> raw;
  random.fill(raw);
  const mldsa::Seed xi(raw);
  using P = mldsa::Mldsa65;
  const auto key = mldsa::PrivateKey<P>::from_seed(xi);
  Buffer secret = to_buffer(key.expose().subspan(32, 32));  // K; tr, behind it, is public
  append(secret, Bytes(key.expose()).subspan(128));
  EXPECT_GT(left_on_stack(raw,
                          [&] {
                            volatile std::uint8_t copies[64 * 1024];
                            for (std::size_t i = 0; i < sizeof copies; ++i) {
                              copies[i] = raw[i % raw.size()];
                            }
                          }),
            0U)
      << "the test finds nothing";
  const auto make = [&] { (void)mldsa::PrivateKey<P>::from_seed(xi); };
  EXPECT_EQ(left_on_stack(raw, make), 0U) << "ML-DSA key generation, seed";
  EXPECT_EQ(left_on_stack(secret, make), 0U) << "ML-DSA key generation, key";
  EXPECT_EQ(
      left_on_stack(
          secret, [&] { (void)key.sign(as_bytes("message"), {}, mldsa::Hedge::deterministic()); }),
      0U)
      << "ML-DSA signing";
  ByteArray<64> both;
  random.fill(both);
  const mlkem::Seed seed(both);
  using K = mlkem::Mlkem768;
  const auto pair = mlkem::KeyPair<K>::from_seed(seed);
  const Bytes dk = Bytes(pair.dk.expose()).first(384 * K::k);
  const auto pair_again = [&] { (void)mlkem::KeyPair<K>::from_seed(seed); };
  EXPECT_EQ(left_on_stack(both, pair_again), 0U) << "ML-KEM key generation, seed";
  EXPECT_EQ(left_on_stack(dk, pair_again), 0U) << "ML-KEM key generation, key";
  const auto sent = mlkem::encapsulate<K>(pair.ek, random);
  const auto open = [&] { (void)mlkem::decapsulate<K>(pair.dk, sent.ciphertext); };
  EXPECT_EQ(left_on_stack(sent.secret.expose(), open), 0U) << "ML-KEM, the shared secret";
  EXPECT_EQ(left_on_stack(dk, open), 0U) << "ML-KEM decapsulation, key";
}

}  // namespace
}  // namespace v100
