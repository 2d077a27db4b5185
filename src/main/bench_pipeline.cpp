#include "main/bench_pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/core.h>
#include <sys/mman.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <thread>

namespace v100 {
namespace {

using Clocks = std::chrono::steady_clock;
constexpr std::size_t users = 32;
constexpr double threshold_cosine = 0.40;

double since_us(Clocks::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clocks::now() - begin).count();
}

match::Row random_row(Random& random) {
  std::array<float, match::dimensions> v;
  for (float& x : v) {  // a sum of eight uniform bytes is Gaussian enough for a direction
    ByteArray<8> bytes;
    random.fill(bytes);
    int sum = 0;
    for (const std::uint8_t b : bytes) {
      sum += b;
    }
    x = static_cast<float>(sum) - 1020.0F;
  }
  return match::quantise(v).value();
}

std::vector<match::Row> random_people(std::size_t count, Random& random) {
  std::vector<match::Row> out;
  const std::int32_t limit = match::score_of_cosine(threshold_cosine);
  while (out.size() < count) {
    const match::Row row = random_row(random);
    // Neighbours are the pipeline's impostors: none of them may match by chance.
    if (out.empty() || match::inner_product(out.back(), row) < limit) {
      out.push_back(row);
    }
  }
  return out;
}

}  // namespace

EngineWorld::EngineWorld(std::size_t size, const he::bfv::Spec& spec)
    : params(he::bfv::Params::make(spec).value()),
      noise(params->n(), random),
      key(he::bfv::SecretKey::generate(*params, noise)),
      public_key(he::bfv::PublicKey::generate(*params, key, noise, random)),
      people(random_people(1024, random)),
      signing_key(mldsa::PrivateKey<mldsa::Mldsa65>::generate(random)),
      signer(std::make_unique<mldsa::PreparedSigner<mldsa::Mldsa65>>(signing_key)),
      verifier(
          std::make_unique<mldsa::PreparedVerifier<mldsa::Mldsa65>>(signing_key.public_key())) {
  gallery.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    gallery.push_back(people[i % people.size()]);
  }
}

