// The rows of `v100 bench` for membership proofs.
#include <fmt/format.h>
#include <memory>
#include <vector>

#include "main/bench.h"
#include "proof/proof.h"

namespace v100 {
namespace {

constexpr std::size_t leaves = 32;
constexpr std::size_t batch = 16;

class Counter final : public Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(++count_);
    }
  }

 private:
  std::uint64_t count_ = 0;
};

// A batch of 32 leaves under a tree of depth 20, one of them ours.
struct ProofFixture {
  explicit ProofFixture(proof::Preset preset) : prover(preset) {
    random.fill(key.fill());
    std::vector<proof::Leaf> all(leaves);
    for (proof::Leaf& leaf : all) {
      leaf.owner = proof::owner_tag(key);
      leaf.accept = true;
      leaf.level = 3;
    }
    digests.resize(leaves);
    CHECK(proof::hash_leaves(digests, all).has_value());
    const Result<proof::Tree> tree = proof::Tree::make(digests, proof::depth_max);
    CHECK(tree.has_value());
    path = tree->path(5);
    statement = {.root = tree->root(),
                 .depth = proof::depth_max,
                 .level_min = 2,
                 .context = as_bytes("v100 bench"),
                 .pseudonym = proof::pseudonym(key, as_bytes("v100 bench"))};
    bytes = make();
    claims.assign(batch, {statement, bytes});
    table = std::move(all);
  }
  Buffer make() {
    Result<Buffer> made = prover.prove(
        statement, {.key = key, .attested = {}, .salt = {}, .level = 3, .index = 5, .path = path},
        random);
    CHECK(made.has_value());
    return std::move(*made);
  }
  Counter random;
  proof::OwnerKey key;
  proof::Prover prover;
  std::vector<proof::Leaf> table;
  std::vector<proof::Digest> digests;
  proof::Path path;
  proof::Statement statement;
  Buffer bytes;
  std::vector<proof::Claim> claims;
};

void add_preset(std::vector<BenchRow>& rows, proof::Preset preset, const char* name) {
  const auto f = std::make_shared<ProofFixture>(preset);
  const std::string prefix = fmt::format("proof/{}-{}B/", name, f->bytes.size());
  const char* kernel = proof::kernel_name();
  rows.push_back({prefix + "prove", kernel, 1, [f] { (void)f->make(); }});
  rows.push_back({prefix + "verify", kernel, 1,
                  [f] { CHECK(proof::verify(f->statement, f->bytes).has_value()); }});
  rows.push_back({prefix + "verify-batch", kernel, batch, [f] {
                    for (const Result<void>& result : proof::verify_batch(f->claims)) {
                      CHECK(result.has_value());
                    }
                  }});
}

}  // namespace

void add_proof_rows(std::vector<BenchRow>& rows) {
  add_preset(rows, proof::Preset::bits100, "depth20-100");
  add_preset(rows, proof::Preset::bits128, "depth20-128");
  const auto f = std::make_shared<ProofFixture>(proof::Preset::bits100);
  // Hashing 32 leaves and their tree, for the batch: what attestation pays on top.
  rows.push_back({"proof/poseidon2/tree-of-32", proof::kernel_name(), 1, [f] {
                    CHECK(proof::hash_leaves(f->digests, f->table).has_value());
                    CHECK(proof::Tree::make(f->digests, 5).has_value());
                  }});
}

}  // namespace v100
