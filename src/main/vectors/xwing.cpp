// X-Wing vectors of draft-connolly-cfrg-xwing-kem: an array of seed, eseed, pk, ct, ss.
#include <fmt/format.h>

#include "crypto/hybrid/xwing_native.h"
#include "main/vectors/json.h"

namespace v100::vectors {
namespace {

Result<Verdict> run_case(const Json& test) {
  const Buffer seed = TRY(hex(test, "seed"));
  const Buffer eseed = TRY(hex(test, has(test, "eseed") ? "eseed" : "randomness"));
  if (seed.size() != xwing::Seed::size || eseed.size() != xwing::EncapsulationSeed::size) {
    return fail(Errc::malformed, "x-wing: a seed has the wrong length");
  }
  const xwing::PrivateKey key(xwing::Seed(Bytes(seed).first<32>()));
  const Buffer pk = TRY(hex(test, has(test, "pk") ? "pk" : "encapsulation_key"));
  const Buffer ct = TRY(hex(test, has(test, "ct") ? "ct" : "ciphertext"));
  const Buffer ss = TRY(hex(test, has(test, "ss") ? "ss" : "shared_secret"));
  const auto parsed = TRY(xwing::PublicKey::parse(pk));
  const auto sent =
      xwing::encapsulate_internal(parsed, xwing::EncapsulationSeed(Bytes(eseed).first<64>()));
  const auto back = key.decapsulate(TRY(xwing::Ciphertext::parse(ct)));
  return pass_if(same(key.public_key().bytes(), pk) && same(sent.ciphertext.bytes(), ct) &&
                 same(sent.secret.expose(), ss) && same(back.expose(), ss));
}

}  // namespace

Result<void> run_xwing(const Json& root, Tally& tally) {
  simdjson::dom::array tests;
  if (root.get(tests) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "x-wing: not an array of cases");
  }
  std::size_t index = 0;
  for (const Json test : tests) {
    tally.add(fmt::format("case {}", index++), run_case(test));
  }
  return {};
}

}  // namespace v100::vectors