HugeMemory::HugeMemory(std::size_t bytes) {
  void* p =
      mmap(nullptr, bytes + (2u << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(p != MAP_FAILED);
  bytes_ = {static_cast<std::uint8_t*>(p), bytes + (2u << 20)};
  madvise(p, bytes_.size(), MADV_HUGEPAGE);
  const std::size_t skip = (2u << 20) - reinterpret_cast<std::uintptr_t>(p) % (2u << 20);
  bytes_ = bytes_.subspan(skip % (2u << 20), bytes);
}

HugeMemory::~HugeMemory() {
  // The border in front is at most 2 MiB and goes with the process.
  munmap(bytes_.data() - reinterpret_cast<std::uintptr_t>(bytes_.data()) % 4096, bytes_.size());
}

AttestStage::AttestStage(const EngineWorld& world)
    : world_(world), contents_(users), entries_(users), leaves_(users), digests_(users) {
  for (std::size_t u = 0; u < users; ++u) {
    proof::OwnerKey key;
    key.fill()[0] = static_cast<std::uint8_t>(u);
    leaves_[u].owner = proof::owner_tag(key);
  }
}

bool AttestStage::attest(std::uint64_t batch, std::uint64_t accepted, Random& random) {
  // What each leaf says: which slot of which batch was asked, and the answer.
  std::array<ByteArray<32>, users> asked;
  std::array<ByteArray<1>, users> answered;
  std::array<merkle::Hash, 2 * users> hashes;
  std::vector<FixedMutBytes<32>> outs;
  std::vector<Bytes> messages;
  for (std::size_t u = 0; u < users; ++u) {
    store_be(asked[u].data(), batch);
    store_be(asked[u].data() + 8, u);
    answered[u][0] = static_cast<std::uint8_t>(accepted >> u & 1);
    outs.insert(outs.end(),
                {FixedMutBytes<32>(hashes[2 * u]), FixedMutBytes<32>(hashes[2 * u + 1])});
    messages.insert(messages.end(), {Bytes(asked[u]), Bytes(answered[u])});
  }
  keccak::sha3_256_batch(outs, messages);
  std::array<merkle::Salt, users> salts;
  random.fill({salts[0].data(), sizeof salts});
  for (std::size_t u = 0; u < users; ++u) {
    merkle::encode_leaf(contents_[u],
                        {.kind = merkle::LeafKind::record,
                         .lane = merkle::Lane::internal,
                         .time = WallTime(1'750'000'000'000),
                         .request = hashes[2 * u],
                         .answer = hashes[2 * u + 1]},
                        salts[u]);
  }
  merkle::entries_of(entries_, contents_);
  root_ = merkle::root<merkle::Sha3>(entries_);
  const Buffer message =
      merkle::batch_message("bench", {1'750'000'000'000, batch * users, root_},
                            {.origin = "bench", .size = (batch + 1) * users, .root = root_});
  const auto signature = world_.signer->sign(message, {}, mldsa::Hedge::fresh(random));
  return signature.has_value() && world_.verifier->verify(message, {}, *signature).has_value();
}

void AttestStage::poseidon(std::uint64_t accepted, Random& random) {
  std::array<ByteArray<20>, users> salts;
  random.fill({salts[0].data(), sizeof salts});
  for (std::size_t u = 0; u < users; ++u) {
    leaves_[u].attested = entries_[u];
    leaves_[u].salt = salts[u];
    leaves_[u].accept = (accepted >> u & 1) != 0;
    leaves_[u].level = 2;
  }
  CHECK(proof::hash_leaves(digests_, leaves_).has_value());
  CHECK(proof::Tree::make(digests_, 5).has_value());
}

const char* const PipelineLane::stage_names[stages] = {
    "mask (re-randomiser, 72-bit flooding)",
    "encrypt 32 probes",
    "match: assemble 32 arbitrary users, multiply, mask",
    "key holder: accept bits",
    "attest: 32 leaves, SHA3 tree, ML-DSA-65 signed and verified",
    "Poseidon2 tree over the same leaves",
    "verdicts: 32 inserted, 32 looked up"};

PipelineLane::PipelineLane(EngineWorld& world, VerdictCache& cache, std::uint64_t seed)
    : world_(world),
      cache_(cache),
      packer_(*world.params, random_),
      masks_(*world.params, world.public_key, random_),
      matcher_(*world.params),
      holder_(*world.params, world.key),
      attest_(world),
      probe_(he::bfv::make_ciphertext(*world.params, 2)),
      probes_(users),
      rows_(users),
      thresholds_(users, match::score_of_cosine(threshold_cosine)),
      state_(seed) {}

void PipelineLane::fill_pools(std::size_t count) {
  mask_pool_.resize(count);
  zero_pool_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    masks_.make(mask_pool_[i]);
    packer_.prepare(zero_pool_[i], world_.key);
  }
  next_ = 0;
}

bool PipelineLane::run(PipelineMode mode, Times& times) {
  for (std::size_t u = 0; u < users; ++u) {  // splitmix64
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    const std::size_t user = (x ^ (x >> 31)) % world_.gallery.size();
    const std::size_t person = user % world_.people.size();
    rows_[u] = &world_.gallery[user];
    // Even slots come as themselves, odd ones as the person before.
    const std::size_t shown =
        u % 2 == 0 ? person : (person + world_.people.size() - 1) % world_.people.size();
    probes_[u] = person == 0 && u % 2 != 0 ? &world_.people[1] : &world_.people[shown];
  }
  const bool warm = mode == PipelineMode::symmetric_warm;
  Clocks::time_point begin = Clocks::now();
  const auto lap = [&](std::size_t stage) {
    const Clocks::time_point now = Clocks::now();
    times.us[stage] = std::chrono::duration<double, std::micro>(now - begin).count();
    begin = now;
  };
  if (!warm) {
    masks_.make(mask_);
  }
  lap(0);
  Result<void> encrypted =
      mode == PipelineMode::public_key ? packer_.encrypt(probe_, probes_, world_.public_key)
      : warm ? packer_.encrypt(probe_, probes_, std::move(zero_pool_[next_ % zero_pool_.size()]))
             : packer_.encrypt(probe_, probes_, world_.key);
  lap(1);
  matcher_.assemble(templates_, rows_);
  matcher_.match(answer_, probe_, templates_,
                 warm ? std::move(mask_pool_[next_ % mask_pool_.size()]) : std::move(mask_));
  next_ += warm ? 1 : 0;
  lap(2);
  const std::uint64_t accepted = holder_.accept(answer_, thresholds_);
  lap(3);
  const bool attested = attest_.attest(batch_, accepted, random_);
  lap(4);
  attest_.poseidon(accepted, random_);
  lap(5);
  std::array<VerdictKey, users> keys;
  for (std::size_t u = 0; u < users; ++u) {
    keys[u] = attest_.entry(u);
    cache_.insert(keys[u], {.expires_ms = 1000, .detail = accepted >> u & 1}, 0);
  }
  std::optional<CachedVerdict> verdicts[users];
  cache_.find_batch(verdicts, keys, 0);
  lap(6);
  ++batch_;
  return encrypted.has_value() && attested && accepted == 0x55555555u;
}

namespace {

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

double quantile(std::vector<double>& values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

struct Run {
  PipelineMode mode;
  const char* name;
  const char* words;
};
constexpr Run pipelines[] = {
    {PipelineMode::public_key, "public-key", "public key, masks made on the same cores"},
    {PipelineMode::symmetric, "symmetric", "symmetric, masks made on the same cores"},
    {PipelineMode::symmetric_warm, "symmetric-warm", "symmetric, pools of zeros and masks warm"},
};
constexpr std::size_t batches = 4000;
constexpr std::size_t pool = 512;

struct Lane {
  std::unique_ptr<PipelineLane> lane;
  std::vector<PipelineLane::Times> times;
  bool right = true;
};

struct Totals {
  std::size_t batches = 0;
  double wall_us = 0;
  double cpu_us = 0;
};

using Lanes = tbb::enumerable_thread_specific<Lane>;

// Prints what the lanes measured; false: a decision or an attestation was wrong.
bool print_pipeline(const Run& run, int threads, Lanes& lanes, const Totals& totals, bool json) {
  std::vector<double> whole;
  std::vector<std::vector<double>> stages(PipelineLane::stages);
  bool right = true;
  for (Lane& lane : lanes) {
    right = right && lane.right;
    for (const PipelineLane::Times& times : lane.times) {
      double sum = 0;
      for (std::size_t s = 0; s < PipelineLane::stages; ++s) {
        stages[s].push_back(times.us[s]);
        sum += times.us[s];
      }
      whole.push_back(sum);
    }
  }
  const double done = static_cast<double>(totals.batches * users);
  const double p50 = quantile(whole, 0.5);
  const double p99 = quantile(whole, 0.99);
  if (json) {
    fmt::print(
        "{{\"name\":\"engine/pipeline/{}\",\"threads\":{},\"batches\":{},\"users_per_s\":{:.0f},"
        "\"users_per_cpu_s\":{:.0f},\"us_a_user\":{:.3f},\"batch_p50_us\":{:.2f},"
        "\"batch_p99_us\":{:.2f},\"right\":{}}}\n",
        run.name, threads, totals.batches, done / totals.wall_us * 1e6, done / totals.cpu_us * 1e6,
        totals.cpu_us / done, p50, p99, right);
    std::fflush(stdout);
    return right;
  }
  fmt::print("\n{}, {} thread{}: {} batches of 32\n", run.words, threads, threads == 1 ? "" : "s",
             totals.batches);
  for (std::size_t s = 0; s < PipelineLane::stages; ++s) {
    fmt::print("  {:<62} p50 {:8.2f} us  p99 {:8.2f}\n", PipelineLane::stage_names[s],
               quantile(stages[s], 0.5), quantile(stages[s], 0.99));
  }
  fmt::print("  {:<62} p50 {:8.2f} us  p99 {:8.2f}\n", "a batch, latency", p50, p99);
  fmt::print(
      "  {:.0f} authentications/s by the wall clock, {:.0f} a second of processor time"
      " ({:.2f} us a user); {}\n",
      done / totals.wall_us * 1e6, done / totals.cpu_us * 1e6, totals.cpu_us / done,
      right ? "all decisions right, all signatures verified" : "WRONG DECISIONS");
  std::fflush(stdout);
  return right;
}

bool run_pipeline(EngineWorld& world, VerdictCache& cache, const Run& run, int threads, bool json) {
  std::atomic<std::uint64_t> seed{1};
  tbb::task_arena arena(threads);
  const bool warm = run.mode == PipelineMode::symmetric_warm;
  Totals totals;
  totals.batches = warm ? pool : batches;
  Lanes lanes([&] {
    Lane lane;
    lane.lane = std::make_unique<PipelineLane>(world, cache, seed.fetch_add(1));
    if (warm) {  // a thread may get all batches: its pool holds as many
      lane.lane->fill_pools(totals.batches);
    }
    lane.times.reserve(totals.batches);
    return lane;
  });
  arena.execute([&] {
    // Every thread makes its lane before the clock starts.
    std::atomic<int> here{0};
    tbb::parallel_for(
        0, threads,
        [&](int) {
          lanes.local();
          here.fetch_add(1);
          while (here.load() < threads) {
            std::this_thread::yield();
          }
        },
        tbb::static_partitioner());
    const double cpu_begin = cpu_us();
    const Clocks::time_point begin = Clocks::now();
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, totals.batches, 1),
                      [&](const tbb::blocked_range<std::size_t>& range) {
                        Lane& mine = lanes.local();
                        for (std::size_t i = range.begin(); i != range.end(); ++i) {
                          PipelineLane::Times times{};
                          mine.right = mine.lane->run(run.mode, times) && mine.right;
                          mine.times.push_back(times);
                        }
                      });
    totals.wall_us = since_us(begin);
    totals.cpu_us = cpu_us() - cpu_begin;
  });
  return print_pipeline(run, threads, lanes, totals, json);
}

}  // namespace

int report_pipeline(bool json) {
  constexpr std::size_t gallery = 1 << 20;  // 128 MiB of templates: every row is cold
  EngineWorld world(gallery);
  const HugeMemory memory(std::size_t{128} << 20);
  ByteArray<32> secret;
  world.random.fill(secret);
  VerdictCache cache(memory.bytes(), secret);
  if (!json) {
    fmt::print(
        "\nPipeline over a gallery of {} templates ({} MiB), kernels: ring {}, slots {}, noise {}."
        " Latencies are wall time, other work on the machine included.\n",
        gallery, gallery * sizeof(match::Row) >> 20, he::ring64_kernel_name(), match::kernel_name(),
        he::bfv::noise_kernel_name());
  }
  bool right = true;
  for (const int threads : {1, 2}) {
    for (const Run& run : pipelines) {
      right = run_pipeline(world, cache, run, threads, json) && right;
    }
  }
  return right ? 0 : 1;
}

}  // namespace v100
