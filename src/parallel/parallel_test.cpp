// Broken if this fails: large batches, when they are spread over threads, give other answers than
// one thread gives, or lose items.
#include "parallel/parallel.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "base/world.h"

namespace v100::parallel {
namespace {

class Counting final : public Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(state_ = state_ * 1664525 + 1013904223);
    }
  }

 private:
  std::uint32_t state_ = 7;
};

TEST(Parallel, EveryItemIsDoneOnce) {
  for (const unsigned threads : {1U, 2U, 5U, 0U}) {
    Pool pool(threads);
    EXPECT_GE(pool.threads(), 1U);
    for (const std::size_t items : {0UZ, 1UZ, 15UZ, 16UZ, 17UZ, 1000UZ}) {
      std::vector<std::atomic<int>> done(items);
      pool.spread(
          items, 16,
          [](void* context, std::size_t first, std::size_t count) {
            for (std::size_t i = first; i < first + count; ++i) {
              (*static_cast<std::vector<std::atomic<int>>*>(context))[i]++;
            }
          },
          &done);
      for (const std::atomic<int>& one : done) {
        ASSERT_EQ(one, 1);
      }
    }
  }
}

using P = mldsa::Mldsa44;

struct Signed {
  std::vector<ByteArray<P::signature_bytes>> signatures;
  std::vector<mldsa::Verdict> verdicts;
};

Signed sign_some(Pool* pool, const mldsa::PreparedSigner<P>& signer, std::size_t count) {
  Signed out{std::vector<ByteArray<P::signature_bytes>>(count),
             std::vector<mldsa::Verdict>(count, mldsa::Verdict::invalid)};
  const mldsa::Hedge hedge = mldsa::Hedge::deterministic();
  std::vector<ByteArray<8>> messages(count);
  std::vector<mldsa::SignItem<P>> items(count);
  for (std::size_t i = 0; i < count; ++i) {
    store_le(messages[i].data(), std::uint64_t{i});
    items[i] = {
        .signer = &signer, .message = messages[i], .hedge = &hedge, .out = out.signatures[i]};
  }
  if (pool != nullptr) {
    sign_batch<P>(*pool, items, out.verdicts);
  } else {
    mldsa::sign_batch<P>(items, out.verdicts);
  }
  return out;
}

TEST(Parallel, SignsAsOneThreadDoes) {
  const auto key = mldsa::PrivateKey<P>::from_seed(mldsa::Seed());
  const auto signer = std::make_unique<mldsa::PreparedSigner<P>>(key);
  Pool pool(3);
  const Signed one = sign_some(nullptr, *signer, 70), many = sign_some(&pool, *signer, 70);
  EXPECT_EQ(one.signatures, many.signatures);
  EXPECT_EQ(one.verdicts, many.verdicts);
}

// Good, bad and broken items in no order, raw and prepared keys; from two threads at once.
TEST(Parallel, VerifiesAsOneThreadDoes) {
  const auto key = mldsa::PrivateKey<P>::from_seed(mldsa::Seed());
  const auto signer = std::make_unique<mldsa::PreparedSigner<P>>(key);
  const auto verifier = std::make_unique<mldsa::PreparedVerifier<P>>(key.public_key());
  constexpr std::size_t count = 300;
  Signed made = sign_some(nullptr, *signer, count);
  std::vector<ByteArray<8>> messages(count);
  std::vector<mldsa::VerifyItem<P>> items(count);
  std::vector<mldsa::Verdict> expected(count, mldsa::Verdict::valid);
  for (std::size_t i = 0; i < count; ++i) {
    store_le(messages[i].data(), std::uint64_t{i});
    items[i] = {.message = messages[i], .signature = made.signatures[i]};
    i % 3 == 0 ? void(items[i].key = &key.public_key()) : void(items[i].prepared = verifier.get());
    if (i % 7 == 0) {
      made.signatures[i][100] ^= 1;
      expected[i] = mldsa::Verdict::invalid;
    } else if (i % 11 == 0) {
      items[i].signature = items[i].signature.first(9);
      expected[i] = mldsa::Verdict::malformed;
    }
  }
  Pool pool(3);
  const auto work = [&] {
    std::vector<mldsa::Verdict> found(count);
    verify_batch<P>(pool, items, found);
    EXPECT_EQ(found, expected);
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(Parallel, MakesTheSameKeys) {
  std::vector<mldsa::Seed> seeds(40);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    seeds[i].fill()[0] = static_cast<std::uint8_t>(i);
  }
  std::vector<std::optional<mldsa::PrivateKey<P>>> keys(seeds.size());
  Pool pool(2);
  keygen_batch<P>(pool, seeds, keys);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    ASSERT_TRUE(keys[i]);
    EXPECT_TRUE(same(keys[i]->expose(), mldsa::PrivateKey<P>::from_seed(seeds[i]).expose()));
  }
}

TEST(Parallel, EncapsulatesAndDecapsulates) {
  using K = mlkem::Mlkem768;
  Counting random;
  const auto pair = mlkem::KeyPair<K>::generate(random);
  const std::vector<mlkem::Recipient<K>> to(200, mlkem::Recipient<K>(pair.ek));
  std::vector<mlkem::Encapsulated<K>> sent(to.size());
  Pool pool(3);
  encapsulate_batch<K>(pool, sent, to, random);
  std::vector<mlkem::Received<K>> received;
  for (const auto& one : sent) {
    received.emplace_back(pair.dk, one.ciphertext);
  }
  std::vector<mlkem::SharedSecret> secrets(sent.size());
  decapsulate_batch<K>(pool, secrets, received);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    ASSERT_TRUE(same(secrets[i].expose(), sent[i].secret.expose())) << i;
    ASSERT_TRUE(i == 0 || !same(secrets[i].expose(), secrets[i - 1].expose())) << i;
  }
}

}  // namespace
}  // namespace v100::parallel
