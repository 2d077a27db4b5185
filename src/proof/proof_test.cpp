// If this fails, somebody proves what is not true, or nobody can prove what is.
#include "proof/proof.h"

#include <gtest/gtest.h>
#include <random>

#include "proof/format.h"
#include "proof/prover.h"
#include "proof/test_case.h"
#include "proof/trace.h"
#include "proof/verifier.h"

namespace v100::proof {
namespace {

Result<void> verify_with(const Params& params, const Statement& statement, Bytes proof) {
  const Claim claim{statement, proof};
  const Trial trial{&params, &claim};
  return verify_trials({&trial, 1})[0];
}

Buffer proof_of(const TestCase& test, Preset preset = Preset::bits100) {
  TestRandom random(1);
  Result<Buffer> proof = prove(preset, test.statement, test.witness(), random);
  CHECK(proof.has_value());
  return std::move(*proof);
}

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

TEST(Proof, holds_for_every_leaf_and_level) {
  Prover prover(Preset::bits100);
  TestRandom random(3);
  for (std::size_t index = 0; index < 32; index += 5) {
    TestCase test(5, index, 100 + index);
    for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{7}}) {
      test.statement.level_min = level;
      const Result<Buffer> proof = prover.prove(test.statement, test.witness(), random);
      ASSERT_TRUE(proof.has_value());
      EXPECT_TRUE(verify(test.statement, *proof).has_value());
    }
    test.statement.level_min = 8;
    EXPECT_EQ(prover.prove(test.statement, test.witness(), random).error().code, Errc::forbidden);
  }
}

TEST(Proof, the_strong_preset_holds_and_the_weak_one_does_not_pass_for_it) {
  const TestCase test(20, 3, 9);
  const Buffer strong = proof_of(test, Preset::bits128);
  EXPECT_EQ(strong.size(), proof_bytes(Preset::bits128));
  EXPECT_TRUE(verify(test.statement, strong, Preset::bits128).has_value());
  EXPECT_TRUE(verify(test.statement, strong).has_value());
  Buffer weak = proof_of(test);
  EXPECT_EQ(verify(test.statement, weak, Preset::bits128).error().code, Errc::unsupported);
  weak[1] = 2;
  EXPECT_FALSE(verify(test.statement, weak, Preset::bits128).has_value());
  weak[1] = 3;
  EXPECT_EQ(verify(test.statement, weak).error().code, Errc::unsupported);
}

// FRI with no, one and two rounds: the presets have one, the code has no say in it.
TEST(Proof, any_number_of_folds) {
  const TestCase test(8, 30, 4);
  for (const unsigned folds : {0u, 1u, 2u}) {
    Params params = params_100;
    params.folds = folds;
    ProverState state(params);
    ASSERT_TRUE(fill_trace(state.trace, test.statement, test.witness()).has_value());
    const ByteArray<64> seed{7};
    Buffer proof = prove_trace(state, test.statement, seed);
    EXPECT_TRUE(verify_with(params, test.statement, proof).has_value()) << folds;
    std::mt19937 random(folds);
    for (int i = 0; i < 300; ++i) {
      const std::size_t at = 2 + random() % (proof.size() - 2);
      const std::uint8_t by = static_cast<std::uint8_t>(1 + random() % 255);
      proof[at] ^= by;
      EXPECT_FALSE(verify_with(params, test.statement, proof).has_value()) << folds << " " << at;
      proof[at] ^= by;
    }
  }
}

