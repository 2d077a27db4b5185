// Does an operation take longer for some secrets than for others? After dudect (Reparaz, Balasch,
// Verbauwhede 2017): two classes of secrets, calls in random order, Welch's t on the times below
// several percentiles. For what valgrind cannot run; the kernel is the one that V100_KERNEL says.
//
// A busy machine must not fail it: an operation leaks only if three measurements, each with fresh
// secrets, all exceed the bound, and all in one direction. Cases named leak-… must be caught.
// Usage: ct_timing [FILTER]
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <time.h>
#include <vector>

#include "base/cpu.h"
#include "crypto/falcon/falcon.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace {

using namespace v100;

constexpr double t_bound = 10;          // dudect calls 4.5 suspicious and 10 certain
constexpr int measurements = 3;         // that must agree
constexpr double seconds = 0.8;         // of processor time, a measurement
constexpr std::size_t samples = 40000;  // at most

class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) {
    ByteArray<8> bytes;
    store_le(bytes.data(), seed);
    hash_.absorb(bytes);
  }
  void fill(MutBytes out) override { hash_.squeeze(out); }
  template <std::size_t N>
  ByteArray<N> bytes() {
    ByteArray<N> out;
    fill(out);
    return out;
  }

 private:
  keccak::Shake256 hash_;
};

std::uint64_t now() {
#if defined(__x86_64__)
  unsigned core = 0;
  _mm_lfence();
  const std::uint64_t cycles = __rdtscp(&core);
  _mm_lfence();
  return cycles;
#else
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1000000000u + static_cast<std::uint64_t>(t.tv_nsec);
#endif
}
double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// One operation with its two classes of secrets. prepare() is not timed: it lays the next input of
// a class where both classes have theirs, so that no address tells them apart.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual void prepare(int which) = 0;
  virtual void run() = 0;
};
using Make = std::function<std::unique_ptr<Subject>(std::uint64_t seed)>;

struct Sample {
  double time;
  int which;
};

double welch(const std::vector<Sample>& sorted, std::size_t count) {
  double n[2] = {}, mean[2] = {}, squares[2] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const int w = sorted[i].which;
    n[w] += 1;
    const double d = sorted[i].time - mean[w];
    mean[w] += d / n[w];
    squares[w] += d * (sorted[i].time - mean[w]);
  }
  if (n[0] < 50 || n[1] < 50) {
    return 0;
  }
  const double variance = squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1];
  return variance > 0 ? (mean[0] - mean[1]) / std::sqrt(variance) : 0;
}

// The t of greatest size over the percentiles, and over how the classes share the fastest half.
double measure(Subject& subject, TestRandom& random) {
  std::vector<Sample> all;
  all.reserve(samples);
  const double end = cpu_seconds() + seconds;
  ByteArray<64> order;
  for (std::size_t i = 0; i < samples && cpu_seconds() < end; ++i) {
    if (i % 512 == 0) {
      random.fill(order);
    }
    const int which = order[i / 8 % 64] >> (i % 8) & 1;
    subject.prepare(which);
    const std::uint64_t begin = now();
    subject.run();
    all.push_back({static_cast<double>(now() - begin), which});
  }
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 20));  // warming up
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.time < b.time; });
  double worst = 0;
  for (const double part : {0.25, 0.5, 0.75, 0.9, 0.97}) {
    const double t = welch(all, static_cast<std::size_t>(part * static_cast<double>(all.size())));
    worst = std::abs(t) > std::abs(worst) ? t : worst;
  }
  double first_half[2] = {}, whole[2] = {};
  for (std::size_t i = 0; i < all.size(); ++i) {
    first_half[all[i].which] += i < all.size() / 2 ? 1 : 0;
    whole[all[i].which] += 1;
  }
  const double total = whole[0] + whole[1];
  const double expected = first_half[0] + first_half[1];
  const double deviation = std::sqrt(expected * whole[0] * whole[1] / total / total / 2);
  const double z = (expected * whole[0] / total - first_half[0]) / deviation;
  return std::abs(z) > std::abs(worst) ? z : worst;
}

// ---- ML-KEM

template <class P>
class KemKeygen final : public Subject {  // seeds of few ones and of many
 public:
  explicit KemKeygen(std::uint64_t seed) : random_(seed) {}
  void prepare(int which) override {
    auto a = random_.bytes<64>();
    const auto b = random_.bytes<64>();
    for (std::size_t i = 0; i < 64; ++i) {
      a[i] = which != 0 ? a[i] | b[i] : a[i] & b[i];
    }
    copy(seed_.fill(), a);
  }
  void run() override { pair_.emplace(mlkem::KeyPair<P>::from_seed(seed_)); }

