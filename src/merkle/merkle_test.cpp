// Broken if this fails: inclusion, consistency and subtree proofs, that is, every receipt.
#include "merkle/merkle.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"

namespace v100::merkle {
namespace {

std::vector<Hash> some_leaves(std::size_t count) {
  std::vector<Hash> out;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteArray<2> data{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    out.push_back(Sha256::leaf(data));
  }
  return out;
}

template <class H>
void every_proof_verifies_and_every_flip_fails() {
  const std::vector<Hash> leaves = some_leaves(40);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const auto tree = std::span<const Hash>(leaves).first(n);
    const Hash top = root<H>(tree);
    for (std::size_t i = 0; i < n; ++i) {
      Proof proof = prove_inclusion<H>(tree, i);
      EXPECT_TRUE((verify_inclusion<H>(i, n, leaves[i], proof, top).has_value()));
      EXPECT_FALSE((verify_inclusion<H>(i + n, n, leaves[i], proof, top).has_value()));
      for (Hash& h : proof) {
        h[i % 32] ^= 1;
        EXPECT_FALSE((verify_inclusion<H>(i, n, leaves[i], proof, top).has_value()));
        h[i % 32] ^= 1;
      }
      proof.push_back(top);
      EXPECT_FALSE((verify_inclusion<H>(i, n, leaves[i], proof, top).has_value()));
    }
    for (std::size_t m = 1; m <= n; ++m) {
      const Hash old = root<H>(tree.first(m));
      Proof proof = prove_consistency<H>(tree, m);
      EXPECT_TRUE((verify_consistency<H>(m, n, old, top, proof).has_value())) << m << " in " << n;
      for (Hash& h : proof) {
        h[m % 32] ^= 0x80;
        EXPECT_FALSE((verify_consistency<H>(m, n, old, top, proof).has_value()));
        h[m % 32] ^= 0x80;
      }
    }
  }
}

TEST(Merkle, Sha256ProofsHold) { every_proof_verifies_and_every_flip_fails<Sha256>(); }
TEST(Merkle, Sha3ProofsHold) { every_proof_verifies_and_every_flip_fails<Sha3>(); }

TEST(Merkle, KnowsSubtrees) {
  EXPECT_TRUE((Subtree{32, 64}.valid()));
  EXPECT_TRUE((Subtree{8, 13}.valid()));
  EXPECT_FALSE((Subtree{4, 9}.valid()));
  EXPECT_FALSE((Subtree{4, 4}.valid()));
}

// ---- public vectors ----

Result<Hash> hash_of(std::string_view base64) {
  const Buffer bytes = TRY(from_base64(base64));
  Hash out{};
  if (bytes.size() != out.size()) {
    return fail(Errc::malformed, "not 32 bytes");
  }
  copy(out, bytes);
  return out;
}

// A proof with a hash of the wrong size cannot be written as our type: the parser refuses it.
bool proof_of(Proof& out, const simdjson::dom::element& element) {
  simdjson::dom::array array;
  if (element["proof"].get(array) != simdjson::SUCCESS) {
    return true;  // null: empty
  }
  for (const simdjson::dom::element entry : array) {
    std::string_view text;
    EXPECT_EQ(entry.get(text), simdjson::SUCCESS);
    const Result<Hash> parsed = hash_of(text);
    if (!parsed) {
      return false;
    }
    out.push_back(*parsed);
  }
  return true;
}

std::uint64_t number(const simdjson::dom::element& e, const char* key) {
  std::uint64_t value = 0;
  EXPECT_EQ(e[key].get(value), simdjson::SUCCESS) << key;
  return value;
}
Result<Hash> hash(const simdjson::dom::element& e, const char* key) {
  std::string_view text;
  EXPECT_EQ(e[key].get(text), simdjson::SUCCESS) << key;
  return hash_of(text);
}

template <class Check>
void run_file(const char* file, Check check) {
  const char* folder = std::getenv("V100_VECTORS");
  if (folder == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: skipped " << file;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array cases;
  ASSERT_EQ(parser.load(std::string(folder) + "/merkle/" + file).get(cases), simdjson::SUCCESS);
  for (const simdjson::dom::element one : cases) {
    std::string_view top;
    if (one["root2"].get(top) == simdjson::SUCCESS && !hash_of(top)) {
      continue;  // a root that is no hash cannot be written as our type
    }
    Proof proof;
    const bool good = proof_of(proof, one) && check(one, proof).has_value();
    bool want_error = false;
    ASSERT_EQ(one["wantErr"].get(want_error), simdjson::SUCCESS);
    std::string_view name;
    ASSERT_EQ(one["file"].get(name), simdjson::SUCCESS);
    EXPECT_EQ(good, !want_error) << name;
  }
}

using simdjson::dom::element;

TEST(MerkleVectors, Inclusion) {
  run_file("inclusion.json", [](const element& e, const Proof& proof) -> Result<void> {
    return verify_inclusion<Sha256>(number(e, "leafIdx"), number(e, "treeSize"),
                                    TRY(hash(e, "leafHash")), proof, TRY(hash(e, "root")));
  });
}

TEST(MerkleVectors, Consistency) {
  run_file("consistency.json", [](const element& e, const Proof& proof) -> Result<void> {
    return verify_consistency<Sha256>(number(e, "size1"), number(e, "size2"), TRY(hash(e, "root1")),
                                      TRY(hash(e, "root2")), proof);
  });
}

TEST(MerkleVectors, SubtreeInclusion) {
  run_file("subtreeinclusion.json", [](const element& e, const Proof& proof) -> Result<void> {
    const Subtree subtree{number(e, "start"), number(e, "end")};
    const std::uint64_t index = number(e, "leafIdx");
    if (!subtree.valid() || index < subtree.start) {
      return fail(Errc::malformed, "no subtree");
    }
    return verify_inclusion<Sha256>(index - subtree.start, subtree.end - subtree.start,
                                    TRY(hash(e, "leafHash")), proof, TRY(hash(e, "root")));
  });
}

TEST(MerkleVectors, SubtreeConsistency) {
  run_file("subtreeconsistency.json", [](const element& e, const Proof& proof) -> Result<void> {
    return verify_subtree<Sha256>({number(e, "start"), number(e, "end")}, number(e, "size"),
                                  TRY(hash(e, "root1")), TRY(hash(e, "root2")), proof);
  });
}

}  // namespace
}  // namespace v100::merkle
