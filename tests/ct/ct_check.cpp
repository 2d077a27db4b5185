// One constant-time case a run, for valgrind memcheck: secrets are marked undefined, and a branch
// or an address that depends on one is reported. `ct_check list` names the cases; those that start
// with "leak" hold a leak on purpose and must be reported, or the check itself is broken.
#include "ct_check.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <valgrind/valgrind.h>
#include <vector>

#include "base/ct.h"
#include "crypto/falcon/falcon.h"
#include "crypto/hybrid/xwing.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/slhdsa/slhdsa.h"
#include "match_cases.h"

namespace {

using namespace v100;
using ct_check::filled;
using ct_check::secret;

// ---- ML-KEM

template <class P>
void mlkem_keygen() {
  const auto pair = mlkem::KeyPair<P>::from_seed(secret<mlkem::Seed>(1));
  CHECK(mlkem::EncapsulationKey<P>::parse(pair.ek.bytes()).has_value());
}
template <class P>
void mlkem_encaps() {
  const auto pair = mlkem::KeyPair<P>::from_seed(secret<mlkem::Seed>(1));
  const auto sent = mlkem::encapsulate_internal(pair.ek, secret<mlkem::Message>(2));
  CHECK(!same(sent.secret.expose(), ByteArray<32>{}));
}
// A right and a wrong ciphertext: which one it was must not show.
template <class P>
void mlkem_decaps() {
  const auto pair = mlkem::KeyPair<P>::from_seed(secret<mlkem::Seed>(1));
  auto sent = mlkem::encapsulate_internal(pair.ek, secret<mlkem::Message>(2));
  const auto dk = mlkem::DecapsulationKey<P>::parse(pair.dk.expose());
  CHECK(dk.has_value());
  const auto received = mlkem::decapsulate(*dk, sent.ciphertext);
  CHECK(same(received.expose(), sent.secret.expose()));
  sent.ciphertext.fill()[17] ^= 1;
  const auto rejected = mlkem::decapsulate(*dk, sent.ciphertext);
  CHECK(!same(rejected.expose(), sent.secret.expose()));
}

template <class P>
void mlkem_decaps_prepared() {
  const auto pair = mlkem::KeyPair<P>::from_seed(secret<mlkem::Seed>(1));
  auto sent =
      mlkem::PreparedEncapsulator<P>(pair.ek).encapsulate_internal(secret<mlkem::Message>(2));
  const mlkem::PreparedDecapsulator<P> prepared(pair.dk);
  CHECK(same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
  sent.ciphertext.fill()[17] ^= 1;
  CHECK(!same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
}
// Raw and prepared keys, right and wrong ciphertexts in one batch: secrets lie in lanes beside
// public ones and beside each other's.
template <class P>
void mlkem_batch() {
  std::vector<mlkem::Seed> seeds(5);
  std::vector<mlkem::Message> ms(5);
  for (std::uint8_t i = 0; i < 5; ++i) {
    seeds[i] = secret<mlkem::Seed>(i);
    ms[i] = secret<mlkem::Message>(static_cast<std::uint8_t>(9 + i));
  }
  std::vector<std::optional<mlkem::KeyPair<P>>> pairs(5);
  mlkem::keygen_batch<P>(pairs, seeds);
  const mlkem::PreparedEncapsulator<P> to(pairs[0]->ek);
  const mlkem::PreparedDecapsulator<P> with(pairs[0]->dk);
  std::vector<mlkem::Encapsulated<P>> sent(5);
  const std::vector<mlkem::Recipient<P>> recipients = {to, pairs[1]->ek, pairs[2]->ek, pairs[3]->ek,
                                                       pairs[4]->ek};
  mlkem::encapsulate_batch_internal<P>(sent, recipients, ms);
  sent[1].ciphertext.fill()[3] ^= 1;
  std::vector<mlkem::Received<P>> received = {{with, sent[0].ciphertext}};
  for (std::size_t i = 1; i < 5; ++i) {
    received.push_back({pairs[i]->dk, sent[i].ciphertext});
  }
  std::vector<mlkem::SharedSecret> secrets(5);
  mlkem::decapsulate_batch<P>(secrets, received);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(same(secrets[i].expose(), sent[i].secret.expose()) == (i != 1));
  }
}

// ---- ML-DSA

template <class P>
void mldsa_keygen() {
  const auto key = mldsa::PrivateKey<P>::from_seed(secret<mldsa::Seed>(1));
  CHECK(!same(key.public_key().bytes(), ByteArray<P::public_key_bytes>{}));
}
template <class P>
void mldsa_parse() {
  const auto key = mldsa::PrivateKey<P>::from_seed(secret<mldsa::Seed>(1));
  CHECK(mldsa::PrivateKey<P>::parse(key.expose()).has_value());
}
// Several messages, so that attempts are rejected at each of the checks.
template <class P>
void mldsa_batch() {
  const mldsa::Seed seeds[] = {secret<mldsa::Seed>(1), secret<mldsa::Seed>(2),
                               secret<mldsa::Seed>(3)};
  std::optional<mldsa::PrivateKey<P>> keys[3];
  mldsa::keygen_batch<P>(seeds, keys);
  const auto signer = std::make_unique<mldsa::PreparedSigner<P>>(*keys[0]);
  const mldsa::Hedge hedge = mldsa::Hedge::from(filled<32>(7));
  std::vector<ByteArray<P::signature_bytes>> outs(10);
  std::vector<mldsa::SignItem<P>> items(10);
  for (std::size_t i = 0; i < 10; ++i) {
    items[i] = {.signer = signer.get(),
                .message = as_bytes("ten messages").first(i + 1),
                .hedge = &hedge,
                .out = outs[i]};
  }
  std::vector<mldsa::Verdict> verdicts(10);
  mldsa::sign_batch<P>(items, verdicts);
  for (const mldsa::Verdict verdict : verdicts) {
    CHECK(verdict == mldsa::Verdict::valid);
  }
}

template <class P>
void mldsa_sign() {
  const auto key = mldsa::PrivateKey<P>::from_seed(secret<mldsa::Seed>(1));
  const auto signer = std::make_unique<mldsa::PreparedSigner<P>>(key);
  for (std::uint8_t i = 0; i < 6; ++i) {
    const ByteArray<32> message = filled<32>(i);
    const mldsa::Hedge hedge =
        i % 2 == 0 ? mldsa::Hedge::deterministic() : mldsa::Hedge::from(filled<32>(i));
    ct::poison(hedge.expose());
    const auto signature = signer->sign(message, as_bytes("context"), hedge);
    CHECK(signature.has_value());
    CHECK(key.public_key().verify(message, as_bytes("context"), *signature).has_value());
  }
}

// ---- SLH-DSA

template <class P>
void slhdsa_keygen() {
  using Key = slhdsa::PrivateKey<P>;
  const auto key = Key::from_seeds(secret<typename Key::Seeds>(1));
  CHECK(Key::parse(key.expose()).has_value());
}
template <class P>
void slhdsa_sign() {
  using Key = slhdsa::PrivateKey<P>;
  const auto key = Key::from_seeds(secret<typename Key::Seeds>(1));
  const ByteArray<32> opt_rand = filled<32>(2);
  const slhdsa::Hedge hedge = slhdsa::Hedge::from(opt_rand);
  const auto signature = key.sign(opt_rand, as_bytes("context"), hedge);
  CHECK(signature.has_value());
  CHECK(key.public_key().verify(opt_rand, as_bytes("context"), *signature).has_value());
}

// ---- Falcon (a draft). What is declassified: which candidates and attempts were rejected.

class CountingRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    ByteArray<8> bytes;
    store_le(bytes.data(), ++calls_);
    keccak::shake256(out, {bytes});
  }

