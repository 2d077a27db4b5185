// Broken if this fails: a request is let in twice, a fresh one is refused, or memory grows.
#include <gtest/gtest.h>
#include <set>

#include "auth/budget.h"
#include "auth/nonce_store.h"
#include "auth/prepared_cache.h"
#include "auth/test_world.h"

namespace v100::auth {
namespace {

TEST(KeyedHash, IsSipHash) {
  ByteArray<16> key;
  ByteArray<64> in;
  for (std::size_t i = 0; i < 64; ++i) {
    in[i] = static_cast<std::uint8_t>(i);
    key[i % 16] = static_cast<std::uint8_t>(i % 16);
  }
  const KeyedHash hash{FixedBytes<16>(key)};
  // The paper's example (15 bytes) and rows of the reference code's table.
  EXPECT_EQ(hash(Bytes(in).first(15)), 0xa129ca6149be45e5u);
  EXPECT_EQ(hash({}), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash(Bytes(in).first(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(hash(Bytes(in).first(63)), 0x958a324ceb064572u);
  for (std::size_t size = 0; size <= 64; ++size) {
    for (std::size_t cut = 0; cut <= size; ++cut) {
      EXPECT_EQ(hash(Bytes(in).first(cut), Bytes(in).subspan(cut, size - cut)),
                hash(Bytes(in).first(size)));
    }
  }
}

// Against a set of all numbers ever seen.
TEST(SequenceWindow, LikeASetOfAllNumbers) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    TestRandom random(seed);
    SequenceWindow window;
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    std::uint64_t at = seed % 3 == 0 ? random.next() : random.below(5000);
    for (int i = 0; i < 4000; ++i) {
      const std::uint64_t step = std::uint64_t{1} << random.below(13);
      const std::uint64_t back = random.below(1300);
      at = at > UINT64_MAX - 10'000 ? at : at + (random.below(3) == 0 ? random.below(step) : 0);
      const std::uint64_t sequence = at < back ? at : at - back;
      const auto expected = seen.empty() || sequence > highest ? SequenceWindow::Answer::fresh
                            : highest - sequence >= SequenceWindow::size
                                ? SequenceWindow::Answer::too_old
                            : seen.contains(sequence) ? SequenceWindow::Answer::seen
                                                      : SequenceWindow::Answer::fresh;
      ASSERT_EQ(window.peek(sequence), expected) << sequence;
      ASSERT_EQ(window.record(sequence), expected) << sequence;
      if (expected == SequenceWindow::Answer::fresh) {
        highest = seen.empty() || sequence > highest ? sequence : highest;
        seen.insert(sequence);
      }
    }
  }
}

TEST(SequenceWindow, TakesTheEndsOfTheRange) {
  SequenceWindow window;
  EXPECT_EQ(window.record(0), SequenceWindow::Answer::fresh);
  EXPECT_EQ(window.record(0), SequenceWindow::Answer::seen);
  EXPECT_EQ(window.record(UINT64_MAX), SequenceWindow::Answer::fresh);
  EXPECT_EQ(window.record(UINT64_MAX), SequenceWindow::Answer::seen);
  EXPECT_EQ(window.record(UINT64_MAX - 1023), SequenceWindow::Answer::fresh);
  EXPECT_EQ(window.record(UINT64_MAX - 1024), SequenceWindow::Answer::too_old);
  EXPECT_EQ(window.record(0), SequenceWindow::Answer::too_old);
}

// Against a map from nonce to its time.
TEST(NonceStore, LikeAMapOfTheWindow) {
  constexpr std::int64_t window = 60;
  NonceStore store(3000, window);
  TestRandom random(3);
  std::vector<std::pair<std::uint64_t, std::int64_t>> recent;
  std::int64_t now = 1'999'999'000;
  for (int i = 0; i < 20'000; ++i) {
    now += random.below(50) == 0 ? 1 : 0;
    if (!recent.empty() && random.below(3) == 0) {
      const auto& [hash, created] = recent[random.below(recent.size())];
      if (created >= now - window) {
        ASSERT_EQ(store.peek(hash, now), NonceStore::Answer::seen);
        ASSERT_EQ(store.record(hash, created, now), NonceStore::Answer::seen);
      }
      continue;
    }
    const std::uint64_t hash = random.next();
    const std::int64_t created = now + 2 - static_cast<std::int64_t>(random.below(60));
    ASSERT_EQ(store.record(hash, created, now), NonceStore::Answer::fresh) << i;
    recent.emplace_back(hash, created);
  }
}

TEST(NonceStore, HoldsWhatItPromisesThenIsFullThenFreeAgain) {
  constexpr std::size_t most = 100'000;
  NonceStore store(most, 60);
  EXPECT_EQ(store.memory_bytes(), NonceStore::memory_bytes(most));
  EXPECT_LT(store.memory_bytes(), most * 13);
  TestRandom random(4);
  std::int64_t now = 2'000'000'000;
  for (std::size_t i = 0; i < most; ++i) {
    ASSERT_EQ(store.record(random.next(), now, now), NonceStore::Answer::fresh) << i;
  }
  EXPECT_EQ(store.live(now), most);
  std::size_t full = 0;
  for (std::size_t i = 0; i < most; ++i) {
    full += store.record(random.next(), now, now) == NonceStore::Answer::full ? 1 : 0;
  }
  EXPECT_GT(full, most / 10);
  now += 61;
  for (std::size_t i = 0; i < most; ++i) {
    ASSERT_EQ(store.record(random.next(), now, now), NonceStore::Answer::fresh) << i;
  }
  // Nothing recorded long ago comes back to life when 16 bits of seconds come round.
  for (int i = 0; i < 18 * 60; ++i) {
    now += 60;
    store.record(random.next(), now, now);
  }
  EXPECT_LT(store.live(now + 400), 10u);
}

TEST(NonceStore, KeepsWhatIsAheadWhenTheClockGoesBack) {
  NonceStore store(100, 60);
  EXPECT_EQ(store.record(5, 10'000, 10'000), NonceStore::Answer::fresh);
  EXPECT_EQ(store.peek(5, 9'000), NonceStore::Answer::seen);
  EXPECT_EQ(store.peek(5, 10'060), NonceStore::Answer::seen);
  EXPECT_EQ(store.peek(5, 10'061), NonceStore::Answer::fresh);
}

TEST(Budget, CountsByAddressAndForgetsWithTime) {
  TestRandom random(1);
  const KeyedHash hash(random);
  // An IPv6 /64 counts as one; IPv4 addresses count each.
  ByteArray<16> a{0x20, 1}, b{0x20, 1}, c{0x20, 1};
  b[15] = 7;
  c[7] = 7;
  EXPECT_EQ(address_hash(hash, a), address_hash(hash, b));
  EXPECT_NE(address_hash(hash, a), address_hash(hash, c));
  ByteArray<16> v4{}, w4{};
  v4[10] = v4[11] = w4[10] = w4[11] = 0xff;
  v4[15] = 1;
  w4[15] = 2;
  EXPECT_NE(address_hash(hash, v4), address_hash(hash, w4));

  AddressBudgets budgets(64, {.burst = 3, .per_second = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(budgets.spent(11, 1000));
    budgets.fail(11, 1000);
  }
  EXPECT_TRUE(budgets.spent(11, 1000));
  EXPECT_TRUE(budgets.spent(11, 500));  // a clock that went back
  EXPECT_FALSE(budgets.spent(12, 1000));
  EXPECT_TRUE(budgets.spent(11, 1999 - 1000));
  EXPECT_FALSE(budgets.spent(11, 2000));
  // A flood of others drives out the lightest first: who failed most stays longest.
  budgets.fail(11, 2000);
  for (std::uint64_t other = 100; other < 1000; ++other) {
    budgets.fail(other, 2000);
  }
  EXPECT_TRUE(budgets.spent(11, 2000));
  EXPECT_EQ(budgets.memory_bytes(), AddressBudgets::memory_bytes(64));
}

TEST(PreparedCache, StaysWithinItsBytesAndDropsTheLongestUnused) {
  const Keys& keys = Keys::get();
  const std::size_t each = sizeof(mldsa::PreparedVerifier<mldsa::Mldsa65>);
  PreparedCache cache(each * 5 / 2);
  PreparedCache::Entry *a = nullptr, *b = nullptr, *c = nullptr;
  cache.add(a, keys::Algorithm::mldsa65, keys.alice.public_key().bytes);
  cache.add(b, keys::Algorithm::mldsa65, keys.stranger.public_key().bytes);
  ASSERT_TRUE(a != nullptr && b != nullptr);
  cache.used(*a);
  cache.add(c, keys::Algorithm::mldsa44, keys.bob.public_key().bytes);
  EXPECT_TRUE(a != nullptr);
  EXPECT_TRUE(c != nullptr && c->get<mldsa::Mldsa44>() != nullptr);
  EXPECT_LE(cache.bytes(), each * 5 / 2);
  PreparedCache::Entry* d = nullptr;
  cache.add(d, keys::Algorithm::mldsa87, keys.carol.public_key().bytes);
  EXPECT_TRUE(d != nullptr && a == nullptr && b == nullptr);
  PreparedCache none(100);
  none.add(b, keys::Algorithm::mldsa65, keys.alice.public_key().bytes);
  EXPECT_EQ(b, nullptr);
  cache.forget(*d);
  EXPECT_EQ(d, nullptr);
}

TEST(Sessions, AreBoundedAndBelongToTheirKey) {
  TestRandom random(1);
  const Keys& keys = Keys::get();
  Sessions sessions({.most = 5, .per_key = 3, .shard = 0x0102}, random);
  const auto open = [&](const Signer& who, std::int64_t now) {
    ClientSession client = ClientSession::begin(keys.kem.public_key(), random);
    return sessions.open(keys.kem, client.ciphertext(), who.id(), {}, WallTime(now));
  };
  const Sessions::Opened first = open(keys.alice, 1000).value();
  EXPECT_EQ(first.id[0], 1);
  EXPECT_EQ(first.id[1], 2);
  EXPECT_EQ(first.expires.value(), 1000 + 3'600'000);
  for (int i = 0; i < 3; ++i) {  // the fourth of one key drives out its first
    EXPECT_TRUE(open(keys.alice, 2000));
  }
  EXPECT_EQ(sessions.size(), 3u);
  EXPECT_FALSE(sessions.revoke(first.id, keys.alice.id()));
  EXPECT_EQ(sessions.resume(first.id, keys.alice.id(), {}, WallTime(2000)).error().code,
            Errc::not_found);
  const Sessions::Opened other = open(keys.bob, 3000).value();
  EXPECT_EQ(sessions.resume(other.id, keys.alice.id(), {}, WallTime(3000)).error().code,
            Errc::not_found);
  EXPECT_TRUE(sessions.resume(other.id, keys.bob.id(), {}, WallTime(3000)));
  EXPECT_TRUE(open(keys.bob, 3000));
  EXPECT_EQ(open(keys.carol, 3000).error().code, Errc::unavailable);  // five in all
  EXPECT_EQ(sessions.revoke_all(keys.alice.id()), 3u);
  EXPECT_EQ(sessions.revoke_all(keys.alice.id()), 0u);
  EXPECT_TRUE(open(keys.carol, 3000));
  sessions.expire(WallTime(3'603'000));
  EXPECT_EQ(sessions.size(), 0u);
  EXPECT_EQ(sessions.open(keys.kem, ByteArray<3>{}, keys.bob.id(), {}, WallTime(1)).error().code,
            Errc::malformed);
}

}  // namespace
}  // namespace v100::auth
