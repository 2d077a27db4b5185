// What a request costs at the gate, lane by lane: submit and flush together, prepared keys, a body
// of 1 KiB, 1,000 keys or one, in batches of 1 and 16. "…/bare" is the verification alone, so the
// difference is what the lane adds.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <map>
#include <memory>

#include "auth/sequence_window.h"
#include "auth/test_world.h"

namespace v100::auth {
namespace {

constexpr std::size_t rounds = 128;  // requests of a lone key; the gate is made anew after them

struct Load {
  explicit Load(std::size_t key_count) {
    for (std::size_t i = 0; i < key_count; ++i) {
      signers.push_back(make_signer(keys::Algorithm::mldsa65, 100 + i));
      directory.add(signers.back(), i);
    }
  }
  Sent blank() const {
    Sent sent;
    sent.body.assign(1024, 'x');
    sent.set("Accept", "application/json")
        .set("User-Agent", "bench")
        .set("X-Request-Id", "0123456789");
    return sent;
  }
  Sent make(Lane lane, std::size_t i) {
    Sent sent = blank();
    const Signer& signer = signers[i % signers.size()];
    const std::string nonce = "nonce-" + std::to_string(1'000'000 + i);
    if (lane == Lane::header) {
      const HeaderDraft draft =
          draft_header(signer, sent.view(), {.created = now, .expires = now + 60, .nonce = nonce})
              .value();
      sent.set("Content-Digest", draft.content_digest)
          .set("Signature-Input", draft.signature_input);
      sent.set("Signature", signature_field(draft, signer.sign(draft.base, nullptr).value()));
    } else if (lane == Lane::fast) {
      const FastDraft draft =
          draft_fast(signer, sent.view(), {.created = now, .expires = now + 60, .sequence = i + 1})
              .value();
      sent.body = fast_body(draft, sent.body, signer.sign(draft.structure, nullptr).value());
      sent.set("Content-Type", std::string(fast_content_type));
    }
    sent.view();
    return sent;
  }
  std::vector<Signer> signers;
  TestDirectory directory;
  TestRandom random{1};
  std::int64_t now = World::start + 100;
};

struct Count final : AnswerSink {
  void answered(const Answer& answer) override {
    good += answer.reason == Reason::ok ? 1 : 0;
    reason = answer.reason == Reason::ok ? reason : answer.reason;
  }
  std::size_t good = 0;
  Reason reason = Reason::ok;
};

// Times of single batches. On a machine with others the median and the least of many short runs say
// more than a mean; both are microseconds for one request.
class Times {
 public:
  explicit Times(std::size_t batch) : batch_(batch) {}
  template <class F>
  void run(F&& f) {
    const auto from = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - from;
    each_.push_back(took.count() / static_cast<double>(batch_));
  }
  void report(benchmark::State& state) {
    std::sort(each_.begin(), each_.end());
    state.counters["us_median"] = each_[each_.size() / 2];
    state.counters["us_p10"] = each_[each_.size() / 10];
    state.counters["us_min"] = each_[0];
  }

