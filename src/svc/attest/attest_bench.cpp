// What attestation costs: a leaf on the hot path, and a batch of 32 in all its parts.
#include <benchmark/benchmark.h>

#include "io/world.h"
#include "merkle/intake.h"
#include "merkle/tiles.h"
#include "svc/attest/batch_record.h"
#include "svc/attest/log_keys.h"

namespace v100::attest {
namespace {

using merkle::Hash;
constexpr std::size_t width = 32;

const LogKeys& keys() {
  static const std::unique_ptr<LogKeys> out =
      LogKeys::make("log.example/v100/0", LogKeys::Secrets()).value();
  return *out;
}

void drain(merkle::Intake& intake) {
  intake.seal(intake.unsealed());
  intake.committed(intake.next());
}

void leaf_alone(benchmark::State& state) {
  io::SystemRandom random;
  merkle::Intake intake(0, 65536, random);
  intake.open(0);
  merkle::Leaf leaf;
  for (auto _ : state) {
    benchmark::DoNotOptimize(intake.append(leaf));
    if (intake.unsealed() == width) {
      drain(intake);
    }
  }
}

void leaf_of_sixteen(benchmark::State& state) {
  io::SystemRandom random;
  merkle::Intake intake(0, 65536, random);
  intake.open(0);
  const std::vector<merkle::Leaf> leaves(16);
  std::vector<merkle::Reference> references(16);
  for (auto _ : state) {
    benchmark::DoNotOptimize(intake.append(leaves, references));
    if (intake.unsealed() == width) {
      drain(intake);
    }
  }
  state.SetItemsProcessed(state.iterations() * 16);
}

// Both trees of a batch in a log of a million leaves.
struct Trees {
  std::vector<Hash> entries = std::vector<Hash>(width);
  merkle::GrowingTree tree;
  Trees() {
    for (std::uint32_t i = 0; i < 1'000'000 / width * width; ++i) {
      Hash hash{};
      store_be(hash.data(), i);
      tree.add(hash);
    }
    (void)tree.take_full();
  }
  merkle::BatchClaim grow() {
    for (const Hash& entry : entries) {
      tree.add(merkle::Sha256::leaf(entry));
    }
    (void)tree.take_full();
    return {1, tree.size() - width, merkle::root<merkle::Sha3>(entries)};
  }
  merkle::Checkpoint checkpoint() const { return {keys().name(), tree.size(), tree.root()}; }
};

void batch_trees(benchmark::State& state) {
  Trees trees;
  for (auto _ : state) {
    benchmark::DoNotOptimize(trees.grow());
    benchmark::DoNotOptimize(trees.tree.root());
  }
}

// Trees, ML-DSA-65 signature, its verification, the record.
void batch_attested(benchmark::State& state) {
  io::SystemRandom random;
  Trees trees;
  Buffer out;
  for (auto _ : state) {
    const merkle::BatchClaim claim = trees.grow();
    const merkle::Checkpoint checkpoint = trees.checkpoint();
    const Buffer signature =
        keys().sign_batch(merkle::batch_message(keys().name(), claim, checkpoint), random).value();
    BatchRecord record{claim, checkpoint.size, 0, checkpoint.root, {}};
    copy(record.signature, signature);
    out.clear();
    append_record(out, record);
    benchmark::DoNotOptimize(out.data());
  }
}

// A checkpoint's ML-DSA-44 cosignature, verified too.
void cosignature(benchmark::State& state) {
  io::SystemRandom random;
  const Trees trees;
  const merkle::Checkpoint c = trees.checkpoint();
  for (auto _ : state) {
    const Buffer message =
        merkle::cosigned_message({keys().name(), 1, c.origin, {0, c.size}, c.root});
    benchmark::DoNotOptimize(keys().cosign(message, random));
  }
}

BENCHMARK(leaf_alone)->Name("attest/leaf/single");
BENCHMARK(leaf_of_sixteen)->Name("attest/leaf/batch16");
BENCHMARK(batch_trees)->Name("attest/batch32/trees")->Unit(benchmark::kMicrosecond);
BENCHMARK(batch_attested)->Name("attest/batch32/all")->Unit(benchmark::kMicrosecond);
BENCHMARK(cosignature)->Name("attest/cosignature")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace v100::attest

BENCHMARK_MAIN();
