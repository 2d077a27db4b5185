// If this fails, some byte of a proof is not looked at: two proofs of one thing, or a forgery.
#include <gtest/gtest.h>

#include "proof/format.h"
#include "proof/test_case.h"

namespace v100::proof {
namespace {

TEST(Bytes, every_byte_of_a_proof_counts) {
  const TestCase test(20, 9, 21);
  TestRandom random(2);
  Buffer proof = *prove(Preset::bits100, test.statement, test.witness(), random);
  ASSERT_TRUE(verify(test.statement, proof).has_value());
  std::size_t passed = 0;
  for (std::size_t at = 0; at < proof.size(); ++at) {
    const std::uint8_t by = static_cast<std::uint8_t>(1u << at % 8);
    proof[at] ^= by;
    passed += verify(test.statement, proof).has_value();
    proof[at] ^= by;
  }
  EXPECT_EQ(passed, 0u);
  // All values of the bytes that are read as something else than a number or a hash.
  const Layout layout{params_100};
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{1}, layout.nonce(), layout.nonce() + 7}) {
    for (unsigned by = 1; by < 256; ++by) {
      proof[at] ^= static_cast<std::uint8_t>(by);
      EXPECT_FALSE(verify(test.statement, proof).has_value()) << at << " " << by;
      proof[at] ^= static_cast<std::uint8_t>(by);
    }
  }
  EXPECT_TRUE(verify(test.statement, proof).has_value());
}

}  // namespace
}  // namespace v100::proof
