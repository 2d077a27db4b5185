// Broken if this fails: what was acknowledged is lost, or the log forks, after a crash.
#include "svc/attest/log.h"

#include <gtest/gtest.h>

#include "svc/attest/memory_files.h"
#include "testing/world.h"

namespace v100::attest {
namespace {

using merkle::Leaf;
using merkle::Reference;
using merkle::VerifiedReceipt;
using testing_world::World;

LogKeys::Secrets secrets_of(std::uint8_t seed) {
  LogKeys::Secrets out;
  std::ranges::fill(out.fill(), seed);
  return out;
}

const LogKeys& keys() {
  static const std::unique_ptr<LogKeys> out =
      LogKeys::make("log.example/v100/0", secrets_of(7)).value();
  return *out;
}

Leaf some_leaf(std::uint64_t n) {
  Leaf leaf;
  leaf.lane = merkle::Lane::fast;
  leaf.time = WallTime(static_cast<std::int64_t>(n));
  store_be(leaf.request.data(), n);
  return leaf;
}

// A log on its machine: what dies with the process is rebuilt by start().
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : world_(seed), random(seed * 31 + 5) { start(); }

  Result<void> try_start() {
    log_.reset();
    intake_ = std::make_unique<merkle::Intake>(std::uint16_t{0}, std::size_t{4096}, world_.random);
    Result<std::unique_ptr<Log>> log = Log::open(options, keys(), env(), files, *intake_);
    if (!log) {
      return std::unexpected(log.error());
    }
    log_ = std::move(*log);
    return {};
  }
  void start() {
    const Result<void> started = try_start();
    ASSERT_TRUE(started.has_value()) << started.error().what;
  }
  Env env() { return {clock, world_.random, world_.bus, world_.store, world_.log, world_.meter}; }

  Result<Reference> append() {
    const Result<Reference> reference = intake_->append(some_leaf(next_++));
    if (reference) {
      intake_->when_committed(reference->sequence, [this, r = *reference](Result<void> result) {
        if (result) {
          acknowledged.push_back(r);
        }
      });
    }
    return reference;
  }
  void step(std::int64_t ms = 10) {
    clock.advance(Duration::milliseconds(ms));
    log_->work(clock.now());
  }
  void settle() {
    for (int i = 0; i < 300 && (files.turn() || !log_->flush(clock.now())); ++i) {
      clock.advance(Duration::milliseconds(10));
    }
  }
  void kill() {
    files.crash(random);
    intake_.reset();  // waiters hear an error: they were not acknowledged
    log_.reset();
  }
  VerifiedReceipt receipt(const Reference& reference) {
    const Result<std::string> text = log_->receipt(reference);
    EXPECT_TRUE(text.has_value()) << text.error().what << " for " << reference.sequence << " of "
                                  << log_->committed_size();
    return merkle::verify_receipt(text.value(), keys().vkeys()).value();
  }
  // Everything that was ever acknowledged is where it was, and provable.
  void check_acknowledged(std::size_t every) {
    for (std::size_t i = 0; i < acknowledged.size();
         i += i + 40 < acknowledged.size() ? every : 1) {
      const VerifiedReceipt read = receipt(acknowledged[i]);
      ASSERT_EQ(read.entry, acknowledged[i].entry);
      ASSERT_EQ(read.index, acknowledged[i].sequence);
      ASSERT_TRUE(read.batch);
      note_root(read.opened.checkpoint);
    }
  }
  // Two roots of one size are a fork.
  void note_root(const merkle::Checkpoint& checkpoint) {
    const auto [known, fresh] = roots.emplace(checkpoint.size, checkpoint.root);
    ASSERT_EQ(known->second, checkpoint.root) << "a fork at " << checkpoint.size;
  }
  // All roots ever seen are of one history.
  void check_history() {
    merkle::TileTree tree(log_->published_size(), [this](const merkle::TileId& id) {
      const Result<Buffer> part = files.read_public(merkle::tile_path(id));
      return part ? part : files.read_public(merkle::tile_path({id.level, id.index, 256}));
    });
    for (const auto& [size, root] : roots) {
      if (size <= tree.size()) {
        ASSERT_EQ(tree.range(0, size).value(), root) << size;
      }
    }
  }
  Log& log() { return *log_; }
  merkle::Intake& intake() { return *intake_; }
  std::uint64_t count(const char* name) { return world_.meter[name]; }