 private:
  std::size_t batch_;
  std::vector<double> each_;
};

// One lane's requests of so many keys, signed once for all shapes.
struct Signed {
  Signed(Lane l, std::size_t key_count) : lane(l), load(key_count) {
    warm = lane == Lane::session ? 0 : key_count * 2;
    total = std::max(key_count * 2, rounds);
    for (std::size_t i = 0; i < total + warm; ++i) {
      sent.push_back(load.make(lane, i));
    }
  }
  static Signed& of(Lane lane, std::size_t key_count) {
    static std::map<std::pair<Lane, std::size_t>, std::unique_ptr<Signed>> all;
    std::unique_ptr<Signed>& one = all[{lane, key_count}];
    if (one == nullptr) {
      one = std::make_unique<Signed>(lane, key_count);
    }
    return *one;
  }
  // A gate that has seen nothing, warmed up with two requests a key; new sessions.
  std::unique_ptr<Gate> begin(Count& count) {
    sessions = std::make_unique<Sessions>(SessionsOptions{}, load.random);
    std::vector<ClientSession> clients;
    for (std::size_t i = 0; lane == Lane::session && i < load.signers.size(); ++i) {
      const KeyId& id = load.signers[i].id();
      clients.push_back(ClientSession::begin(Keys::get().kem.public_key(), load.random));
      const auto opened =
          sessions->open(Keys::get().kem, clients.back().ciphertext(), id, {}, wall);
      clients.back().opened(opened->id, id, {});
    }
    views.clear();
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (lane == Lane::session) {
        sent[i].set("Authorization",
                    clients[i % clients.size()].authorize(sent[i].view(), load.now));
      }
      views.push_back(sent[i].view());
    }
    GateOptions options;
    options.nonces = 2 * sent.size();
    auto gate = std::make_unique<Gate>(options, load.directory, sessions.get(), load.random,
                                       WallTime(World::start * 1000));
    for (std::size_t i = 0; i < warm; ++i) {
      gate->submit(views[i], {}, wall, i);
      if (i % 64 == 63 || i + 1 == warm) {
        gate->flush(wall, count);
      }
    }
    return gate;
  }
  Lane lane;
  Load load;
  std::size_t warm, total;
  std::vector<Sent> sent;
  std::vector<RequestView> views;
  std::unique_ptr<Sessions> sessions;
  const WallTime wall{(World::start + 100) * 1000};
};

void run(benchmark::State& state, Lane lane) {
  const std::size_t batch = static_cast<std::size_t>(state.range(0));
  Signed& all = Signed::of(lane, static_cast<std::size_t>(state.range(1)));
  Times times(batch);
  for (auto _ : state) {
    Count count;
    const std::unique_ptr<Gate> gate = all.begin(count);
    std::size_t at = all.warm;
    while (at + batch <= all.views.size()) {
      times.run([&] {
        for (std::size_t i = 0; i < batch; ++i, ++at) {
          gate->submit(all.views[at], {}, all.wall, at);
        }
        gate->flush(all.wall, count);
      });
    }
    if (count.good != at) {
      state.SkipWithError(info(count.reason).name);
    }
  }
  times.report(state);
}

// verify_batch alone, over messages as long as a base.
void run_bare(benchmark::State& state) {
  const std::size_t batch = static_cast<std::size_t>(state.range(0));
  const std::size_t key_count = static_cast<std::size_t>(state.range(1));
  using P = mldsa::Mldsa65;
  const Load load(key_count);
  const Buffer message(420, 'm');
  std::vector<std::unique_ptr<mldsa::PreparedVerifier<P>>> prepared;
  std::vector<Buffer> signatures;
  for (const Signer& signer : load.signers) {
    prepared.push_back(std::make_unique<mldsa::PreparedVerifier<P>>(
        *mldsa::PublicKey<P>::parse(signer.public_key().bytes)));
    signatures.push_back(signer.sign(message, nullptr).value());
  }
  std::size_t at = 0;
  std::vector<mldsa::VerifyItem<P>> items(batch);
  std::vector<mldsa::Verdict> verdicts(batch);
  Times times(batch);
  for (auto _ : state) {
    for (mldsa::VerifyItem<P>& item : items) {
      item = {.prepared = prepared[at % key_count].get(),
              .message = message,
              .signature = signatures[at % key_count]};
      ++at;
    }
    times.run([&] { mldsa::verify_batch<P>(items, verdicts); });
    if (verdicts[0] != mldsa::Verdict::valid) {
      state.SkipWithError("not valid");
      break;
    }
  }
  times.report(state);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({1, 1})->Args({16, 1})->Args({64, 1})->Args({1, 1000})->Args({16, 1000});
}

}  // namespace

BENCHMARK(run_bare)->Name("bare")->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, header, Lane::header)->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, fast, Lane::fast)->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, session, Lane::session)->Apply(shapes)->Unit(benchmark::kMicrosecond);

}  // namespace v100::auth

BENCHMARK_MAIN();
