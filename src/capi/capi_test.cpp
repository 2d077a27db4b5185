// If this fails, libv100pq takes a broken call for a good one, writes past an output, or its batch
// answers otherwise than its single verification.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "capi/v100pq.h"

namespace {

struct Free {
  void operator()(v100pq_private* key) const { v100pq_private_free(key); }
  void operator()(v100pq_public* key) const { v100pq_public_free(key); }
};
using Private = std::unique_ptr<v100pq_private, Free>;
using Public = std::unique_ptr<v100pq_public, Free>;

struct Pair {
  Private secret;
  Public key;
};
Pair generate(const char* algorithm) {
  v100pq_private* secret = nullptr;
  v100pq_public* key = nullptr;
  EXPECT_EQ(v100pq_keygen(algorithm, &secret), V100PQ_OK);
  EXPECT_EQ(v100pq_public_of(secret, &key), V100PQ_OK);
  return {Private(secret), Public(key)};
}

const std::uint8_t message[] = {1, 2, 3};

TEST(Capi, BrokenCallsAreRefused) {
  v100pq_private* secret = nullptr;
  EXPECT_EQ(v100pq_keygen("RSA", &secret), V100PQ_UNSUPPORTED);
  EXPECT_EQ(v100pq_keygen(nullptr, &secret), V100PQ_MALFORMED);
  EXPECT_EQ(v100pq_keygen("ML-DSA-44", nullptr), V100PQ_MALFORMED);
  EXPECT_EQ(v100pq_private_read(message, sizeof message, &secret), V100PQ_MALFORMED);
  const Pair dsa = generate("ML-DSA-44"), kem = generate("ML-KEM-512");
  std::vector<std::uint8_t> out(2420, 0xaa);
  std::size_t size = 2419;
  EXPECT_EQ(v100pq_sign(dsa.secret.get(), message, 3, nullptr, 0, out.data(), &size),
            V100PQ_TOO_SMALL);
  EXPECT_EQ(size, 2420u);
  EXPECT_EQ(out, std::vector<std::uint8_t>(2420, 0xaa));
  EXPECT_EQ(v100pq_sign(dsa.secret.get(), nullptr, 3, nullptr, 0, out.data(), &size),
            V100PQ_MALFORMED);
  EXPECT_EQ(v100pq_sign(kem.secret.get(), message, 3, nullptr, 0, out.data(), &size),
            V100PQ_UNSUPPORTED);
  EXPECT_EQ(v100pq_encapsulate(dsa.key.get(), out.data(), &size, out.data()), V100PQ_UNSUPPORTED);
  std::size_t none = 0;
  EXPECT_EQ(v100pq_public_write(kem.key.get(), "cose", nullptr, &none), V100PQ_UNSUPPORTED);
  EXPECT_EQ(v100pq_public_write(kem.key.get(), "xml", nullptr, &none), V100PQ_UNSUPPORTED);
  v100pq_private_free(nullptr);
  v100pq_public_free(nullptr);
  EXPECT_STREQ(v100pq_version(), "0.1.0");
}

TEST(Capi, BatchAnswersAsSingleCallsDo) {
  const char* algorithms[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "SLH-DSA-SHA2-128f"};
  std::vector<Pair> pairs;
  std::vector<std::vector<std::uint8_t>> signatures;
  std::vector<v100pq_item> items;
  for (int i = 0; i < 24; ++i) {
    if (i % 6 == 0) {
      pairs.push_back(generate(algorithms[i / 6]));
      if (i == 6) {
        v100pq_prepare(pairs.back().key.get());
      }
    }
    std::size_t public_bytes = 0, size = 0;
    v100pq_sizes(algorithms[i / 6], &public_bytes, &size);
    std::vector<std::uint8_t> signature(size);
    EXPECT_EQ(
        v100pq_sign(pairs.back().secret.get(), message, 3, message, 2, signature.data(), &size),
        V100PQ_OK);
    if (i % 3 == 1) {
      signature[static_cast<std::size_t>(7 * i)] ^= 1;
    }
    if (i % 6 == 5) {
      signature.pop_back();
    }
    signatures.push_back(std::move(signature));
    const auto& s = signatures.back();
    items.push_back({pairs.back().key.get(), message, 3, message, 2, s.data(), s.size()});
  }
  for (int i = 0; i < 24; ++i) {
    items[static_cast<std::size_t>(i)].signature = signatures[static_cast<std::size_t>(i)].data();
  }
  items.push_back({nullptr, message, 3, message, 2, message, 3});
  std::vector<v100pq_status> results(items.size());
  ASSERT_EQ(v100pq_verify_batch(items.data(), items.size(), results.data()), V100PQ_OK);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const v100pq_item& item = items[i];
    EXPECT_EQ(results[i], v100pq_verify(item.key, item.message, 3, item.context, 2, item.signature,
                                        item.signature_size))
        << i;
    const v100pq_status expected = i == 24 || i % 6 == 5 ? V100PQ_MALFORMED
                                   : i % 3 == 1          ? V100PQ_INVALID
                                                         : V100PQ_OK;
    EXPECT_EQ(results[i], expected) << i;
  }
}

}  // namespace
