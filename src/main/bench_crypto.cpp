// The rows of `v100 bench` for the lattice core.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/falcon/falcon.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/slhdsa/slhdsa.h"
#include "main/bench.h"

namespace v100 {
namespace {

// Keys and signatures are made when the row first runs, so that other rows start at once.
template <class P>
void add_slhdsa_rows(std::vector<BenchRow>& rows, const std::string& set) {
  using Key = slhdsa::PrivateKey<P>;
  struct Case {
    Key key = Key::from_seeds(typename Key::Seeds());
    std::vector<slhdsa::Signature<P>> signatures;
  };
  const auto shared = std::make_shared<std::unique_ptr<Case>>();
  const auto prepared = [shared]() -> Case& {
    if (!*shared) {
      *shared = std::make_unique<Case>();
      for (std::uint8_t i = 0; i < 8; ++i) {
        (*shared)->signatures.push_back(
            (*shared)->key.sign_internal(Bytes(&i, 1), slhdsa::Hedge::deterministic()));
      }
    }
    return **shared;
  };
  const char* kernel = slhdsa::kernel_name();
  rows.push_back(
      {set + "/keygen", kernel, 1, [] { (void)Key::from_seeds(typename Key::Seeds()); }});
  rows.push_back({set + "/sign", kernel, 1, [prepared] {
                    const std::uint8_t message = 0;
                    (void)prepared().key.sign_internal({&message, 1},
                                                       slhdsa::Hedge::deterministic());
                  }});
  // Eight signatures in turn: how much work one is depends on its digits.
  rows.push_back({set + "/verify", kernel, 8, [prepared] {
                    Case& c = prepared();
                    for (std::uint8_t i = 0; i < 8; ++i) {
                      (void)c.key.public_key().verify_internal(Bytes(&i, 1), c.signatures[i]);
                    }
                  }});
}

// Falcon, a draft standard. A signature's message is 59 bytes, as in the tables of others.
struct FalconRandom final : Random {
  void fill(MutBytes out) override {
    ByteArray<8> bytes;
    store_le(bytes.data(), ++calls);
    keccak::shake256(out, {bytes});
  }
  std::uint64_t calls = 0;
};
template <class P>
struct FalconCase {
  FalconRandom random;
  falcon::PrivateKey<P> key = falcon::PrivateKey<P>::from_seed(falcon::Seed());
  falcon::PreparedSigner<P> signer{key};
  falcon::PreparedVerifier<P> verifier{key.public_key()};
  ByteArray<59> message{};
  std::vector<falcon::Signature<P>> signatures;
  std::vector<falcon::VerifyItem<P>> prepared, raw;
  std::array<falcon::Verdict, 32> verdicts;
  std::size_t next = 0;
  FalconCase() {
    for (int i = 0; i < 32; ++i) {
      signatures.push_back(*signer.sign(message, falcon::Encoding::padded, random));
    }
    for (const auto& signature : signatures) {
      prepared.push_back(
          {.prepared = &verifier, .message = message, .signature = signature.bytes()});
      raw.push_back({.key = &key.public_key(), .message = message, .signature = signature.bytes()});
    }
  }
};

template <class P>
void add_falcon_rows(std::vector<BenchRow>& rows, const std::string& set) {
  using Case = FalconCase<P>;
  const auto shared = std::make_shared<std::unique_ptr<Case>>();
  const auto made = [shared]() -> Case& {
    if (!*shared) {
      *shared = std::make_unique<Case>();
    }
    return **shared;
  };
  const char* kernel = falcon::kernel_name();
  rows.push_back({set + "/keygen", kernel, 1,
                  [made] { (void)falcon::PrivateKey<P>::generate(made().random); }});
  rows.push_back({set + "/sign/expanded", kernel, 1, [made] {
                    Case& c = made();
                    (void)c.signer.sign(c.message, falcon::Encoding::padded, c.random);
                  }});
  rows.push_back({set + "/sign/raw", kernel, 1, [made] {
                    Case& c = made();
                    (void)c.key.sign(c.message, falcon::Encoding::padded, c.random);
                  }});
  rows.push_back({set + "/verify/raw", kernel, 1, [made] {
                    Case& c = made();
                    (void)c.key.public_key().verify(c.message, c.signatures[c.next++ % 32]);
                  }});
  rows.push_back({set + "/verify/prepared", kernel, 1, [made] {
                    Case& c = made();
                    (void)c.verifier.verify(c.message, c.signatures[c.next++ % 32]);
                  }});
  rows.push_back({set + "/verify/batch-raw", kernel, 32, [made] {
                    Case& c = made();
                    falcon::verify_batch<P>(c.raw, c.verdicts);
                  }});
  rows.push_back({set + "/verify/batch-prepared", kernel, 32, [made] {
                    Case& c = made();
                    falcon::verify_batch<P>(c.prepared, c.verdicts);
                  }});
}

}  // namespace

void add_mldsa_rows(std::vector<BenchRow>& rows);

void add_crypto_rows(std::vector<BenchRow>& rows) {
  add_mldsa_rows(rows);
  const char* kernel = keccak::kernel_name();
  for (const std::size_t size : {std::size_t{32}, std::size_t{1200}}) {
    auto message = std::make_shared<Buffer>(size, std::uint8_t{7});
    const std::string suffix = std::to_string(size) + "B";
    rows.push_back({"sha3-256/hash/" + suffix, kernel, 1, [message] {
                      ByteArray<32> out;
                      keccak::sha3_256(out, {*message});
                    }});
    rows.push_back({"sha3-256/hash/" + suffix + "-batch", kernel, 32, [message] {
                      std::array<ByteArray<32>, 32> out;
                      std::vector<FixedMutBytes<32>> outs(out.begin(), out.end());
                      const std::vector<Bytes> messages(32, Bytes(*message));
                      keccak::sha3_256_batch(outs, messages);
                    }});
  }
  for (const std::size_t lanes : {std::size_t{1}, std::size_t{4}, std::size_t{8}}) {
    rows.push_back({"shake128/permute/x" + std::to_string(lanes), kernel, 16 * lanes, [lanes] {
                      keccak::ShakeBatch batch(keccak::rate_128, lanes);
                      const std::vector<Bytes> in(lanes, as_bytes("seed"));
                      batch.absorb(in);
                      static thread_local std::array<ByteArray<16 * keccak::rate_128>, 8> out;
                      std::vector<MutBytes> outs(out.begin(),
                                                 out.begin() + static_cast<long>(lanes));
                      batch.squeeze(outs);
                    }});
  }
  add_falcon_rows<falcon::Falcon512>(rows, "falcon-512-draft");
  add_falcon_rows<falcon::Falcon1024>(rows, "falcon-1024-draft");
  add_slhdsa_rows<slhdsa::Shake128f>(rows, "slh-dsa-shake-128f");
  add_slhdsa_rows<slhdsa::Sha2_128f>(rows, "slh-dsa-sha2-128f");
  add_slhdsa_rows<slhdsa::Shake192f>(rows, "slh-dsa-shake-192f");
  add_slhdsa_rows<slhdsa::Shake256f>(rows, "slh-dsa-shake-256f");
}

// ML-DSA-65 by raw and prepared keys, alone and in batches; the other sets are in mldsa_bench.
void add_mldsa_rows(std::vector<BenchRow>& rows) {
  using namespace mldsa;
  using P = Mldsa65;
  const char* kernel = mldsa::kernel_name();
  const Bytes message = as_bytes("fifty-nine bytes, as long as the message of the first notes");
  auto key = std::make_shared<PrivateKey<P>>(PrivateKey<P>::from_seed(Seed()));
  auto verifier = std::make_shared<PreparedVerifier<P>>(key->public_key());
  auto signer = std::make_shared<PreparedSigner<P>>(*key);
  auto signature =
      std::make_shared<Signature<P>>(signer->sign(message, {}, Hedge::deterministic()).value());
  rows.push_back({"mldsa65/verify/raw", kernel, 1,
                  [=] { CHECK(key->public_key().verify(message, {}, *signature).has_value()); }});
  rows.push_back({"mldsa65/verify/prepared", kernel, 1,
                  [=] { CHECK(verifier->verify(message, {}, *signature).has_value()); }});
  for (const bool prepared : {true, false}) {
    VerifyItem<P> item{.message = message, .signature = signature->bytes()};
    prepared ? void(item.prepared = verifier.get()) : void(item.key = &key->public_key());
    const std::string name = prepared ? "prepared" : "raw";
    rows.push_back({"mldsa65/verify/" + name + "-batch", kernel, 32, [=] {
                      (void)verifier, (void)key, (void)signature;  // item points into them
                      const std::vector<VerifyItem<P>> items(32, item);
                      std::array<Verdict, 32> verdicts;
                      verify_batch<P>(items, verdicts);
                      CHECK(verdicts[31] == Verdict::valid);
                    }});
  }
  auto counter = std::make_shared<std::uint64_t>(0);  // new hedges: the mean over rejections
  const auto next_hedge = [counter] {
    ByteArray<32> rnd{};
    store_le(rnd.data(), ++*counter);
    return Hedge::from(rnd);
  };
  rows.push_back({"mldsa65/sign/prepared", kernel, 1,
                  [=] { CHECK(signer->sign(message, {}, next_hedge()).has_value()); }});
  rows.push_back(
      {"mldsa65/sign/prepared-batch", kernel, 32, [=] {
         static thread_local std::array<ByteArray<P::signature_bytes>, 32> outs;
         std::vector<Hedge> hedges;
         std::vector<SignItem<P>> items(32);
         for (std::size_t i = 0; i < 32; ++i) {
           hedges.push_back(next_hedge());
         }
         for (std::size_t i = 0; i < 32; ++i) {
           items[i] = {
               .signer = signer.get(), .message = message, .hedge = &hedges[i], .out = outs[i]};
         }
         std::array<Verdict, 32> verdicts;
         sign_batch<P>(items, verdicts);
         CHECK(verdicts[31] == Verdict::valid);
       }});
  rows.push_back({"mldsa65/keygen", kernel, 1, [] { (void)PrivateKey<P>::from_seed(Seed()); }});
  rows.push_back({"mldsa65/keygen-batch", kernel, 16, [] {
                    const std::vector<Seed> seeds(16);
                    std::vector<std::optional<PrivateKey<P>>> keys(16);
                    keygen_batch<P>(seeds, keys);
                  }});
}

}  // namespace v100