 private:
  TestRandom random_;
  mlkem::Seed seed_;
  std::optional<mlkem::KeyPair<P>> pair_;
};

template <class P>
class KemEncaps final : public Subject {  // one message and random ones
 public:
  explicit KemEncaps(std::uint64_t seed)
      : random_(seed), to_(mlkem::KeyPair<P>::generate(random_).ek), fixed_(random_.bytes<32>()) {}
  void prepare(int which) override {
    const auto fresh = random_.bytes<32>();
    copy(m_.fill(), which != 0 ? fresh : fixed_);
  }
  void run() override { sent_ = to_.encapsulate_internal(m_); }

 private:
  TestRandom random_;
  mlkem::PreparedEncapsulator<P> to_;
  ByteArray<32> fixed_;
  mlkem::Message m_;
  mlkem::Encapsulated<P> sent_;
};

// Good ciphertexts and bad ones; with `leaks`, a decapsulation that hashes once more after a bad
// one.
template <class P, bool leaks = false>
class KemDecaps final : public Subject {
 public:
  explicit KemDecaps(std::uint64_t seed)
      : random_(seed), pair_(mlkem::KeyPair<P>::generate(random_)), with_(pair_.dk) {}
  void prepare(int which) override {
    ciphertext_ = mlkem::encapsulate(pair_.ek, random_).ciphertext;
    const auto at = random_.bytes<2>();
    ciphertext_.fill()[load_le<std::uint16_t>(at.data()) % P::ct_bytes] ^= which != 0 ? 1 : 0;
    bad_ = which != 0;
  }
  void run() override {
    secret_ = with_.decapsulate(ciphertext_);
    if (leaks && bad_) {
      keccak::shake256(secret_.fill(), {ciphertext_.bytes().template first<32>()});
    }
  }

 private:
  TestRandom random_;
  mlkem::KeyPair<P> pair_;
  mlkem::PreparedDecapsulator<P> with_;
  mlkem::Ciphertext<P> ciphertext_;
  mlkem::SharedSecret secret_;
  bool bad_ = false;
};

// ---- ML-DSA

template <class P>
class DsaKeygen final : public Subject {
 public:
  explicit DsaKeygen(std::uint64_t seed) : random_(seed) {}
  void prepare(int which) override {
    auto a = random_.bytes<32>();
    const auto b = random_.bytes<32>();
    for (std::size_t i = 0; i < 32; ++i) {
      a[i] = which != 0 ? a[i] | b[i] : a[i] & b[i];
    }
    copy(seed_.fill(), a);
  }
  void run() override { key_.emplace(mldsa::PrivateKey<P>::from_seed(seed_)); }

 private:
  TestRandom random_;
  mldsa::Seed seed_;
  std::optional<mldsa::PrivateKey<P>> key_;
};

// One key and random ones, each four times: how much memory is touched must not tell them apart.
// Which places are whose is drawn anew for each measurement. Messages are fresh, and so is how
// often an attempt is rejected, which may show.
template <class Signer, class MakeSigner>
class Signers {
 public:
  Signers(TestRandom& random, MakeSigner make) {
    const auto fixed = random.bytes<32>();
    std::array<int, 8> place = {0, 1, 2, 3, 4, 5, 6, 7};
    const auto draw = random.bytes<8>();
    for (std::size_t i = 7; i > 0; --i) {
      std::swap(place[i], place[draw[i] % (i + 1)]);
    }
    std::array<std::unique_ptr<Signer>, 8> made;
    for (int i = 0; i < 8; ++i) {
      const int at = place[static_cast<std::size_t>(i)];
      made[static_cast<std::size_t>(i)] = make(at < 4 ? fixed : random.bytes<32>());
    }
    for (std::size_t i = 0; i < 8; ++i) {
      of_class[place[i] / 4].push_back(std::move(made[i]));
    }
  }
  const Signer& next(int which, std::uint8_t draw) const { return *of_class[which][draw % 4]; }

 private:
  std::vector<std::unique_ptr<Signer>> of_class[2];
};

template <class P>
std::unique_ptr<mldsa::PreparedSigner<P>> make_mldsa(FixedBytes<32> seed) {
  return std::make_unique<mldsa::PreparedSigner<P>>(
      mldsa::PrivateKey<P>::from_seed(mldsa::Seed(seed)));
}
template <class P>
class DsaSign final : public Subject {
 public:
  explicit DsaSign(std::uint64_t seed) : random_(seed), signers_(random_, make_mldsa<P>) {}
  void prepare(int which) override {
    random_.fill(message_);
    signer_ = &signers_.next(which, message_[0]);
    hedge_.emplace(mldsa::Hedge::from(random_.bytes<32>()));
  }
  void run() override { good_ = signer_->sign(message_, {}, *hedge_).has_value(); }

