// What run.sh puts under valgrind memcheck: operations whose secrets the library marks as undefined
// memory, so that a branch or an index that depends on one is reported. The two leaks are planted
// and must be reported, or the check is blind.
// Usage: ct_check NAME, or --list
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/ct.h"
#include "base/world.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"

namespace v100 {
namespace {

class StreamRandom final : public Random {
 public:
  void fill(MutBytes out) override { stream_.squeeze(out); }

 private:
  keccak::Shake128 stream_;
};

template <class P>
bool mlkem_keygen() {
  StreamRandom random;
  const auto pair = mlkem::keygen<P>(random);
  return mlkem::EncapsulationKey<P>::parse(pair.ek.bytes()).has_value();
}

template <class P>
bool mlkem_encapsulate() {
  StreamRandom random;
  const auto pair = mlkem::keygen<P>(random);
  const auto sent = mlkem::encapsulate(pair.ek, random);
  return same(mlkem::decapsulate(pair.dk, sent.ciphertext).expose(), sent.secret.expose());
}

// Valid and altered ciphertexts: implicit rejection must look the same.
template <class P>
bool mlkem_decapsulate() {
  StreamRandom random;
  const auto pair = mlkem::keygen<P>(random);
  const mlkem::PreparedDecapsulator<P> prepared(pair.dk);
  bool good = true;
  for (std::size_t round = 0; round < 8; ++round) {
    auto sent = mlkem::encapsulate(pair.ek, random);
    good = good && same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose());
    sent.ciphertext.fill()[round * 97] ^= 1;
    good = good && !same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose());
  }
  return good;
}

template <class P>
bool mldsa_keygen() {
  StreamRandom random;
  const auto key = mldsa::PrivateKey<P>::generate(random);
  return mldsa::PublicKey<P>::parse(key.public_key().bytes()).has_value();
}

template <class P>
bool mldsa_sign() {
  StreamRandom random;
  const auto key = mldsa::PrivateKey<P>::generate(random);
  bool good = true;
  for (std::size_t round = 0; round < 4; ++round) {
    const auto signature =
        key.sign(as_bytes("a message"), as_bytes("context"), mldsa::Hedge::fresh(random));
    good = good && signature.has_value() &&
           key.public_key().verify(as_bytes("a message"), as_bytes("context"), *signature);
  }
  return good;
}

// A secret after the hash kernels: undefinedness must have come through them.
ByteArray<32> hashed_secret() {
  ByteArray<32> secret = {1, 2, 3};
  ct::poison(secret);
  ByteArray<32> out;
  keccak::shake256(out, {secret});
  return out;
}

bool leak_by_branch() {
  const ByteArray<32> secret = hashed_secret();
  if ((secret[5] & 1) != 0) {
    std::puts("odd");
  }
  return true;
}

bool leak_by_index() {
  const ByteArray<32> secret = hashed_secret();
  static const ByteArray<256> table = {7};
  std::uint8_t found = table[secret[5]];
  ct::unpoison({&found, 1});
  std::printf("%d\n", found);
  return true;
}

struct Check {
  const char* name;
  bool (*run)();
};
constexpr Check checks[] = {
    {"mlkem512-keygen", mlkem_keygen<mlkem::Mlkem512>},
    {"mlkem768-keygen", mlkem_keygen<mlkem::Mlkem768>},
    {"mlkem1024-keygen", mlkem_keygen<mlkem::Mlkem1024>},
    {"mlkem512-encapsulate", mlkem_encapsulate<mlkem::Mlkem512>},
    {"mlkem768-encapsulate", mlkem_encapsulate<mlkem::Mlkem768>},
    {"mlkem1024-encapsulate", mlkem_encapsulate<mlkem::Mlkem1024>},
    {"mlkem512-decapsulate", mlkem_decapsulate<mlkem::Mlkem512>},
    {"mlkem768-decapsulate", mlkem_decapsulate<mlkem::Mlkem768>},
    {"mlkem1024-decapsulate", mlkem_decapsulate<mlkem::Mlkem1024>},
    {"mldsa44-keygen", mldsa_keygen<mldsa::Mldsa44>},
    {"mldsa65-keygen", mldsa_keygen<mldsa::Mldsa65>},
    {"mldsa87-keygen", mldsa_keygen<mldsa::Mldsa87>},
    {"mldsa44-sign", mldsa_sign<mldsa::Mldsa44>},
    {"mldsa65-sign", mldsa_sign<mldsa::Mldsa65>},
    {"mldsa87-sign", mldsa_sign<mldsa::Mldsa87>},
    {"leak-by-branch", leak_by_branch},
    {"leak-by-index", leak_by_index},
};

}  // namespace
}  // namespace v100

int main(int argc, char** argv) {
  for (const v100::Check& check : v100::checks) {
    if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
      std::puts(check.name);
    } else if (argc == 2 && std::strcmp(argv[1], check.name) == 0) {
      return check.run() ? 0 : 1;
    }
  }
  return argc == 2 && std::strcmp(argv[1], "--list") == 0 ? 0 : 2;
}
