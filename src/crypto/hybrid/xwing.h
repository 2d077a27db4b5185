// X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 as one KEM, id 0x647a. This part is
// pure and knows no X25519: its results are handed in, by libcrypto natively (xwing_native.h) and
// by WebCrypto, asynchronously, in the browser. Thread-safe: no state.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/mlkem/mlkem.h"

namespace v100::xwing {

using Mlkem = mlkem::Mlkem768;

inline constexpr std::uint16_t kem_id = 0x647a;
inline constexpr std::size_t x25519_bytes = 32;
inline constexpr std::size_t public_key_bytes = Mlkem::ek_bytes + x25519_bytes;  // 1216
inline constexpr std::size_t ciphertext_bytes = Mlkem::ct_bytes + x25519_bytes;  // 1120

using Seed = Secret<32, struct SeedTag>;                  // the private key, as it is stored
using X25519Scalar = Secret<32, struct X25519ScalarTag>;  // clamped by X25519 itself
using X25519Secret = Secret<32, struct X25519SecretTag>;  // an X25519 result
using SharedSecret = Secret<32, struct SharedSecretTag>;

// Draft §5.2, expandDecapsulationKey: what a seed stands for.
struct ExpandedSeed {
  explicit ExpandedSeed(const Seed& seed) noexcept;
  mlkem::Seed mlkem;
  X25519Scalar x25519;
};

// pk_M || pk_X with pk_M checked.
class PublicKey {
 public:
  static Result<PublicKey> parse(Bytes raw) noexcept;  // malformed: length, ML-KEM modulus check
  PublicKey(const mlkem::EncapsulationKey<Mlkem>& pk_m, FixedBytes<x25519_bytes> pk_x) noexcept;

  const mlkem::EncapsulationKey<Mlkem>& mlkem() const noexcept { return pk_m_; }
  FixedBytes<x25519_bytes> x25519() const noexcept { return pk_x_; }
  ByteArray<public_key_bytes> bytes() const noexcept;

 private:
  mlkem::EncapsulationKey<Mlkem> pk_m_;
  ByteArray<x25519_bytes> pk_x_;
};

// ct_M || ct_X; any bytes of the right length.
class Ciphertext {
 public:
  Ciphertext() noexcept = default;
  static Result<Ciphertext> parse(Bytes raw) noexcept;
  Ciphertext(const mlkem::Ciphertext<Mlkem>& ct_m, FixedBytes<x25519_bytes> ct_x) noexcept;

  const mlkem::Ciphertext<Mlkem>& mlkem() const noexcept { return ct_m_; }
  FixedBytes<x25519_bytes> x25519() const noexcept { return ct_x_; }
  ByteArray<ciphertext_bytes> bytes() const noexcept;

 private:
  mlkem::Ciphertext<Mlkem> ct_m_;
  ByteArray<x25519_bytes> ct_x_{};
};

struct Encapsulated {
  Ciphertext ciphertext;  // to send
  SharedSecret secret;    // to keep
};

// One side's X25519 work, done by the caller.
struct EphemeralX25519 {
  FixedBytes<x25519_bytes> public_key;  // ct_X = X25519(ephemeral, base point)
  const X25519Secret& shared;           // ss_X = X25519(ephemeral, pk_X)
};

// Draft §5.4 (Encapsulate), X25519 handed in; m is 32 fresh random bytes.
Encapsulated encapsulate_with(const PublicKey& to, const mlkem::Message& m,
                              const EphemeralX25519& x25519) noexcept;

// Draft §5.5 (Decapsulate), with ss_X = X25519(sk_X, ct_X) handed in.
SharedSecret decapsulate_with(const mlkem::PreparedDecapsulator<Mlkem>& mlkem,
                              FixedBytes<x25519_bytes> own_pk_x, const Ciphertext& ciphertext,
                              const X25519Secret& shared) noexcept;

// Draft §5.3 (Combiner): SHA3-256(ss_M || ss_X || ct_X || pk_X || label).
struct CombinerInput {
  const mlkem::SharedSecret& ss_m;
  const X25519Secret& ss_x;
  FixedBytes<x25519_bytes> ct_x;
  FixedBytes<x25519_bytes> pk_x;
};
SharedSecret combine(const CombinerInput& input) noexcept;

}  // namespace v100::xwing