 private:
  std::uint64_t calls_ = 0;
};

template <class P>
void falcon_keygen() {
  const auto key = falcon::PrivateKey<P>::from_seed(secret<falcon::Seed>(1));
  CHECK(falcon::PublicKey<P>::parse(key.public_key().bytes()).has_value());
}
template <class P>
void falcon_parse() {
  const auto key = falcon::PrivateKey<P>::from_seed(secret<falcon::Seed>(1));
  CHECK(falcon::PrivateKey<P>::parse(key.expose()).has_value());
}
template <class P>
void falcon_sign() {
  const auto key = falcon::PrivateKey<P>::from_seed(secret<falcon::Seed>(1));
  const auto signer = std::make_unique<falcon::PreparedSigner<P>>(key);
  CountingRandom random;
  for (std::uint8_t i = 0; i < 4; ++i) {
    const ByteArray<32> message = filled<32>(i);
    const auto encoding = i % 2 == 0 ? falcon::Encoding::padded : falcon::Encoding::compressed;
    const auto signature = signer->sign(message, encoding, random);
    CHECK(signature.has_value());
    CHECK(key.public_key().verify(message, *signature).has_value());
  }
}

// ---- X-Wing's pure part, hashes, comparison and selection

void xwing_steps() {
  const xwing::ExpandedSeed expanded(secret<xwing::Seed>(1));
  const auto pair = mlkem::KeyPair<xwing::Mlkem>::from_seed(expanded.mlkem);
  const ByteArray<32> point = filled<32>(9);
  const auto shared = secret<xwing::X25519Secret>(3);
  const xwing::PublicKey key(pair.ek, point);
  const auto sent = xwing::encapsulate_with(key, secret<mlkem::Message>(2), {point, shared});
  const mlkem::PreparedDecapsulator<xwing::Mlkem> prepared(pair.dk);
  const auto received = xwing::decapsulate_with(prepared, point, sent.ciphertext, shared);
  ct::unpoison(received.expose());
  ct::unpoison(sent.secret.expose());
  CHECK(same(received.expose(), sent.secret.expose()));
}

