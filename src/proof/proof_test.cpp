// If this fails, somebody proves what is not true, or nobody can prove what is.
#include "proof/proof.h"

#include <gtest/gtest.h>

#include "proof/format.h"
#include "proof/prover.h"
#include "proof/statement.h"
#include "proof/test_case.h"
#include "proof/trace.h"
#include "proof/verifier.h"

namespace v100::proof {
namespace {

TEST(Proof, holds_at_every_depth) {
  Prover prover(Preset::bits100);
  for (unsigned depth = depth_min; depth <= depth_max; ++depth) {
    const TestCase test(depth, 17, depth);
    TestRandom random(depth);
    const Result<Buffer> proof = prover.prove(test.statement, test.witness(), random);
    ASSERT_TRUE(proof.has_value()) << proof.error().what;
    EXPECT_EQ(proof->size(), proof_bytes(Preset::bits100));
    const Result<void> result = verify(test.statement, *proof);
    EXPECT_TRUE(result.has_value()) << depth << ": " << result.error().what;
  }
}

}  // namespace
}  // namespace v100::proof
