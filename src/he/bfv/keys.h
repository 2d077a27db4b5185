// Keys of BFV. Secret ones are wiped when they die or move; public ones are plain data.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "he/bfv/noise.h"
#include "he/bfv/params.h"
#include "he/bfv/rns.h"

namespace v100::he::bfv {

class SecretKey {
 public:
  static SecretKey generate(const Params& params, Noise& noise);
  // From n coefficients -1, 0, 1; malformed else.
  static Result<SecretKey> from(const Params& params, std::span<const std::int8_t> coefficients);
  SecretKey(SecretKey&&) noexcept = default;
  SecretKey& operator=(SecretKey&&) = delete;
  ~SecretKey();

  std::span<const std::int8_t> expose() const noexcept { return coefficients_; }
  // Transformed and times 2^52, over all key limbs: s, -s and s^2.
  const RnsPoly& s() const noexcept { return s_; }
  const RnsPoly& minus_s() const noexcept { return minus_s_; }
  const RnsPoly& s_squared() const noexcept { return s_squared_; }

 private:
  explicit SecretKey(std::vector<std::int8_t> coefficients)
      : coefficients_(std::move(coefficients)) {}
  void prepare(const Params& params);
  std::vector<std::int8_t> coefficients_;
  RnsPoly s_;
  RnsPoly minus_s_;
  RnsPoly s_squared_;
};

// (b, a) with b + a·s a small error: a from a seed, both transformed and times 2^52.
struct PublicKey {
  Seed seed{};
  RnsPoly b;
  RnsPoly a;

  static PublicKey generate(const Params& params, const SecretKey& key, Noise& noise,
                            Random& random);
};

// Turns a multiple of s' into a ciphertext under s: for each ciphertext prime (digit) a pair (b, a)
// over all key limbs with b + a·s = e + special · s' on that digit's limb. Transformed, times 2^52.
struct SwitchKey {
  Seed seed{};  // digit i's a expands from SHAKE256(seed, i)
  std::vector<RnsPoly> b;
  std::vector<RnsPoly> a;

  // `target` is s', transformed and plain, over the key limbs. Params have a special prime (CHECK).
  static SwitchKey generate(const Params& params, const SecretKey& key, const RnsPoly& target,
                            Noise& noise, Random& random);
  // For s^2: what relinearise() takes.
  static SwitchKey relinearisation(const Params& params, const SecretKey& key, Noise& noise,
                                   Random& random);
};

// digit i's seed of a switch key.
Seed digit_seed(const Seed& seed, std::size_t digit);

}  // namespace v100::he::bfv
