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
  rows.push_back({set + "/verify/raw-batch", kernel, 32, [made] {
                    Case& c = made();
                    falcon::verify_batch<P>(c.raw, c.verdicts);
                  }});
  rows.push_back({set + "/verify/prepared-batch", kernel, 32, [made] {
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

// Keys are made when a row first runs. Batches have as many keys as items, so that none finds the
// matrix of the one before it in a cache.
template <class P>
struct MldsaCase {
  static constexpr std::size_t count = 32;
  static inline const Bytes message =
      as_bytes("fifty-nine bytes, as long as the message of the first notes");
  std::vector<mldsa::Seed> seeds = std::vector<mldsa::Seed>(count);
  std::vector<std::optional<mldsa::PrivateKey<P>>> keys;
  std::vector<ByteArray<P::signature_bytes>> signatures;
  std::vector<mldsa::VerifyItem<P>> raw, prepared;
  std::unique_ptr<mldsa::PreparedVerifier<P>> verifier;
  std::unique_ptr<mldsa::PreparedSigner<P>> signer;
  std::array<mldsa::Verdict, count> verdicts;
  std::uint64_t hedges = 0;  // new ones: the mean over rejections
  MldsaCase() : keys(count), signatures(count) {
    for (std::size_t i = 0; i < count; ++i) {
      seeds[i].fill()[0] = static_cast<std::uint8_t>(i);
    }
    mldsa::keygen_batch<P>(seeds, keys);
    verifier = std::make_unique<mldsa::PreparedVerifier<P>>(keys[0]->public_key());
    signer = std::make_unique<mldsa::PreparedSigner<P>>(*keys[0]);
    for (std::size_t i = 0; i < count; ++i) {
      copy(signatures[i], keys[i]->sign(message, {}, mldsa::Hedge::deterministic())->bytes());
      raw.push_back(
          {.key = &keys[i]->public_key(), .message = message, .signature = signatures[i]});
      prepared.push_back(
          {.prepared = verifier.get(), .message = message, .signature = signatures[0]});
    }
  }
  mldsa::Hedge next_hedge() {
    ByteArray<32> rnd{};
    store_le(rnd.data(), ++hedges);
    return mldsa::Hedge::from(rnd);
  }
  void verify(const std::vector<mldsa::VerifyItem<P>>& items) {
    mldsa::verify_batch<P>(items, verdicts);
    CHECK(verdicts[count - 1] == mldsa::Verdict::valid);
  }
  void sign_all() {
    std::vector<mldsa::Hedge> fresh;
    for (std::size_t i = 0; i < count; ++i) {
      fresh.push_back(next_hedge());
    }
    std::vector<mldsa::SignItem<P>> items(count);
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = {.signer = signer.get(), .message = message, .hedge = &fresh[i], .out = outs[i]};
    }
    mldsa::sign_batch<P>(items, verdicts);
    CHECK(verdicts[count - 1] == mldsa::Verdict::valid);
  }
  std::array<ByteArray<P::signature_bytes>, count> outs;
};

template <class P>
void add_mldsa_rows_of(std::vector<BenchRow>& rows, const std::string& set) {
  using Case = MldsaCase<P>;
  const auto shared = std::make_shared<std::unique_ptr<Case>>();
  const auto add = [&](const char* operation, std::size_t count, auto run) {
    rows.push_back({set + operation, mldsa::kernel_name(), count, [shared, run] {
                      if (!*shared) {
                        *shared = std::make_unique<Case>();
                      }
                      run(**shared);
                    }});
  };
  add("/verify/raw", 1, [](Case& c) {
    const auto sig = mldsa::Signature<P>::parse(c.signatures[0]);
    CHECK(c.keys[0]->public_key().verify(c.message, {}, *sig).has_value());
  });
  add("/verify/prepared", 1, [](Case& c) {
    const auto sig = mldsa::Signature<P>::parse(c.signatures[0]);
    CHECK(c.verifier->verify(c.message, {}, *sig).has_value());
  });
  add("/verify/prepared-batch", Case::count, [](Case& c) { c.verify(c.prepared); });
  add("/verify/raw-batch", Case::count, [](Case& c) { c.verify(c.raw); });
  add("/sign/prepared", 1,
      [](Case& c) { CHECK(c.signer->sign(c.message, {}, c.next_hedge()).has_value()); });
  add("/sign/prepared-batch", Case::count, [](Case& c) { c.sign_all(); });
  add("/keygen", 1, [](Case&) { (void)mldsa::PrivateKey<P>::from_seed(mldsa::Seed()); });
  add("/keygen/batch", Case::count, [](Case& c) { mldsa::keygen_batch<P>(c.seeds, c.keys); });
}

void add_mldsa_rows(std::vector<BenchRow>& rows) {
  add_mldsa_rows_of<mldsa::Mldsa65>(rows, "mldsa65");
  add_mldsa_rows_of<mldsa::Mldsa44>(rows, "mldsa44");
  add_mldsa_rows_of<mldsa::Mldsa87>(rows, "mldsa87");
}

}  // namespace v100
