// Prints, as JSON, what the native build computes for seeded cases of everything that v100.wasm
// exports. wasm_cases.ts computes the same in node and in browsers and compares.
#include <cstdio>
#include <string>

#include "base/text.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"

namespace {

using namespace v100;

class Stream {
 public:
  explicit Stream(std::string_view name) { shake_.absorb(as_bytes(name)); }
  Buffer bytes(std::size_t size) {
    Buffer out(size);
    shake_.squeeze(out);
    return out;
  }
  std::size_t below(std::size_t bound) { return load_le<std::uint32_t>(bytes(4).data()) % bound; }

 private:
  keccak::Shake256 shake_;
};

// One line of JSON: {"kind":"…","field":"hex",…}
class Line {
 public:
  explicit Line(std::string_view kind) : text_("{\"kind\":\"" + std::string(kind) + "\"") {}
  Line& put(const char* key, Bytes value) {
    text_ += ",\"" + std::string(key) + "\":\"" + to_hex(value) + "\"";
    return *this;
  }
  void print(bool last = false) const { std::printf("%s}%s\n", text_.c_str(), last ? "" : ","); }

 private:
  std::string text_;
};

void hashes() {
  Stream random("wasm hashes");
  for (const std::size_t size : {0u, 1u, 71u, 72u, 135u, 136u, 137u, 167u, 168u, 1000u}) {
    const Buffer input = random.bytes(size);
    const Buffer key = random.bytes(random.below(200));
    const Buffer customization = random.bytes(random.below(40));
    ByteArray<32> short_hash;
    ByteArray<64> long_hash;
    Buffer xof128(200), xof256(300), tag(48);
    keccak::sha3_256(short_hash, {input});
    keccak::sha3_512(long_hash, {input});
    keccak::shake128(xof128, {input});
    keccak::shake256(xof256, {input});
    keccak::kmac256(tag, key, customization, {input});
    Line("hash")
        .put("input", input)
        .put("sha3_256", short_hash)
        .put("sha3_512", long_hash)
        .put("shake128", xof128)
        .put("shake256", xof256)
        .put("key", key)
        .put("customization", customization)
        .put("kmac256", tag)
        .print();
  }
}

template <class P>
void mlkem_cases(const char* kind) {
  Stream random(kind);
  for (int i = 0; i < 10; ++i) {
    const Buffer seed = random.bytes(64), m = random.bytes(32);
    const auto pair = mlkem::KeyPair<P>::from_seed(mlkem::Seed(FixedBytes<64>(seed)));
    const auto result = mlkem::encapsulate_internal(pair.ek, mlkem::Message(FixedBytes<32>(m)));
    Buffer wrong = to_buffer(result.ciphertext.bytes());
    wrong[random.below(wrong.size())] ^= 1;
    const auto rejected =
        mlkem::decapsulate(pair.dk, mlkem::Ciphertext<P>(FixedBytes<P::ct_bytes>(wrong)));
    Line(kind)
        .put("seed", seed)
        .put("m", m)
        .put("publicKey", pair.ek.bytes())
        .put("privateKey", pair.dk.expose())
        .put("ciphertext", result.ciphertext.bytes())
        .put("sharedSecret", result.secret.expose())
        .put("wrong", wrong)
        .put("rejected", rejected.expose())
        .print();
  }
}

template <class P>
void mldsa_cases(const char* kind) {
  Stream random(kind);
  for (int i = 0; i < 10; ++i) {
    const Buffer seed = random.bytes(32), rnd = random.bytes(32), mu = random.bytes(64);
    const Buffer message = random.bytes(random.below(2000));
    const Buffer context = random.bytes(i == 0 ? 255 : random.below(64));
    const auto key = mldsa::PrivateKey<P>::from_seed(mldsa::Seed(FixedBytes<32>(seed)));
    const mldsa::Hedge hedge = mldsa::Hedge::from(FixedBytes<32>(rnd));
    Line(kind)
        .put("seed", seed)
        .put("rnd", rnd)
        .put("message", message)
        .put("context", context)
        .put("mu", mu)
        .put("publicKey", key.public_key().bytes())
        .put("privateKey", key.expose())
        .put("signature", key.sign(message, context, hedge)->bytes())
        .put("muSignature", key.sign(mldsa::Mu::external(FixedBytes<64>(mu)), hedge)->bytes())
        .print();
  }
}

void xwing_cases() {
  Stream random("xwing");
  for (int i = 0; i < 10; ++i) {
    const Buffer seed = random.bytes(32), eseed = random.bytes(64);
    const xwing::PrivateKey key{xwing::Seed(FixedBytes<32>(seed))};
    const auto result = xwing::encapsulate_internal(
        key.public_key(), xwing::EncapsulationSeed(FixedBytes<64>(eseed)));
    Line("xwing")
        .put("seed", seed)
        .put("eseed", eseed)
        .put("publicKey", key.public_key().bytes())
        .put("ciphertext", result.ciphertext.bytes())
        .put("sharedSecret", result.secret.expose())
        .print(i == 9);
  }
}

}  // namespace

int main() {
  std::printf("[\n");
  hashes();
  mlkem_cases<mlkem::Mlkem512>("mlkem512");
  mlkem_cases<mlkem::Mlkem768>("mlkem768");
  mlkem_cases<mlkem::Mlkem1024>("mlkem1024");
  mldsa_cases<mldsa::Mldsa44>("mldsa44");
  mldsa_cases<mldsa::Mldsa65>("mldsa65");
  mldsa_cases<mldsa::Mldsa87>("mldsa87");
  xwing_cases();
  std::printf("]\n");
}
