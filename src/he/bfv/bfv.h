// BFV, the module's front door: encryption, decryption and evaluation over a Params, with
// plaintexts modulo t as n centred coefficients. Objects with scratch space (Encryptor, Decryptor,
// Evaluator) serve one thread at a time; keys and parameters may be shared.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "he/bfv/keys.h"
#include "he/bfv/noise.h"
#include "he/bfv/params.h"
#include "he/bfv/rns.h"

namespace v100::he::bfv {

// c0 + c1·s (+ c2·s^2) = floor(q/t)·m + noise. Parts are transformed and canonical.
struct Ciphertext {
  std::vector<RnsPoly> parts;  // two, or three after a multiplication
  std::optional<Seed> seed;    // parts[1] is expand_uniform(seed): it travels as 32 bytes
  std::size_t limbs() const noexcept { return parts.empty() ? 0 : parts[0].limbs(); }
  Ciphertext copy() const;
};
Ciphertext make_ciphertext(const Params& params, std::size_t parts);

using Plain = std::span<const std::int32_t>;  // n coefficients, |m| <= t / 2

class Encryptor {
 public:
  Encryptor(const Params& params, Random& random);
  ~Encryptor();
  // Under the secret key, with a fresh public seed for c1: noise |e| <= 21.
  void encrypt(Ciphertext& out, Plain m, const SecretKey& key);
  // Under the public key: noise e·u + e0 + e1·s.
  void encrypt(Ciphertext& out, Plain m, const PublicKey& key);
  // The half of it that needs no message, for a pool: an encryption of zero under either key. With
  // a message added it is what encrypt() makes; added to two messages it shows their difference.
  void zero(Ciphertext& out, const SecretKey& key);
  void zero(Ciphertext& out, const PublicKey& key);
  void add_message(Ciphertext& zero, Plain m);
  Noise& noise() noexcept { return noise_; }

 private:
  void make(Ciphertext& out, const std::int32_t* m, const SecretKey& key);
  void make(Ciphertext& out, const std::int32_t* m, const PublicKey& key);
  const Params& params_;
  Random& random_;
  Noise noise_;
  std::vector<std::int8_t> e0_;
  std::vector<std::int8_t> e1_;
  std::vector<std::int8_t> u_;
  RnsPoly scratch_;
};

class Decryptor {
 public:
  Decryptor(const Params& params, const SecretKey& key);
  ~Decryptor();
  // m centred. Right as long as the noise is below q/2t·(1 - 2^-30).
  void decrypt(std::span<std::int32_t> m, const Ciphertext& c);
  // For developers only, never for a remote party: bits left, log2(q / (2·|t·phase mod q|)).
  double noise_budget(const Ciphertext& c);

 private:
  void phase(const Ciphertext& c);
  const Params& params_;
  const SecretKey& key_;
  RnsPoly phase_;
};

// A plaintext made ready for multiply_plain: transformed, times 2^52, over the ciphertext primes.
RnsPoly prepare_plain(const Params& params, Plain m);

}  // namespace v100::he::bfv
