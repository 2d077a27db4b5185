// Computing on BFV ciphertexts: sums, products, relinearisation, rotations of slots, modulus
// switching. The match does not need most of this; it is the textbook way, kept correct and
// measured beside it, and what other circuits would use.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "he/bfv/bfv.h"

namespace v100::he::bfv {

// n slots modulo t: two rows of n/2, each turned by rotations. Needs t = 1 mod 2n.
class SlotEncoder {
 public:
  explicit SlotEncoder(const Params& params);
  // values[i] in -t/2 … t/2; slot i of row 0 is values[i], of row 1 values[n/2 + i].
  void encode(std::span<std::int32_t> plain, std::span<const std::int32_t> values) const;
  void decode(std::span<std::int32_t> values, Plain plain) const;

 private:
  const Params& params_;
  Ntt ntt_;
  std::vector<std::uint32_t> positions_;  // of slot i in the transform
};

// The automorphism X -> X^g with its switch key, kept turned back so that the turn comes last.
struct GaloisKey {
  std::uint32_t element = 1;             // g
  std::vector<std::uint32_t> positions;  // transform position i of the image comes from there
  SwitchKey key;

  static GaloisKey generate(const Params& params, const SecretKey& secret, std::uint32_t element,
                            Noise& noise, Random& random);
};
// g of a rotation of both rows to the left by `steps`, and of exchanging the rows.
std::uint32_t rotation_element(const Params& params, std::int64_t steps);
std::uint32_t row_swap_element(const Params& params);

// All operands of one Params, at one level (CHECK). Results are canonical; `seed` is dropped.
// Scratch space of some polynomials is kept: fresh memory would cost more than the arithmetic.
class Evaluator {
 public:
  explicit Evaluator(const Params& params);

  void add(Ciphertext& a, const Ciphertext& b) const;
  void subtract(Ciphertext& a, const Ciphertext& b) const;
  void add_plain(Ciphertext& a, Plain m) const;
  void multiply_plain(Ciphertext& a, const RnsPoly& prepared) const;
  // Two parts each; three come out.
  Ciphertext multiply(const Ciphertext& a, const Ciphertext& b) const;
  void relinearise(Ciphertext& c, const SwitchKey& key);
  void rotate(Ciphertext& c, const GaloisKey& key);
  // c + the sum of its images: the digits are taken apart once, divided by the special prime once.
  void add_images(Ciphertext& c, std::span<const GaloisKey* const> keys);
  // Drops the last prime (not the only one: CHECK).
  void switch_down(Ciphertext& c) const;

 private:
  void take_digits(const RnsPoly& part);
  void inner_product(const SwitchKey& key);
  void divide_special(RnsPoly& x);
  std::vector<RnsPoly> extend(const Ciphertext& c) const;
  RnsPoly scale_down(RnsPoly& x, std::size_t limbs) const;
  const Params& params_;
  std::vector<Ntt> auxiliary_;  // primes beside q in which the exact product of two lies
  std::vector<Factor> special_inverse_;
  std::vector<RnsPoly> digits_;
  RnsPoly product_[2];  // over all key limbs, as the sum below
  RnsPoly sum_[2];
  RnsPoly scaled_;
  RnsPoly zero_;
  RnsPoly rest_;  // one limb, as the next
  RnsPoly turned_;
};

}  // namespace v100::he::bfv