  LogOptions options;
  struct JumpingClock final : Clock {
    testing_world::VirtualClock base;
    std::int64_t jump_ms = 0;
    Instant now() override { return base.now(); }
    WallTime wall() override { return WallTime(base.wall().value() + jump_ms); }
    void advance(Duration by) { base.advance(by); }
  } clock;
  MemoryFiles files;
  std::vector<Reference> acknowledged;
  std::map<std::uint64_t, merkle::Hash> roots;

 private:
  World world_;
  std::unique_ptr<merkle::Intake> intake_;
  std::unique_ptr<Log> log_;
  std::uint64_t next_ = 1;

 public:
  testing_world::SeededRandom random;
};

TEST(AttestLog, PromisesTurnIntoProofs) {
  Machine m(1);
  std::vector<Reference> references;
  for (int i = 0; i < 700; ++i) {
    references.push_back(m.append().value());
    if (i % 50 == 0) {
      m.step();
      m.files.turn();
    }
  }
  EXPECT_EQ(m.log().receipt(references.back()).error().code, Errc::not_found) << "not durable yet";
  EXPECT_TRUE(m.log().opens(references.back()));
  m.settle();
  EXPECT_EQ(m.acknowledged.size(), 700u);
  EXPECT_EQ(m.log().published_size(), 700u);
  m.check_acknowledged(7);
  m.check_history();
  Reference stranger = references[3];
  stranger.salt[0] ^= 1;
  EXPECT_EQ(m.log().receipt(stranger).error().code, Errc::not_found);
  EXPECT_FALSE(m.log().opens(stranger));
  const Buffer note = m.log().public_file("checkpoint").value();
  const auto opened = merkle::open_checkpoint(as_text(note), keys().vkeys()).value();
  EXPECT_EQ(opened.checkpoint.size, 700u);
  EXPECT_EQ(opened.lines.size(), 2u);
  for (const char* path : {"tile/0/000", "tile/entries/001", "tile/0/002.p/188", "tile/1/000.p/2",
                           "daily/2025-06-15", "keys"}) {
    EXPECT_TRUE(m.log().public_file(path).has_value()) << path;
  }
  const auto daily =
      merkle::open_checkpoint(as_text(*m.log().public_file("daily/2025-06-15")), keys().vkeys());
  EXPECT_NE(daily->line_of(merkle::SignatureType::slhdsa_daily), nullptr);
  for (const char* path : {"../leaves", "leaves", "daily/../../etc", "tile/0/003", ""}) {
    EXPECT_FALSE(m.log().public_file(path).has_value()) << path;
  }
}

TEST(AttestLog, ALoneLeafWaitsTenMillisecondsAFullBatchNone) {
  Machine m(2);
  (void)m.append();
  m.log().work(m.clock.now());
  EXPECT_EQ(m.intake().unsealed(), 1u);
  m.step(9);
  EXPECT_EQ(m.intake().unsealed(), 1u);
  m.step(1);
  EXPECT_EQ(m.intake().unsealed(), 0u);
  for (int i = 0; i < 31 + 32 + 5; ++i) {
    (void)m.append();
  }
  m.step(0);
  EXPECT_EQ(m.intake().unsealed(), 5u) << "31 finish the first batch, 32 are one";
  m.settle();
  EXPECT_EQ(m.receipt(m.acknowledged[0]).opened.checkpoint.size, 1u);
  EXPECT_EQ(m.receipt(m.acknowledged[20]).opened.checkpoint.size, 32u);
  EXPECT_EQ(m.receipt(m.acknowledged[68]).opened.checkpoint.size, 69u);
}

TEST(AttestLog, SixHundredPowerCutsLoseNothingAcknowledgedAndForkNothing) {
  Machine m(3);
  m.options.publish_every = Duration::milliseconds(30);
  for (int round = 0; round < 600; ++round) {
    const std::uint64_t steps = m.random.below(8);
    for (std::uint64_t s = 0; s < steps; ++s) {
      for (std::uint64_t i = m.random.below(m.random.one_in(5) ? 90 : 12); i > 0; --i) {
        (void)m.append();
      }
      m.step(static_cast<std::int64_t>(m.random.below(20)));
      for (std::uint64_t t = m.random.below(3); t > 0; --t) {
        m.files.turn();
      }
    }
    if (m.random.one_in(4) && !m.acknowledged.empty()) {
      m.note_root(m.receipt(m.acknowledged.back()).opened.checkpoint);
    }
    m.kill();
    m.start();
    if (testing::Test::HasFatalFailure()) {
      FAIL() << "round " << round;
    }
    ASSERT_TRUE(m.acknowledged.empty() ||
                m.log().committed_size() > m.acknowledged.back().sequence);
    if (round % 20 == 0) {
      m.check_acknowledged(97);
    }
  }
  m.settle();
  m.check_acknowledged(11);
  m.check_history();
  EXPECT_GT(m.acknowledged.size(), 3000u);
  EXPECT_GT(m.count("v100_attest_torn_tails_total"), 50u);
}

TEST(AttestLog, AFullDiskIsWaitedOutAndNothingIsLost) {
  Machine m(4);
  for (int i = 0; i < 40; ++i) {
    (void)m.append();
  }
  m.files.full = true;
  m.step();
  m.files.turn();
  EXPECT_TRUE(m.log().failing());
  EXPECT_EQ(m.append().error().code, Errc::unavailable);
  for (int i = 0; i < 50; ++i) {
    m.step(100);
    m.files.turn();
  }
  EXPECT_TRUE(m.acknowledged.empty());
  EXPECT_GT(m.count("v100_attest_write_failures_total"), 5u);
  m.files.full = false;
  m.settle();
  EXPECT_EQ(m.acknowledged.size(), 40u);
  EXPECT_TRUE(m.append().has_value()) << "it takes leaves again by itself";
  m.settle();
  m.check_acknowledged(1);
  m.kill();
  m.start();
  m.check_acknowledged(1);
}

TEST(AttestLog, ClockJumpsDoNotBendItsTime) {
  Machine m(5);
  std::uint64_t last = 0;
  for (const std::int64_t jump : {0LL, 86'400'000LL, -3'600'000LL, -86'400'000LL * 400, 0LL}) {
    m.clock.jump_ms = jump;
    (void)m.append();
    m.settle();
    const std::uint64_t time = m.receipt(m.acknowledged.back())
                                   .opened.line_of(merkle::SignatureType::mldsa65_batch)
                                   ->time_ms;
    EXPECT_GE(time, last);
    last = time;
  }
  EXPECT_GT(m.count("v100_attest_clock_back_total"), 0u);
  EXPECT_TRUE(m.files.files.contains("daily/2025-06-16")) << "a day later, a daily root";
}

TEST(AttestLog, DamageIsRefusedNotPapered) {
  Machine m(6);
  for (int i = 0; i < 300; ++i) {
    (void)m.append();
  }
  m.settle();
  (void)m.append();
  m.step();
  m.files.turn();  // committed, not published
  m.options.publish_every = Duration::seconds(3600);
  for (int i = 0; i < 100; ++i) {
    (void)m.append();
    m.step();
    m.files.turn();
  }
  const std::map<std::string, Buffer> files = m.files.files;
  const Buffer leaves = m.files.streams[0], batches = m.files.streams[1];
  const auto restore = [&] {
    m.files.files = files;
    m.files.streams[0] = leaves;
    m.files.streams[1] = batches;
  };
  const auto refused = [&](auto damage) {
    restore();
    damage(m.files);
    const Result<void> started = m.try_start();
    return !started && started.error().code == Errc::malformed;
  };
  EXPECT_FALSE(refused([](MemoryFiles&) {}));
  EXPECT_TRUE(refused([](MemoryFiles& f) { f.streams[0].resize(100 * 132); })) << "leaves gone";
  EXPECT_TRUE(refused([](MemoryFiles& f) { f.streams[1].resize(2 * BatchRecord::size); }));
  EXPECT_TRUE(refused([](MemoryFiles& f) { f.streams[0][305 * 132] ^= 1; }))
      << "an acknowledged leaf that later batches rest on";
  EXPECT_TRUE(refused([](MemoryFiles& f) {
    for (auto& [path, content] : f.files) {
      content[0] ^= static_cast<std::uint8_t>(path.starts_with("tile/0/001") ? 1 : 0);
    }
  }));
  EXPECT_TRUE(refused([](MemoryFiles& f) { f.files["checkpoint"][40] ^= 1; }));
  restore();
  m.start();
  m.check_acknowledged(10);
}

}  // namespace
}  // namespace v100::attest
