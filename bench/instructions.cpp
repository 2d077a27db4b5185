// One operation of the lattice core, once, for bench/guard.py to count its instructions: all inputs
// are fixed, so the count is the same on every machine. `instructions` lists the names.
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "crypto/falcon/falcon.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/slhdsa/slhdsa.h"

namespace v100 {
namespace {

// What callgrind counts: it starts where this function is entered and stops where it is left.
template <class Work>
[[gnu::noinline]] void v100_counted(const Work& work) {
  work();
  __asm__ volatile("" ::: "memory");
}

struct Fixed final : Random {
  void fill(MutBytes out) override { keccak::shake256(out, {as_bytes("instructions")}); }
};
const Bytes message = as_bytes("fifty-nine bytes, as long as the message of the first notes");

void shake() {
  static ByteArray<4096> out;
  v100_counted([] { keccak::shake256(out, {message}); });
}

using Dsa = mldsa::Mldsa65;
void mldsa_keygen() {
  v100_counted([] { (void)mldsa::PrivateKey<Dsa>::from_seed(mldsa::Seed()); });
}
void mldsa_sign() {
  const auto key = mldsa::PrivateKey<Dsa>::from_seed(mldsa::Seed());
  const auto signer = std::make_unique<mldsa::PreparedSigner<Dsa>>(key);
  v100_counted(
      [&] { CHECK(signer->sign(message, {}, mldsa::Hedge::deterministic()).has_value()); });
}
void mldsa_verify(bool prepared) {
  const auto key = mldsa::PrivateKey<Dsa>::from_seed(mldsa::Seed());
  const auto signature = key.sign(message, {}, mldsa::Hedge::deterministic());
  const auto verifier = std::make_unique<mldsa::PreparedVerifier<Dsa>>(key.public_key());
  v100_counted([&] {
    CHECK((prepared ? verifier->verify(message, {}, *signature)
                    : key.public_key().verify(message, {}, *signature))
              .has_value());
  });
}
void mldsa_verify_raw() { mldsa_verify(false); }
void mldsa_verify_prepared() { mldsa_verify(true); }

using Kem = mlkem::Mlkem768;
void mlkem_keygen() {
  v100_counted([] { (void)mlkem::KeyPair<Kem>::from_seed(mlkem::Seed()); });
}
void mlkem_encaps() {
  const auto pair = mlkem::KeyPair<Kem>::from_seed(mlkem::Seed());
  v100_counted([&] { (void)mlkem::encapsulate_internal(pair.ek, mlkem::Message()); });
}
void mlkem_decaps() {
  const auto pair = mlkem::KeyPair<Kem>::from_seed(mlkem::Seed());
  const mlkem::PreparedDecapsulator<Kem> with(pair.dk);
  const auto sent = mlkem::encapsulate_internal(pair.ek, mlkem::Message());
  v100_counted([&] { (void)with.decapsulate(sent.ciphertext); });
}

void falcon_verify() {
  Fixed random;
  const auto key = falcon::PrivateKey<falcon::Falcon512>::from_seed(falcon::Seed());
  const auto signature = key.sign(message, falcon::Encoding::padded, random);
  const falcon::PreparedVerifier<falcon::Falcon512> verifier(key.public_key());
  v100_counted([&] { CHECK(verifier.verify(message, *signature).has_value()); });
}

void slhdsa_keygen() {
  using Key = slhdsa::PrivateKey<slhdsa::Shake128f>;
  v100_counted([] { (void)Key::from_seeds(Key::Seeds()); });
}

constexpr struct {
  const char* name;
  void (*run)();
} cases[] = {
    {"shake256/4096B", shake},
    {"mldsa65/keygen", mldsa_keygen},
    {"mldsa65/sign/prepared", mldsa_sign},
    {"mldsa65/verify/raw", mldsa_verify_raw},
    {"mldsa65/verify/prepared", mldsa_verify_prepared},
    {"mlkem768/keygen", mlkem_keygen},
    {"mlkem768/encaps/raw", mlkem_encaps},
    {"mlkem768/decaps/prepared", mlkem_decaps},
    {"falcon-512-draft/verify/prepared", falcon_verify},
    {"slh-dsa-shake-128f/keygen", slhdsa_keygen},
};

}  // namespace
}  // namespace v100

int main(int argc, char** argv) {
  for (const auto& one : v100::cases) {
    if (argc < 2) {
      std::puts(one.name);
    } else if (std::strcmp(argv[1], one.name) == 0) {
      one.run();
      return 0;
    }
  }
  return argc < 2 ? 0 : 2;
}
