// Broken if this fails: a revoked or expired verdict is believed, or one verdict is taken for
// another.
#include "base/verdict_cache.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace v100 {
namespace {

class VerdictCacheTest : public testing::Test {
 protected:
  static constexpr std::size_t entries = 4096;
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> memory{std::aligned_alloc(64, entries * 64)};
  VerdictCache cache = make();
  std::mt19937_64 random{4};

  VerdictCache make() {
    std::memset(memory.get(), 0, entries * 64);
    return VerdictCache({static_cast<std::uint8_t*>(memory.get()), entries * 64},
                        ByteArray<32>{1, 2, 3});
  }
  VerdictKey key() {
    VerdictKey out;
    for (std::size_t i = 0; i < 4; ++i) {
      store_le(out.data() + 8 * i, random());
    }
    return out;
  }
};

TEST_F(VerdictCacheTest, FindsWhatWasInsertedUntilItExpires) {
  const VerdictKey k = key();
  EXPECT_FALSE(cache.find(k, 0).has_value());
  cache.insert(k, {.expires_ms = 100, .detail = 7}, 0);
  EXPECT_EQ(cache.find(k, 99), (CachedVerdict{100, 7}));
  EXPECT_FALSE(cache.find(k, 100).has_value());
  cache.insert(k, {.expires_ms = 300, .detail = 8}, 100);
  EXPECT_EQ(cache.find(k, 200), (CachedVerdict{300, 8}));
  VerdictKey other = k;
  for (std::size_t bit = 0; bit < 256; ++bit) {
    other = k;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(cache.find(other, 200).has_value());
  }
}

TEST_F(VerdictCacheTest, AnEpochEndsAllVerdicts) {
  const VerdictKey k = key();
  const std::uint32_t began = cache.epoch();
  cache.insert(k, {100, 1}, 0);
  cache.bump_epoch();
  EXPECT_FALSE(cache.find(k, 0).has_value());
  cache.insert_from(began, k, {100, 1}, 0);  // its verification began before the revocation
  EXPECT_FALSE(cache.find(k, 0).has_value());
  cache.insert(k, {100, 2}, 0);
  EXPECT_EQ(cache.find(k, 0), (CachedVerdict{100, 2}));
}

TEST_F(VerdictCacheTest, KeepsNearlyAllAtTwoThirdsAndNeverLies) {
  std::vector<VerdictKey> keys;
  for (std::size_t i = 0; i < entries * 2 / 3; ++i) {
    keys.push_back(key());
    cache.insert(keys.back(), {.expires_ms = 1000, .detail = i}, 0);
  }
  std::size_t found = 0;
  std::optional<CachedVerdict> batch[32];
  for (std::size_t i = 0; i + 32 <= keys.size(); i += 32) {
    cache.find_batch(batch, std::span(keys).subspan(i, 32), 0);
    for (std::size_t j = 0; j < 32; ++j) {
      EXPECT_EQ(batch[j], cache.find(keys[i + j], 0));
      if (batch[j].has_value()) {
        EXPECT_EQ(batch[j]->detail, i + j);
        ++found;
      }
    }
  }
  EXPECT_GT(found, keys.size() / 32 * 32 * 99 / 100);
  // Ten times as many: full, old ones go, what is found is right.
  for (std::size_t i = 0; i < 10 * entries; ++i) {
    const VerdictKey k = key();
    cache.insert(k, {static_cast<std::int64_t>(2000 + i), i}, 0);
    ASSERT_EQ(cache.find(k, 0)->detail, i);
  }
}

TEST_F(VerdictCacheTest, ReadersNeverSeeHalfAnEntry) {
  std::vector<VerdictKey> keys;
  for (int i = 0; i < 16; ++i) {
    keys.push_back(key());
  }
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::int64_t i = 1; i < 200000; ++i) {
      cache.insert(keys[static_cast<std::size_t>(i % 16)], {i, static_cast<std::uint64_t>(i)}, 0);
    }
    stop = true;
  });
  std::uint64_t hits = 0;
  while (!stop) {
    for (const VerdictKey& k : keys) {
      const auto verdict = cache.find(k, 0);
      if (verdict.has_value()) {
        ++hits;
        ASSERT_EQ(static_cast<std::uint64_t>(verdict->expires_ms), verdict->detail);
      }
    }
  }
  writer.join();
  EXPECT_GT(hits, 0u);
}

}  // namespace
}  // namespace v100
