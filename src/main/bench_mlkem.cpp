// The rows of `v100 bench` for ML-KEM: single calls with raw and prepared keys, and batches.
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/hybrid/xwing_native.h"
#include "crypto/mlkem/mlkem.h"
#include "main/bench.h"

namespace v100 {
namespace {

constexpr std::size_t batch = 32;

// Everything the rows of one parameter set work on. Raw rows start from bytes: their checks are in
// the time.
template <class P>
struct Fixture {
  Fixture()
      : pair(mlkem::KeyPair<P>::from_seed(seed)),
        to(pair.ek),
        with(pair.dk),
        seeds(batch),
        ms(batch),
        pairs(batch),
        sent(batch),
        secrets(batch) {
    for (std::size_t i = 0; i < batch; ++i) {
      seeds[i].fill()[0] = static_cast<std::uint8_t>(i);
    }
    mlkem::keygen_batch<P>(pairs, seeds);
    for (std::size_t i = 0; i < batch; ++i) {
      sent[i] = mlkem::encapsulate_internal(pairs[i]->ek, ms[i]);
      raw_to.push_back(pairs[i]->ek);
      prepared_to.push_back(to);
      raw_received.push_back({pairs[i]->dk, sent[i].ciphertext});
      prepared_received.push_back({with, sent[i].ciphertext});
    }
  }
  mlkem::Seed seed;
  mlkem::Message m;
  mlkem::KeyPair<P> pair;
  mlkem::PreparedEncapsulator<P> to;
  mlkem::PreparedDecapsulator<P> with;
  std::vector<mlkem::Seed> seeds;
  std::vector<mlkem::Message> ms;
  std::vector<std::optional<mlkem::KeyPair<P>>> pairs;
  std::vector<mlkem::Encapsulated<P>> sent;
  std::vector<mlkem::SharedSecret> secrets;
  std::vector<mlkem::Recipient<P>> raw_to;
  std::vector<mlkem::Recipient<P>> prepared_to;
  std::vector<mlkem::Received<P>> raw_received;
  std::vector<mlkem::Received<P>> prepared_received;
  std::vector<mlkem::Encapsulated<P>> out = std::vector<mlkem::Encapsulated<P>>(batch);
};

template <class P>
void add_rows(std::vector<BenchRow>& rows, const std::string& name) {
  const auto f = std::make_shared<Fixture<P>>();
  const auto add = [&](const char* operation, std::size_t count, std::function<void()> run) {
    rows.push_back(
        {fmt::format("{}/{}", name, operation), mlkem::kernel_name(), count, std::move(run)});
  };
  add("keygen", 1, [f] { (void)mlkem::KeyPair<P>::from_seed(f->seed); });
  add("keygen/batch", batch, [f] { mlkem::keygen_batch<P>(f->pairs, f->seeds); });
  add("encaps/raw", 1, [f] {
    const auto ek = mlkem::EncapsulationKey<P>::parse(f->pair.ek.bytes());
    f->out[0] = mlkem::encapsulate_internal(*ek, f->m);
  });
  add("prepare/encapsulator", 1,
      [f] { const mlkem::PreparedEncapsulator<P> prepared(f->pair.ek); });
  add("encaps/prepared", 1, [f] { f->out[0] = f->to.encapsulate_internal(f->m); });
  add("encaps/raw-batch", batch,
      [f] { mlkem::encapsulate_batch_internal<P>(f->out, f->raw_to, f->ms); });
  add("encaps/prepared-batch", batch,
      [f] { mlkem::encapsulate_batch_internal<P>(f->out, f->prepared_to, f->ms); });
  add("decaps/raw", 1,
      [f] { (void)mlkem::decapsulate_raw<P>(f->pair.dk.expose(), f->sent[0].ciphertext); });
  add("prepare/decapsulator", 1,
      [f] { const mlkem::PreparedDecapsulator<P> prepared(f->pair.dk); });
  add("decaps/prepared", 1, [f] { (void)f->with.decapsulate(f->sent[0].ciphertext); });
  add("decaps/raw-batch", batch, [f] { mlkem::decapsulate_batch<P>(f->secrets, f->raw_received); });
  add("decaps/prepared-batch", batch,
      [f] { mlkem::decapsulate_batch<P>(f->secrets, f->prepared_received); });
}

void add_xwing_rows(std::vector<BenchRow>& rows) {
  const xwing::Seed seed;
  const auto key = std::make_shared<xwing::PrivateKey>(seed);
  const auto sent = std::make_shared<xwing::Encapsulated>(
      xwing::encapsulate_internal(key->public_key(), xwing::EncapsulationSeed()));
  const char* kernel = mlkem::kernel_name();
  rows.push_back({"x-wing/keygen", kernel, 1, [] { const xwing::PrivateKey one{xwing::Seed()}; }});
  rows.push_back({"x-wing/encaps", kernel, 1, [key] {
                    (void)xwing::encapsulate_internal(key->public_key(),
                                                      xwing::EncapsulationSeed());
                  }});
  rows.push_back(
      {"x-wing/decaps", kernel, 1, [key, sent] { (void)key->decapsulate(sent->ciphertext); }});
}

}  // namespace

void add_mlkem_rows(std::vector<BenchRow>& rows) {
  add_rows<mlkem::Mlkem512>(rows, "mlkem512");
  add_rows<mlkem::Mlkem768>(rows, "mlkem768");
  add_rows<mlkem::Mlkem1024>(rows, "mlkem1024");
  add_xwing_rows(rows);
}

}  // namespace v100