TEST(Proof, the_statement_is_bound_to_the_last_bit) {
  TestCase test(5, 12, 77);
  const Buffer proof = proof_of(test);
  const auto refused = [&](const Statement& other) { return !verify(other, proof).has_value(); };
  ASSERT_FALSE(refused(test.statement));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Statement other = test.statement;
    other.root[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_TRUE(refused(other));
    other = test.statement;
    other.pseudonym[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_TRUE(refused(other));
  }
  for (unsigned depth = 0; depth < 300; ++depth) {
    Statement other = test.statement;
    other.depth = depth;
    EXPECT_EQ(refused(other), depth != test.statement.depth);
  }
  for (unsigned level = 0; level < 256; ++level) {
    Statement other = test.statement;
    other.level_min = static_cast<std::uint8_t>(level);
    EXPECT_EQ(refused(other), level != test.statement.level_min);
  }
  Buffer context = to_buffer(test.statement.context);
  Statement replayed = test.statement;
  for (std::size_t bit = 0; bit < 8 * context.size(); ++bit) {
    context[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    replayed.context = context;
    EXPECT_TRUE(refused(replayed));
    context[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  for (std::size_t size = 0; size < context.size(); ++size) {
    replayed.context = Bytes(context).first(size);
    EXPECT_TRUE(refused(replayed));
  }
  // In another context with the pseudonym there: still a replay.
  replayed.context = as_bytes("v100 lobby: room 4712, 2026-11-25");
  replayed.pseudonym = pseudonym(test.key, replayed.context);
  EXPECT_TRUE(refused(replayed));
}

TEST(Proof, the_message_is_bound_to_the_last_bit) {
  TestCase test(5, 12, 77);
  const Buffer proof = proof_of(test);
  const auto refused = [&](const Statement& other) { return !verify(other, proof).has_value(); };
  Buffer message = to_buffer(test.statement.message);
  Statement relayed = test.statement;
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    relayed.message = message;
    EXPECT_TRUE(refused(relayed));
    message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  for (std::size_t size = 0; size < message.size(); ++size) {
    relayed.message = Bytes(message).first(size);
    EXPECT_TRUE(refused(relayed));
  }
  // What is moved from the context to the message is not the same.
  Buffer joined = to_buffer(test.statement.context);
  append(joined, test.statement.message);
  relayed.context = Bytes(joined).first(test.statement.context.size() - 1);
  relayed.message = Bytes(joined).subspan(test.statement.context.size() - 1);
  relayed.pseudonym = pseudonym(test.key, relayed.context);
  EXPECT_TRUE(refused(relayed));
  const Buffer large(message_bytes_max + 1);
  relayed = test.statement;
  relayed.message = large;
  EXPECT_TRUE(refused(relayed));
}

TEST(Proof, no_other_length_and_no_swapped_openings) {
  const TestCase test(20, 5, 5);
  const Buffer proof = proof_of(test);
  for (std::size_t size = 0; size < proof.size(); ++size) {
    EXPECT_FALSE(verify(test.statement, Bytes(proof).first(size)).has_value());
  }
  Buffer longer = proof;
  longer.push_back(0);
  EXPECT_EQ(verify(test.statement, longer).error().code, Errc::malformed);

  const Layout layout{params_100};
  const auto swapped = [&](std::size_t a, std::size_t b, std::size_t bytes) {
    Buffer other = proof;
    std::swap_ranges(other.begin() + static_cast<std::ptrdiff_t>(a),
                     other.begin() + static_cast<std::ptrdiff_t>(a + bytes),
                     other.begin() + static_cast<std::ptrdiff_t>(b));
    return other == proof || !verify(test.statement, other).has_value();
  };
  for (std::size_t q = 0; q + 1 < params_100.queries; ++q) {
    const std::size_t a = layout.query(q);
    const std::size_t b = layout.query(q + 1);
    EXPECT_TRUE(swapped(a, b, layout.query_bytes()));
    EXPECT_TRUE(swapped(a, b, trace_leaf_bytes));
    EXPECT_TRUE(swapped(a + layout.quotient_in_query(), b + layout.quotient_in_query(),
                        quotient_leaf_bytes));
    EXPECT_TRUE(
        swapped(a + layout.fri_in_query(0), b + layout.fri_in_query(0), layout.fri_query_bytes(0)));
    // Two siblings of one path.
    EXPECT_TRUE(swapped(a + trace_leaf_bytes, a + trace_leaf_bytes + hash_bytes, hash_bytes));
  }
  EXPECT_TRUE(swapped(layout.trace_cap(), layout.quotient_cap(), cap * hash_bytes));
  EXPECT_TRUE(swapped(layout.evaluations_at(), layout.evaluations_at() + 24, 24));
}

TEST(Proof, a_number_has_one_encoding) {
  const TestCase test(20, 5, 6);
  const Buffer proof = proof_of(test);
  const Layout layout{params_100};
  for (std::size_t at = layout.evaluations_at(); at < layout.fri_cap(0); at += 4) {
    const std::uint32_t value = load_le<std::uint32_t>(proof.data() + at);
    Buffer other = proof;
    store_le(other.data() + at, value + modulus);
    EXPECT_EQ(verify(test.statement, other).error().code, Errc::malformed);
  }
}

TEST(Proof, a_batch_says_what_single_calls_say) {
  std::vector<Buffer> proofs;
  std::vector<TestCase> tests;
  std::vector<Claim> claims;
  for (std::uint64_t i = 0; i < 9; ++i) {
    tests.emplace_back(static_cast<unsigned>(5 + i), i, i);
    proofs.push_back(proof_of(tests.back(), i == 4 ? Preset::bits128 : Preset::bits100));
  }
  proofs[1].pop_back();
  proofs[2][0] = 9;
  proofs[3][60000] ^= 1;  // an opening
  proofs[5][3000] ^= 1;   // an evaluation
  tests[6].statement.root[0] ^= 1;
  tests[7].statement.depth = 21;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    claims.push_back({tests[i].statement, proofs[i]});
  }
  const std::vector<Result<void>> results = verify_batch(claims);
  ASSERT_EQ(results.size(), claims.size());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Result<void> one = verify(claims[i].statement, claims[i].proof);
    EXPECT_EQ(results[i].has_value(), one.has_value());
    EXPECT_EQ(one.has_value(), i == 0 || i == 4 || i == 8);
    if (!one.has_value()) {
      EXPECT_EQ(results[i].error().code, one.error().code);
    }
  }
  EXPECT_TRUE(verify_batch({}).empty());
}

TEST(Proof, nothing_to_prove) {
  TestCase test(5, 4, 8);
  TestRandom random(1);
  const auto code = [&](const Statement& s, const Witness& w) {
    return prove(Preset::bits100, s, w, random).error().code;
  };
  Statement other = test.statement;
  other.root[3] ^= 1;
  EXPECT_EQ(code(other, test.witness()), Errc::forbidden);
  other = test.statement;
  other.pseudonym[3] ^= 1;
  EXPECT_EQ(code(other, test.witness()), Errc::forbidden);
  const Witness witness = test.witness();
  const auto changed = [&](auto&& change) {
    Witness w = witness;
    change(w);
    return code(test.statement, w);
  };
  EXPECT_EQ(changed([](Witness& w) { w.index ^= 1; }), Errc::forbidden);
  EXPECT_EQ(changed([](Witness& w) { w.index = 32; }), Errc::malformed);
  EXPECT_EQ(changed([](Witness& w) { w.path = w.path.first(4); }), Errc::malformed);
  EXPECT_EQ(changed([](Witness& w) { w.level = 6; }), Errc::forbidden);
  EXPECT_EQ(changed([](Witness& w) { w.salt[19] ^= 1; }), Errc::forbidden);
  EXPECT_EQ(changed([](Witness& w) { w.attested[0] ^= 1; }), Errc::forbidden);
  const OwnerKey stranger;
  const Witness theirs{.key = stranger,
                       .attested = witness.attested,
                       .salt = witness.salt,
                       .level = 7,
                       .index = 4,
                       .path = test.path};
  EXPECT_EQ(code(test.statement, theirs), Errc::forbidden);
}

// Proofs of one statement have nothing in common but what is public, and one seed gives one proof.
TEST(Proof, fresh_randomness_every_time) {
  const TestCase test(20, 5, 6);
  TestRandom first(1), again(1), second(2);
  const Buffer a = *prove(Preset::bits100, test.statement, test.witness(), first);
  const Buffer b = *prove(Preset::bits100, test.statement, test.witness(), again);
  const Buffer c = *prove(Preset::bits100, test.statement, test.witness(), second);
  EXPECT_EQ(a, b);
  const Layout layout{params_100};
  std::size_t equal = 0;
  for (std::size_t at = layout.evaluations_at(); at < a.size(); at += 4) {
    equal += same(Bytes(a).subspan(at, 4), Bytes(c).subspan(at, 4));
  }
  EXPECT_LE(equal, 3u);  // one word: the upper half of the nonce, and chance
}

TEST(Tree, paths_lead_to_the_root_and_trees_stand_on_trees) {
  const TestCase test(20, 31, 3);
  std::vector<Digest> digests(21);
  TestRandom random(4);
  for (Digest& d : digests) {
    OwnerKey key;
    random.fill(key.fill());
    d = owner_tag(key);
  }
  const Result<Tree> low = Tree::make(digests, 5);
  ASSERT_TRUE(low.has_value());
  const std::vector<Digest> roots = {digests[0], low->root(), digests[1]};
  const Result<Tree> high = Tree::make(roots, 3);
  const Result<Tree> whole = Tree::make(digests, 8);
  ASSERT_TRUE(high.has_value() && whole.has_value());
  EXPECT_EQ(whole->path(20)[4], low->path(20)[4]);
  EXPECT_EQ(low->path(20)[0], Digest{});  // an empty place
  EXPECT_EQ(Tree::make({}, 5)->root(), whole->path(0)[5]);
  EXPECT_EQ(Tree::make(digests, 4).error().code, Errc::too_large);
  EXPECT_EQ(Tree::make(digests, 21).error().code, Errc::malformed);
  digests[2].fill(0xff);
  EXPECT_EQ(Tree::make(digests, 5).error().code, Errc::malformed);
  Path joined = low->path(7);
  const Path upper = high->path(1);
  joined.insert(joined.end(), upper.begin(), upper.end());
  EXPECT_EQ(joined.size(), 8u);
  EXPECT_EQ(encode_root(low->root(), 5, 21).size(), 22 + 1 + 8 + 32u);
}

}  // namespace
}  // namespace v100::proof
