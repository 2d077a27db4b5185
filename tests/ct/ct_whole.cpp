// Constant-time cases over whole operations that lean on libcrypto or on key files. See
// ct_check.cpp.
#include <cstring>

#include "base/text.h"
#include "base/world.h"
#include "crypto/hpke/hpke.h"
#include "crypto/hybrid/x25519mlkem768.h"
#include "crypto/hybrid/xwing_native.h"
#include "ct_check.h"
#include "keys/codec.h"
#include "keys/keys.h"

namespace v100::ct_check {
namespace {

// Everything drawn from it is secret.
class SecretRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    ByteArray<8> bytes;
    store_le(bytes.data(), ++calls_);
    keccak::shake256(out, {bytes});
    ct::poison(out);
  }

 private:
  std::uint64_t calls_ = 0;
};

template <class A, class B>
bool public_same(const A& a, const B& b) {
  ct::unpoison(a);
  ct::unpoison(b);
  return same(a, b);
}

void hpke_with(hpke::Kem kem) {
  const hpke::Suite suite = {kem, hpke::Kdf::shake256, hpke::Aead::aes_256_gcm};
  const auto ikm = secret<Secret<64, struct IkmTag>>(1);
  auto pair = *hpke::derive_key_pair(kem, ikm.expose());
  ct::unpoison(pair.public_key);
  SecretRandom random;
  const auto psk = secret<Secret<32, struct PskTag>>(2);
  const hpke::Terms terms{.info = as_bytes("info"), .psk = psk.expose(), .psk_id = as_bytes("id")};
  auto sender = hpke::setup_sender(suite, pair.public_key, terms, random);
  CHECK(sender.has_value());
  ct::unpoison(sender->enc);
  auto receiver = hpke::setup_receiver(suite, sender->enc, pair.private_key.expose(), terms);
  CHECK(receiver.has_value());
  ByteArray<100> plain = filled<100>(3);
  ct::poison(plain);
  auto sealed = sender->context.seal(as_bytes("additional"), plain);
  CHECK(sealed.has_value());
  ct::unpoison(*sealed);
  const auto opened = receiver->open(as_bytes("additional"), *sealed);
  CHECK(opened.has_value() && public_same(*opened, plain));
  const auto a = sender->context.export_secret(as_bytes("x"), 32);
  const auto b = receiver->export_secret(as_bytes("x"), 32);
  CHECK(a && b && public_same(a->expose(), b->expose()));
}

// Poisons `part` in `file` wherever `plain`, a copy without marks, has it: of a key file the
// private octets and nothing else.
void poison_part(MutBytes file, Bytes plain, Bytes part) {
  bool found = false;
  for (std::size_t at = 0; at + part.size() <= plain.size(); ++at) {
    if (std::memcmp(plain.data() + at, part.data(), part.size()) == 0) {
      ct::poison(Bytes(file).subspan(at, part.size()));
      found = true;
      at += part.size() - 1;
    }
  }
  CHECK(found);
}

// A private key in PKCS#8, its secret octets poisoned, is read and written again.
void pkcs8_way(keys::Algorithm algorithm, keys::Form form) {
  class PlainRandom final : public Random {
    void fill(MutBytes out) override { keccak::shake256(out, {as_bytes("plain")}); }
  } random;
  const auto key = keys::PrivateKey::generate(algorithm, random);
  const auto der = keys::write_pkcs8(key, form);
  CHECK(der.has_value());
  Buffer file = to_buffer(der->expose());
  if (form != keys::Form::expanded) {
    poison_part(file, der->expose(), key.seed());
  }
  if (form != keys::Form::seed) {
    const Bytes all = key.expanded();
    switch (keys::info(algorithm).kind) {
      case keys::Kind::mldsa:  // rho, K, tr, s1 || s2 || t0
        poison_part(file, der->expose(), all.subspan(32, 32));
        poison_part(file, der->expose(), all.subspan(128));
        break;
      case keys::Kind::mlkem:  // s, ek, H(ek), z
        poison_part(file, der->expose(), all.first(384 * 3));
        poison_part(file, der->expose(), all.last(32));
        break;
      default:  // SK.seed || SK.prf, PK.seed || PK.root
        poison_part(file, der->expose(), all.first(all.size() / 2));
    }
  }
  const auto read = keys::read_pkcs8(file);
  CHECK(read.has_value());
  const auto again = keys::write_pkcs8(*read, form);
  CHECK(again && public_same(again->expose(), Bytes(file)));
}

}  // namespace

void xwing_whole() {
  const xwing::PrivateKey key(secret<xwing::Seed>(1));
  const auto wire = key.public_key().bytes();
  ct::unpoison(wire);
  const auto to = xwing::PublicKey::parse(wire);
  CHECK(to.has_value());
  const auto sent = xwing::encapsulate_internal(*to, secret<xwing::EncapsulationSeed>(2));
  auto ciphertext = sent.ciphertext.bytes();
  ct::unpoison(ciphertext);
  const auto received = key.decapsulate(*xwing::Ciphertext::parse(ciphertext));
  CHECK(public_same(received.expose(), sent.secret.expose()));
  ciphertext[5] ^= 1;  // a wrong one must not show
  const auto rejected = key.decapsulate(*xwing::Ciphertext::parse(ciphertext));
  CHECK(!public_same(rejected.expose(), sent.secret.expose()));
}

void x25519mlkem768_whole() {
  SecretRandom random;
  const x25519mlkem768::Client client(random);
  ct::unpoison(client.share());
  const auto answer = x25519mlkem768::answer(client.share(), random);
  CHECK(answer.has_value());
  ct::unpoison(answer->share);
  const auto finished = client.finish(answer->share);
  CHECK(finished && public_same(finished->expose(), answer->secret.expose()));
}

void hpke_xwing() { hpke_with(hpke::Kem::xwing); }
void hpke_mlkem768() { hpke_with(hpke::Kem::mlkem768); }

void base64() {
  for (std::size_t size = 0; size < 7; ++size) {
    ByteArray<64> bytes = filled<64>(1);
    ct::poison(bytes);
    const Bytes some = Bytes(bytes).first(58 + size);
    const std::string text = to_base64(some), url = to_base64url(some);
    const auto a = from_base64(text.substr(0, 76)), b = from_base64url(url.substr(0, 76));
    CHECK(a && b && public_same(*a, *b) && public_same(*a, some.first(57)));
  }
}

void keys_mldsa44() {
  pkcs8_way(keys::Algorithm::mldsa44, keys::Form::seed);
  pkcs8_way(keys::Algorithm::mldsa44, keys::Form::both);
  pkcs8_way(keys::Algorithm::mldsa44, keys::Form::expanded);
}
void keys_mlkem768() {
  pkcs8_way(keys::Algorithm::mlkem768, keys::Form::seed);
  pkcs8_way(keys::Algorithm::mlkem768, keys::Form::both);
  pkcs8_way(keys::Algorithm::mlkem768, keys::Form::expanded);
}
void keys_slhdsa() { pkcs8_way(keys::Algorithm::slhdsa_shake_128f, keys::Form::expanded); }

}  // namespace v100::ct_check
