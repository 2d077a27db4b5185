// What a request costs at the gate, lane by lane: submit and flush together, prepared keys, a body
// of 1 KiB, 1,000 keys or one, in batches of 1 and 16. "…/bare" is the verification alone, so the
// difference is what the lane adds.
#include <benchmark/benchmark.h>
#include <cstdio>
#include <memory>

#include "auth/sequence_window.h"
#include "auth/test_world.h"

namespace v100::auth {
namespace {

constexpr std::size_t rounds = 64;  // distinct requests of a key; the gate is made anew after them

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

// Answers all requests in batches; a gate of its own each time, warmed up with two requests a key.
void run(benchmark::State& state, Lane lane) {
  const std::size_t batch = static_cast<std::size_t>(state.range(0));
  const std::size_t key_count = static_cast<std::size_t>(state.range(1));
  Load load(key_count);
  const std::size_t total = std::max<std::size_t>(key_count, rounds) * 4;
  const std::size_t warm = lane == Lane::session ? 0 : key_count * 2;
  std::vector<Sent> sent;
  std::vector<RequestView> views;
  for (std::size_t i = 0; i < total + warm; ++i) {
    sent.push_back(load.make(lane, i));
  }
  Sessions sessions({}, load.random);
  std::vector<std::vector<std::pair<std::string, std::string>>> originals;
  GateOptions options;
  options.nonces = 100'000;
  Count count;
  const WallTime wall(load.now * 1000);
  for (auto _ : state) {
    state.PauseTiming();
    auto gate = std::make_unique<Gate>(options, load.directory, &sessions, load.random,
                                       WallTime(World::start * 1000));
    if (lane == Lane::session) {
      std::vector<ClientSession> clients;
      for (const Signer& signer : load.signers) {
        clients.push_back(ClientSession::begin(Keys::get().kem.public_key(), load.random));
        const auto opened =
            sessions.open(Keys::get().kem, clients.back().ciphertext(), signer.id(), {}, wall);
        clients.back().opened(opened->id, signer.id(), {});
      }
      for (std::size_t i = 0; i < sent.size(); ++i) {
        sent[i].set("Authorization",
                    clients[i % clients.size()].authorize(sent[i].view(), load.now));
      }
    }
    views.clear();
    for (Sent& one : sent) {
      views.push_back(one.view());
    }
    count.good = 0;
    std::size_t at = 0;
    for (; at < warm; ++at) {
      gate->submit(views[at], {}, wall, at);
      if (at % 64 == 63 || at + 1 == warm) {
        gate->flush(wall, count);
      }
    }
    state.ResumeTiming();
    while (at < sent.size()) {
      for (std::size_t i = 0; i < batch && at < sent.size(); ++i, ++at) {
        gate->submit(views[at], {}, wall, at);
      }
      gate->flush(wall, count);
    }
    state.PauseTiming();
    if (count.good != sent.size()) {
      state.SkipWithError(info(count.reason).name);
      break;
    }
    state.ResumeTiming();
  }
  state.counters["us_each"] = benchmark::Counter(
      static_cast<double>(total) / 1e6,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
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
  for (auto _ : state) {
    for (mldsa::VerifyItem<P>& item : items) {
      item = {.prepared = prepared[at % key_count].get(),
              .message = message,
              .signature = signatures[at % key_count]};
      ++at;
    }
    mldsa::verify_batch<P>(items, verdicts);
    if (verdicts[0] != mldsa::Verdict::valid) {
      state.SkipWithError("not valid");
      break;
    }
  }
  state.counters["us_each"] = benchmark::Counter(
      static_cast<double>(batch) / 1e6,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({1, 1})->Args({16, 1})->Args({1, 1000})->Args({16, 1000})->Args({64, 1000});
}

}  // namespace

BENCHMARK(run_bare)->Name("bare")->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, header, Lane::header)->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, fast, Lane::fast)->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run, session, Lane::session)->Apply(shapes)->Unit(benchmark::kMicrosecond);

}  // namespace v100::auth

BENCHMARK_MAIN();