void kmac() {
  ByteArray<32> key = filled<32>(1);
  ct::poison(key);
  ByteArray<32> tag;
  keccak::kmac256(tag, key, as_bytes("customization"), {as_bytes("message")});
  ct::unpoison(tag);
  CHECK(!same(tag, ByteArray<32>{}));
}

void ct_equal() {
  ByteArray<48> a = filled<48>(1), b = a;
  ct::poison(a);
  ct::poison(b);
  const ct::Mask alike = ct::equal(a, b);
  b[47] = static_cast<std::uint8_t>(b[47] ^ 0x80);
  const ct::Mask different = ct::equal(a, b);
  CHECK(ct::declassify(alike, "the test's result"));
  CHECK(!ct::declassify(different, "the test's result"));
}
void ct_select() {
  ByteArray<33> yes = filled<33>(1), no = filled<33>(2), out;
  const ByteArray<33> expected = yes;
  std::uint32_t bit = 1;
  ct::poison({reinterpret_cast<const std::uint8_t*>(&bit), sizeof bit});
  ct::poison(yes);
  ct::poison(no);
  ct::select(out, ct::Mask::from_bit(bit), yes, no);
  ct::unpoison(out);
  CHECK(same(out, expected));
}

// ---- Leaks on purpose. Calls that the optimiser cannot see through keep the branch a branch.

