// The whole engine as one run: encrypt, match, decide, attest, keep the verdict, for 32 users a
// batch. Fixtures shared by the rows of `v100 bench` and by its report of the pipeline.
#pragma once

#include <memory>
#include <vector>

#include "base/verdict_cache.h"
#include "crypto/mldsa/mldsa.h"
#include "io/world.h"
#include "merkle/checkpoint.h"
#include "merkle/leaf.h"
#include "proof/proof.h"
#include "svc/match/engine.h"
#include "svc/match/projection.h"

namespace v100 {

// What all threads share: keys, a gallery of templates, the verdicts.
class EngineWorld {
 public:
  explicit EngineWorld(std::size_t gallery, const he::bfv::Spec& spec = he::bfv::match_spec());
  io::SystemRandom random;
  std::unique_ptr<he::bfv::Params> params;
  he::bfv::Noise noise;
  he::bfv::SecretKey key;
  he::bfv::PublicKey public_key;
  std::vector<match::Row> people;   // what templates and probes are drawn from
  std::vector<match::Row> gallery;  // person i % people.size()
  mldsa::PrivateKey<mldsa::Mldsa65> signing_key;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa65>> signer;
  std::unique_ptr<mldsa::PreparedVerifier<mldsa::Mldsa65>> verifier;
};

// Memory on a 2 MiB border, zeroed, with huge pages where the kernel gives them.
class HugeMemory {
 public:
  explicit HugeMemory(std::size_t bytes);
  ~HugeMemory();
  HugeMemory(const HugeMemory&) = delete;
  HugeMemory& operator=(const HugeMemory&) = delete;
  MutBytes bytes() const noexcept { return bytes_; }

 private:
  MutBytes bytes_;
};

// From a batch's decisions to a checked signature over them.
class AttestStage {
 public:
  explicit AttestStage(const EngineWorld& world);
  // 32 leaves, their SHA3 tree, one ML-DSA-65 signature over its root, verified. False: it failed.
  bool attest(std::uint64_t batch, std::uint64_t accepted, Random& random);
  // The Poseidon2 tree over the same leaves.
  void poseidon(std::uint64_t accepted, Random& random);
  const merkle::Hash& root() const noexcept { return root_; }
  const merkle::Hash& entry(std::size_t u) const noexcept { return entries_[u]; }

 private:
  const EngineWorld& world_;
  std::vector<merkle::LeafContent> contents_;
  std::vector<merkle::Hash> entries_;
  merkle::Hash root_{};
  std::vector<proof::Leaf> leaves_;
  std::vector<proof::Digest> digests_;
};

enum class PipelineMode { public_key, symmetric, symmetric_warm };

// One thread's share of the work.
class PipelineLane {
 public:
  PipelineLane(EngineWorld& world, VerdictCache& cache, std::uint64_t seed);

  static constexpr std::size_t stages = 7;
  static const char* const stage_names[stages];
  struct Times {
    double us[stages];  // mask, encrypt, match, decide, attest, Poseidon2 tree, verdict
  };
  // Picks 32 arbitrary users of the gallery, half of them honest. False: a decision was wrong.
  bool run(PipelineMode mode, Times& times);
  void fill_pools(std::size_t count);

 private:
  EngineWorld& world_;
  VerdictCache& cache_;
  io::SystemRandom random_;
  match::Packer packer_;
  match::MaskMaker masks_;
  match::Matcher matcher_;
  match::KeyHolder holder_;
  AttestStage attest_;
  std::vector<match::Mask> mask_pool_;
  std::vector<match::Packer::Zero> zero_pool_;
  std::size_t next_ = 0;
  match::Mask mask_;
  he::bfv::Ciphertext probe_;
  match::TemplateBatch templates_;
  match::Answer answer_;
  std::vector<const match::Row*> probes_;
  std::vector<const match::Row*> rows_;
  std::vector<std::int32_t> thresholds_;
  std::uint64_t state_;
  std::uint64_t batch_ = 0;
};

// `v100 bench engine`: throughput and latency of the pipeline, one and two threads. 0: all right.
int report_pipeline(bool json);

}  // namespace v100
