// Large batches over threads: ML-DSA-65 on one processor, two, four, up to all, in time on the
// clock.
#include "crypto/mldsa/mldsa.h"
#include "main/bench.h"
#include "parallel/parallel.h"

namespace v100 {
namespace {

using P = mldsa::Mldsa65;
constexpr std::size_t batch = 512;

struct Work {
  explicit Work(unsigned threads)
      : pool(threads),
        key(mldsa::PrivateKey<P>::from_seed(mldsa::Seed())),
        verifier(key.public_key()),
        signer(key),
        hedge(mldsa::Hedge::deterministic()),
        messages(batch),
        signatures(batch),
        to_sign(batch),
        to_verify(batch),
        verdicts(batch) {
    for (std::size_t i = 0; i < batch; ++i) {
      store_le(messages[i].data(), std::uint64_t{i});
      to_sign[i] = {
          .signer = &signer, .message = messages[i], .hedge = &hedge, .out = signatures[i]};
      to_verify[i] = {.prepared = &verifier, .message = messages[i], .signature = signatures[i]};
    }
    parallel::sign_batch<P>(pool, to_sign, verdicts);
  }

  parallel::Pool pool;
  mldsa::PrivateKey<P> key;
  mldsa::PreparedVerifier<P> verifier;
  mldsa::PreparedSigner<P> signer;
  mldsa::Hedge hedge;
  std::vector<ByteArray<16>> messages;
  std::vector<ByteArray<P::signature_bytes>> signatures;
  std::vector<mldsa::SignItem<P>> to_sign;
  std::vector<mldsa::VerifyItem<P>> to_verify;
  std::vector<mldsa::Verdict> verdicts;
};

}  // namespace

void add_parallel_rows(std::vector<BenchRow>& rows) {
  const unsigned all = parallel::Pool(0).threads();
  for (unsigned threads = 1; threads <= all;
       threads = threads == all ? all + 1 : std::min(all, 2 * threads)) {
    auto work = std::make_shared<Work>(threads);
    const std::string name = "/" + std::to_string(threads) + "-threads";
    const char* kernel = mldsa::kernel_name();
    rows.push_back({"parallel/mldsa65/verify" + name, kernel, batch,
                    [work] {
                      parallel::verify_batch<P>(work->pool, work->to_verify, work->verdicts);
                      CHECK(work->verdicts[batch - 1] == mldsa::Verdict::valid);
                    },
                    true});
    rows.push_back({"parallel/mldsa65/sign" + name, kernel, batch,
                    [work] {
                      parallel::sign_batch<P>(work->pool, work->to_sign, work->verdicts);
                      CHECK(work->verdicts[batch - 1] == mldsa::Verdict::valid);
                    },
                    true});
  }
}

}  // namespace v100
