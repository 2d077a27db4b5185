// The rows of `v100 bench` for the match engine: ring, BFV, each stage of a match, verdicts.
#include <cstring>
#include <memory>

#include "he/bfv/serial.h"
#include "he/ring64/ring64.h"
#include "main/bench.h"
#include "main/bench_pipeline.h"
#include "svc/match/textbook.h"

namespace v100 {
namespace {

using match::Row;

void add_ring_rows(std::vector<BenchRow>& rows) {
  const char* kernel = he::ring64_kernel_name();
  // 47 bits: the size that needs no reduction in the forward transform; 50: the largest.
  constexpr std::uint64_t prime_47 = 140737488273409;   // 2^47 - 81919, 1 mod 8192
  constexpr std::uint64_t prime_50 = 1125899906826241;  // 2^50 - 16383, 1 mod 8192
  for (const auto& [q, name] : {std::pair(prime_47, "47"), std::pair(prime_50, "50")}) {
    Result<he::Ntt> made = he::Ntt::make(4096, q);
    CHECK(made.has_value());
    auto ntt = std::make_shared<he::Ntt>(std::move(*made));
    auto x = std::make_shared<he::Poly>(4096);
    auto y = std::make_shared<he::Poly>(4096);
    const std::string prefix = std::string("engine/ntt4096-") + name + "/";
    rows.push_back({prefix + "forward", kernel, 1, [ntt, x] { ntt->forward(*x); }});
    rows.push_back({prefix + "forward-loose", kernel, 1, [ntt, x, y] {
                      std::memcpy(y->data(), x->data(), 4096 * 8);  // its output may not go in
                      ntt->forward_loose(y->data());
                    }});
    rows.push_back({prefix + "inverse", kernel, 1, [ntt, x] { ntt->inverse(*x); }});
    rows.push_back({prefix + "multiply-add", kernel, 1, [ntt, x, y] {
                      ntt->multiply_add(x->data(), x->data(), y->data(), y->data());
                    }});
  }
}

// One tier's engine with all its parts, made when its first row runs.
struct Stage {
  explicit Stage(const he::bfv::Spec& spec)
      : world(1024, spec),
        packer(*world.params, world.random),
        masks(*world.params, world.public_key, world.random),
        matcher(*world.params),
        holder(*world.params, world.key),
        projector(*world.params, matcher, world.random),
        thresholds(matcher.slots(), match::score_of_cosine(0.4)) {
    for (std::size_t u = 0; u < matcher.slots(); ++u) {
      rows.push_back(&world.people[u]);
    }
    probes.resize(1);
    probes[0] = he::bfv::make_ciphertext(*world.params, 2);
    CHECK(packer.encrypt(probes[0], rows, world.public_key).has_value());
    all_masks.resize(1);
    masks.make(all_masks[0]);
    matcher.assemble(templates, rows);
    CHECK(packer.encrypt_templates(encrypted.emplace_back(), rows, world.public_key).has_value());
    masks.make_encrypted(pair_masks.emplace_back());
  }
  // So many probes, masks and encrypted templates that none is in a cache when its turn comes.
  void spread() {
    while (probes.size() < 256) {
      probes.push_back(probes[0].copy());
      match::Mask& mask = all_masks.emplace_back();
      mask.add1 = all_masks[0].add1.copy();
      mask.sums = he::Poly(all_masks[0].sums.size());
      encrypted.push_back({encrypted[0].t0.copy(), encrypted[0].t1.copy()});
      match::Mask& pair = pair_masks.emplace_back();
      pair.add1 = pair_masks[0].add1.copy();
      pair.add2 = pair_masks[0].add2.copy();
      pair.sums = he::Poly(pair_masks[0].sums.size());
    }
  }
  // Timing only: a mask that is used again is no mask.
  void match_with(std::size_t i, bool pair) {
    match::Mask& mask = pair ? pair_masks[i] : all_masks[i];
    mask.fresh = true;
    matcher.match(answer, probes[i], pair ? encrypted[i] : templates, std::move(mask));
  }
  EngineWorld world;
  match::Packer packer;
  match::MaskMaker masks;
  match::Matcher matcher;
  match::KeyHolder holder;
  match::Projector projector;
  std::vector<std::int32_t> thresholds;
  std::vector<const Row*> rows;
  std::vector<he::bfv::Ciphertext> probes;
  std::vector<match::Mask> all_masks;
  std::vector<match::Mask> pair_masks;
  std::vector<match::TemplateBatch> encrypted;
  match::TemplateBatch templates;
  match::Answer answer;
  std::vector<match::Answer> projected;
  std::vector<match::Mask> projection_masks;
  match::Packer::Zero zero;
  std::size_t turn = 0;
};

template <class T>
class Later {
 public:
  explicit Later(std::function<std::unique_ptr<T>()> make)
      : state_(std::make_shared<State>(State{std::move(make), nullptr})) {}
  T& operator*() const {
    if (state_->value == nullptr) {
      state_->value = state_->make();
    }
    return *state_->value;
  }

