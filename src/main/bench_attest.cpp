// The rows of `v100 bench` for attestation: a leaf on the hot path, a batch of 32 and its parts.
#include <memory>

#include "crypto/mldsa/mldsa.h"
#include "io/world.h"
#include "main/bench.h"
#include "merkle/intake.h"
#include "merkle/tiles.h"
#include "svc/attest/batch_record.h"
#include "svc/attest/log_keys.h"

namespace v100 {
namespace {

constexpr std::size_t width = 32;

// A log with half a million leaves, so that roots have their usual depth.
struct Fixture {
  io::SystemRandom random;
  std::unique_ptr<attest::LogKeys> keys =
      attest::LogKeys::make("log.example/v100/0", attest::LogKeys::Secrets()).value();
  merkle::Intake intake{0, 65536, random};
  std::vector<merkle::Leaf> leaves = std::vector<merkle::Leaf>(width);
  std::vector<merkle::Reference> references = std::vector<merkle::Reference>(width);
  std::vector<merkle::Hash> entries = std::vector<merkle::Hash>(width);
  merkle::GrowingTree tree;
  Buffer record;

  Fixture() {
    intake.open(0);
    for (std::uint32_t i = 0; i < (1u << 19) - width; ++i) {
      merkle::Hash hash{};
      store_be(hash.data(), i);
      tree.add(hash);
    }
    (void)tree.take_full();
  }
  void drain() {
    intake.seal(intake.unsealed());
    intake.committed(intake.next());
  }
  merkle::BatchClaim grow() {
    for (const merkle::Hash& entry : entries) {
      tree.add(merkle::Sha256::leaf(entry));
    }
    (void)tree.take_full();
    return {1, tree.size() - width, merkle::root<merkle::Sha3>(entries)};
  }
  merkle::Checkpoint checkpoint() const { return {keys->name(), tree.size(), tree.root()}; }
  void attest() {
    const merkle::BatchClaim claim = grow();
    const merkle::Checkpoint c = checkpoint();
    const Buffer signature =
        keys->sign_batch(merkle::batch_message(keys->name(), claim, c), random).value();
    attest::BatchRecord out{claim, c.size, 0, c.root, {}};
    copy(out.signature, signature);
    record.clear();
    attest::append_record(record, out);
  }
};

}  // namespace

void add_attest_rows(std::vector<BenchRow>& rows) {
  const auto f = std::make_shared<Fixture>();
  const char* kernel = mldsa::kernel_name();
  rows.push_back({"attest/leaf/single", kernel, width, [f] {
                    for (const merkle::Leaf& leaf : f->leaves) {
                      (void)f->intake.append(leaf);
                    }
                    f->drain();
                  }});
  rows.push_back({"attest/leaf/batch", kernel, width, [f] {
                    (void)f->intake.append(f->leaves, f->references);
                    f->drain();
                  }});
  rows.push_back({"attest/batch32/trees", kernel, 1, [f] {
                    (void)f->grow();
                    (void)f->checkpoint();
                  }});
  rows.push_back({"attest/batch32/signed-verified", kernel, 1, [f] { f->attest(); }});
  rows.push_back({"attest/batch32/cosignature", kernel, 1, [f] {
                    const merkle::Checkpoint c = f->checkpoint();
                    (void)f->keys->cosign(merkle::cosigned_message(
                                              {f->keys->name(), 1, c.origin, {0, c.size}, c.root}),
                                          f->random);
                  }});
}

}  // namespace v100