 private:
  TestRandom random_;
  Signers<mldsa::PreparedSigner<P>, decltype(&make_mldsa<P>)> signers_;
  const mldsa::PreparedSigner<P>* signer_ = nullptr;
  ByteArray<32> message_{};
  std::optional<mldsa::Hedge> hedge_;
  bool good_ = false;
};

// ---- Falcon

template <class P>
std::unique_ptr<falcon::PreparedSigner<P>> make_falcon(FixedBytes<32> seed) {
  falcon::Seed own;
  keccak::shake256(own.fill(), {seed});
  return std::make_unique<falcon::PreparedSigner<P>>(falcon::PrivateKey<P>::from_seed(own));
}
template <class P>
class FalconSign final : public Subject {
 public:
  explicit FalconSign(std::uint64_t seed) : random_(seed), signers_(random_, make_falcon<P>) {}
  void prepare(int which) override {
    random_.fill(message_);
    signer_ = &signers_.next(which, message_[0]);
  }
  void run() override {
    good_ = signer_->sign(message_, falcon::Encoding::padded, random_).has_value();
  }

 private:
  TestRandom random_;
  Signers<falcon::PreparedSigner<P>, decltype(&make_falcon<P>)> signers_;
  const falcon::PreparedSigner<P>* signer_ = nullptr;
  ByteArray<32> message_{};
  bool good_ = false;
};

// ---- A leak on purpose: the first difference ends the comparison.
class LeakCompare final : public Subject {
 public:
  explicit LeakCompare(std::uint64_t seed) : random_(seed), secret_(random_.bytes<256>()) {}
  void prepare(int which) override {
    guess_ = secret_;
    if (which != 0) {
      random_.fill(guess_);
    }
  }
  void run() override {
    same_ = true;
    for (std::size_t i = 0; i < 256 && same_; ++i) {
      same_ = secret_[i] == guess_[i];
      __asm__ volatile("" ::: "memory");
    }
  }

 private:
  TestRandom random_;
  ByteArray<256> secret_;
  ByteArray<256> guess_{};
  bool same_ = false;
};

template <class T>
std::unique_ptr<Subject> make(std::uint64_t seed) {
  return std::make_unique<T>(seed);
}
struct Case {
  const char* name;
  std::unique_ptr<Subject> (*make)(std::uint64_t seed);
};
const Case cases[] = {
    {"leak-compare", make<LeakCompare>},
    {"leak-decaps", make<KemDecaps<mlkem::Mlkem768, true>>},
    {"mlkem768-keygen", make<KemKeygen<mlkem::Mlkem768>>},
    {"mlkem768-encaps", make<KemEncaps<mlkem::Mlkem768>>},
    {"mlkem768-decaps", make<KemDecaps<mlkem::Mlkem768>>},
    {"mlkem1024-decaps", make<KemDecaps<mlkem::Mlkem1024>>},
    {"mldsa65-keygen", make<DsaKeygen<mldsa::Mldsa65>>},
    {"mldsa44-sign", make<DsaSign<mldsa::Mldsa44>>},
    {"mldsa65-sign", make<DsaSign<mldsa::Mldsa65>>},
    {"falcon512-sign", make<FalconSign<falcon::Falcon512>>},
};

// Whether all measurements agree that the classes differ.
bool differs(const Case& one, double (&t)[measurements], int& done) {
  for (done = 0; done < measurements; ++done) {
    timespec seed;
    clock_gettime(CLOCK_REALTIME, &seed);
    TestRandom random(static_cast<std::uint64_t>(seed.tv_nsec) + 1);
    const auto subject = one.make(static_cast<std::uint64_t>(seed.tv_nsec));
    t[done] = measure(*subject, random);
    const bool other_way = done > 0 && t[done] * t[0] < 0;
    if (std::abs(t[done]) < t_bound || other_way) {
      ++done;
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int failed = 0, passed = 0;
  std::printf("timing on %s: |t| of %g in %d of %d measurements is a leak\n", name(cpu_isa()),
              t_bound, measurements, measurements);
  for (const Case& one : cases) {
    if (argc > 1 && std::strstr(one.name, argv[1]) == nullptr) {
      continue;
    }
    double t[measurements] = {};
    int done = 0;
    const bool leaks = differs(one, t, done);
    const bool planted = std::string_view(one.name).starts_with("leak-");
    std::printf("%s %s:", leaks == planted ? "ok   " : "FAIL ", one.name);
    for (int i = 0; i < done; ++i) {
      std::printf(" t = %.1f", t[i]);
    }
    std::printf("%s\n", leaks ? ", leaks" : "");
    (leaks == planted ? passed : failed) += 1;
  }
  std::printf("timing: %d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