 private:
  struct State {
    std::function<std::unique_ptr<T>()> make;
    std::unique_ptr<T> value;
  };
  std::shared_ptr<State> state_;
};

// Adds rows of one tier, all on one Stage.
struct StageRows {
  std::vector<BenchRow>& rows;
  std::string tier;
  Later<Stage> stage;
  template <class Run>
  void operator()(const char* name, const char* kernel, Run run) const {
    rows.push_back({"engine/" + tier + "/" + name, kernel, 1, [at = stage, run] { run(*at); }});
  }
};

void add_part_rows(const StageRows& row) {
  const char* ring = he::ring64_kernel_name();
  row("encrypt-public-key", ring, [](Stage& s) {
    CHECK(s.packer.encrypt(s.probes[0], s.rows, s.world.public_key).has_value());
  });
  row("encrypt-symmetric", ring,
      [](Stage& s) { CHECK(s.packer.encrypt(s.probes[0], s.rows, s.world.key).has_value()); });
  row("encrypt-pooled", ring, [](Stage& s) {
    if (s.zero.c.parts.empty()) {
      s.packer.prepare(s.zero, s.world.key);
    }
    s.zero.fresh = true;  // timing only
    CHECK(s.packer.encrypt(s.probes[0], s.rows, std::move(s.zero)).has_value());
  });
  row("mask", ring, [](Stage& s) { s.masks.make(s.all_masks[0]); });
  row("mask-encrypted", ring, [](Stage& s) { s.masks.make_encrypted(s.pair_masks[0]); });
  row("assemble", match::kernel_name(), [](Stage& s) { s.matcher.assemble(s.templates, s.rows); });
  row("assemble-match-hot", ring, [](Stage& s) {
    s.matcher.assemble(s.templates, s.rows);
    s.match_with(0, false);
  });
  row("assemble-match-cold", ring, [](Stage& s) {
    s.spread();
    s.matcher.assemble(s.templates, s.rows);
    s.match_with(s.turn++ % s.probes.size(), false);
  });
  row("match-encrypted-hot", ring, [](Stage& s) { s.match_with(0, true); });
  row("match-encrypted-cold", ring, [](Stage& s) {
    s.spread();
    s.match_with(s.turn++ % s.probes.size(), true);
  });
  row("accept", ring, [](Stage& s) {
    s.match_with(0, false);
    s.holder.accept(s.answer, s.thresholds);
  });
}

void add_whole_rows(const StageRows& row) {
  const char* ring = he::ring64_kernel_name();
  row("projections-16", ring, [](Stage& s) {
    s.projected.resize(16);
    s.projection_masks.resize(16);
    for (match::Mask& mask : s.projection_masks) {
      s.masks.make(mask);
    }
    s.projector.project(s.projected, s.probes[0], s.projection_masks);
    for (const match::Answer& answer : s.projected) {
      s.holder.within(answer, match::projection_limit);
    }
  });
  row("symmetric-to-bits-pool-warm", ring, [](Stage& s) {
    if (s.zero.c.parts.empty()) {
      s.packer.prepare(s.zero, s.world.key);
    }
    s.zero.fresh = true;  // timing only
    CHECK(s.packer.encrypt(s.probes[0], s.rows, std::move(s.zero)).has_value());
    s.matcher.assemble(s.templates, s.rows);
    s.match_with(0, false);
    s.holder.accept(s.answer, s.thresholds);
  });
  row("symmetric-to-bits-masks-warm", ring, [](Stage& s) {
    CHECK(s.packer.encrypt(s.probes[0], s.rows, s.world.key).has_value());
    s.matcher.assemble(s.templates, s.rows);
    s.match_with(0, false);
    s.holder.accept(s.answer, s.thresholds);
  });
  row("public-key-to-bits", ring, [](Stage& s) {
    s.masks.make(s.all_masks[0]);
    CHECK(s.packer.encrypt(s.probes[0], s.rows, s.world.public_key).has_value());
    s.matcher.assemble(s.templates, s.rows);
    s.match_with(0, false);
    s.holder.accept(s.answer, s.thresholds);
  });
}

void add_stage_rows(std::vector<BenchRow>& rows, const std::string& tier, he::bfv::Spec (*spec)()) {
  const StageRows row{rows, tier, Later<Stage>([spec] { return std::make_unique<Stage>(spec()); })};
  add_part_rows(row);
  add_whole_rows(row);
}

void add_textbook_rows(std::vector<BenchRow>& rows) {
  struct Baseline {
    EngineWorld world{32, he::bfv::rotate_spec()};
    match::Textbook textbook{*world.params, world.key, world.noise, world.random};
    he::bfv::Ciphertext probe = he::bfv::make_ciphertext(*world.params, 2);
    he::bfv::RnsPoly prepared;
    Baseline() {
      std::vector<std::int32_t> plain(world.params->n());
      textbook.encode(plain, world.gallery);
      prepared = he::bfv::prepare_plain(*world.params, plain);
      he::bfv::Encryptor(*world.params, world.random).encrypt(probe, plain, world.key);
    }
  };
  const Later<Baseline> baseline([] { return std::make_unique<Baseline>(); });
  const char* ring = he::ring64_kernel_name();
  rows.push_back({"engine/textbook/multiply-7-rotations", ring, 1, [baseline] {
                    (*baseline).textbook.match((*baseline).probe, (*baseline).prepared);
                  }});
  rows.push_back({"engine/textbook/multiply-hoisted", ring, 1, [baseline] {
                    (*baseline).textbook.match_hoisted((*baseline).probe, (*baseline).prepared);
                  }});
}

void add_batch_rows(std::vector<BenchRow>& rows) {
  struct Attest {
    EngineWorld world{1};
    AttestStage stage{world};
    std::uint64_t batch = 0;
  };
  const Later<Attest> attest([] { return std::make_unique<Attest>(); });
  rows.push_back({"engine/attest/32-leaves-signed-verified", mldsa::kernel_name(), 1, [attest] {
                    Attest& a = *attest;
                    CHECK(a.stage.attest(a.batch++, 0x55555555, a.world.random));
                  }});
  rows.push_back({"engine/attest/poseidon2-tree", proof::kernel_name(), 1,
                  [attest] { (*attest).stage.poseidon(0x55555555, (*attest).world.random); }});
}

// A million verdicts and two threads' worth of room; look-ups in an order that the table does not
// have, their keys in the order of memory, as a caller has them.
void add_verdict_rows(std::vector<BenchRow>& rows) {
  static constexpr std::size_t run = 3200;
  struct Verdicts {
    HugeMemory memory{std::size_t{128} << 20};
    VerdictCache cache{memory.bytes(), ByteArray<32>{7}};
    std::vector<VerdictKey> keys{1'000'000};
    std::size_t at = 0;
    Verdicts() {
      io::SystemRandom random;
      for (VerdictKey& key : keys) {
        random.fill(key);
        cache.insert(key, {.expires_ms = 1000, .detail = 1}, 0);
      }
    }
    std::span<const VerdictKey> next() {
      at = (at * 5 + 370'001) % (keys.size() - run);
      return std::span(keys).subspan(at, run);
    }
  };
  const Later<Verdicts> verdicts([] { return std::make_unique<Verdicts>(); });
  rows.push_back({"cache/verdict/find-1M", "portable", run, [verdicts] {
                    std::size_t found = 0;
                    for (const VerdictKey& key : (*verdicts).next()) {
                      found += (*verdicts).cache.find(key, 0).has_value() ? 1 : 0;
                    }
                    CHECK(found > run * 99 / 100);
                  }});
  rows.push_back({"cache/verdict/find-batch-1M", "portable", run, [verdicts] {
                    std::size_t found = 0;
                    const std::span<const VerdictKey> keys = (*verdicts).next();
                    std::optional<CachedVerdict> out[32];
                    for (std::size_t i = 0; i < run; i += 32) {
                      (*verdicts).cache.find_batch(out, keys.subspan(i, 32), 0);
                      found += out[i % 32].has_value() ? 1 : 0;
                    }
                    CHECK(found > 90);
                  }});
}

}  // namespace

void add_engine_rows(std::vector<BenchRow>& rows) {
  add_ring_rows(rows);
  add_stage_rows(rows, "match", he::bfv::match_spec);
  add_stage_rows(rows, "match192", he::bfv::match192_spec);
  add_textbook_rows(rows);
  add_batch_rows(rows);
  add_verdict_rows(rows);
}

}  // namespace v100