__attribute__((noinline)) void even_side() { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void odd_side() { __asm__ volatile("nop" ::: "memory"); }

void leak_branch() {
  const auto seed = secret<mldsa::Seed>(1);
  if ((seed.expose()[0] & 1) != 0) {
    odd_side();
  } else {
    even_side();
  }
}
// As a careless comparison would: the first difference ends the loop.
void leak_compare() {
  const auto key = secret<mlkem::SharedSecret>(1);
  const ByteArray<32> guess = filled<32>(1);
  for (std::size_t i = 0; i < 32; ++i) {
    if (key.expose()[i] != guess[i]) {
      return even_side();
    }
    odd_side();
  }
}
void leak_index() {
  static const ByteArray<256> table = filled<256>(7);
  const auto seed = secret<mldsa::Seed>(1);
  std::uint8_t looked_up = table[seed.expose()[0]];
  __asm__ volatile("" : "+r"(looked_up));
}

// The mark must have come through the hash kernels.
void leak_after_hash() {
  const auto seed = secret<mldsa::Seed>(1);
  ByteArray<32> out;
  keccak::shake256(out, {seed.expose()});
  (out[5] & 1) != 0 ? odd_side() : even_side();
}

struct Case {
  const char* name;
  void (*run)();
};
const Case cases[] = {
    {"ct-equal", ct_equal},
    {"ct-select", ct_select},
    {"kmac256", kmac},
    {"mlkem512-keygen", mlkem_keygen<mlkem::Mlkem512>},
    {"mlkem512-encaps", mlkem_encaps<mlkem::Mlkem512>},
    {"mlkem512-decaps", mlkem_decaps<mlkem::Mlkem512>},
    {"mlkem512-decaps-prepared", mlkem_decaps_prepared<mlkem::Mlkem512>},
    {"mlkem512-batch", mlkem_batch<mlkem::Mlkem512>},
    {"mlkem768-keygen", mlkem_keygen<mlkem::Mlkem768>},
    {"mlkem768-encaps", mlkem_encaps<mlkem::Mlkem768>},
    {"mlkem768-decaps", mlkem_decaps<mlkem::Mlkem768>},
    {"mlkem768-decaps-prepared", mlkem_decaps_prepared<mlkem::Mlkem768>},
    {"mlkem768-batch", mlkem_batch<mlkem::Mlkem768>},
    {"mlkem1024-keygen", mlkem_keygen<mlkem::Mlkem1024>},
    {"mlkem1024-encaps", mlkem_encaps<mlkem::Mlkem1024>},
    {"mlkem1024-decaps", mlkem_decaps<mlkem::Mlkem1024>},
    {"mlkem1024-decaps-prepared", mlkem_decaps_prepared<mlkem::Mlkem1024>},
    {"mlkem1024-batch", mlkem_batch<mlkem::Mlkem1024>},
    {"bfv-keygen", bfv_keygen},
    {"bfv-encrypt-symmetric", bfv_encrypt_symmetric},
    {"bfv-encrypt-public", bfv_encrypt_public},
    {"bfv-decrypt", bfv_decrypt},
    {"match-mask", match_mask},
    {"match-probe", match_probe},
    {"match-accept", match_accept},
    {"xwing-steps", xwing_steps},
    {"xwing-whole", ct_check::xwing_whole},
    {"x25519mlkem768", ct_check::x25519mlkem768_whole},
    {"hpke-xwing", ct_check::hpke_xwing},
    {"hpke-mlkem768", ct_check::hpke_mlkem768},
    {"base64", ct_check::base64},
    {"keys-mldsa44", ct_check::keys_mldsa44},
    {"keys-mlkem768", ct_check::keys_mlkem768},
    {"keys-slhdsa", ct_check::keys_slhdsa},
    {"mldsa44-keygen", mldsa_keygen<mldsa::Mldsa44>},
    {"mldsa44-parse", mldsa_parse<mldsa::Mldsa44>},
    {"mldsa44-sign", mldsa_sign<mldsa::Mldsa44>},
    {"mldsa44-batch", mldsa_batch<mldsa::Mldsa44>},
    {"mldsa65-batch", mldsa_batch<mldsa::Mldsa65>},
    {"mldsa87-batch", mldsa_batch<mldsa::Mldsa87>},
    {"mldsa65-keygen", mldsa_keygen<mldsa::Mldsa65>},
    {"mldsa65-parse", mldsa_parse<mldsa::Mldsa65>},
    {"mldsa65-sign", mldsa_sign<mldsa::Mldsa65>},
    {"mldsa87-keygen", mldsa_keygen<mldsa::Mldsa87>},
    {"mldsa87-parse", mldsa_parse<mldsa::Mldsa87>},
    {"mldsa87-sign", mldsa_sign<mldsa::Mldsa87>},
    {"falcon512-keygen", falcon_keygen<falcon::Falcon512>},
    {"falcon512-parse", falcon_parse<falcon::Falcon512>},
    {"falcon512-sign", falcon_sign<falcon::Falcon512>},
    {"falcon1024-keygen", falcon_keygen<falcon::Falcon1024>},
    {"falcon1024-sign", falcon_sign<falcon::Falcon1024>},
    {"slhdsa-shake-128f-keygen", slhdsa_keygen<slhdsa::Shake128f>},
    {"slhdsa-shake-128f-sign", slhdsa_sign<slhdsa::Shake128f>},
    {"slhdsa-sha2-128f-keygen", slhdsa_keygen<slhdsa::Sha2_128f>},
    {"slhdsa-sha2-128f-sign", slhdsa_sign<slhdsa::Sha2_128f>},
    {"slhdsa-sha2-192f-keygen", slhdsa_keygen<slhdsa::Sha2_192f>},
    {"leak-branch", leak_branch},
    {"leak-compare", leak_compare},
    {"leak-index", leak_index},
    {"leak-after-hash", leak_after_hash},
};

}  // namespace

int main(int argc, char** argv) {
  const char* wanted = argc > 1 ? argv[1] : "";
  if (std::strcmp(wanted, "kernels") == 0) {
    std::printf("%s\n", mldsa::kernel_name());  // aborts where V100_KERNEL cannot run
    return 0;
  }
  for (const Case& c : cases) {
    if (std::strcmp(wanted, "list") == 0) {
      std::printf("%s\n", c.name);
    } else if (std::strcmp(wanted, c.name) == 0) {
      if (RUNNING_ON_VALGRIND == 0) {
        std::fprintf(stderr, "not under valgrind: nothing would be checked\n");
        return 3;
      }
      std::fprintf(stderr, "kernels: keccak %s, mlkem %s, mldsa %s, falcon %s\n",
                   keccak::kernel_name(), mlkem::kernel_name(), mldsa::kernel_name(),
                   falcon::kernel_name());
      c.run();
      return 0;
    }
  }
  return std::strcmp(wanted, "list") == 0 ? 0 : 2;
}
