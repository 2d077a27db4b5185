// Parameters of BFV: ring, plaintext modulus, ciphertext primes, and the refusal of what is too
// large to be secure. A Params is made once, shared by reference, and outlives all that uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "he/ring64/ring64.h"

namespace v100::he::bfv {

// What is asked of the lattice: estimated bits against the named attacker, secrets ternary.
enum class Security : std::uint8_t { classical_128, quantum_128, quantum_192 };

// The largest log2 of all primes together, the special one included, for a ternary secret and an
// error of standard deviation 3.2; 0 where there is no entry. Classical: Bossuat et al., "Security
// Guidelines for Implementing Homomorphic Encryption" (eprint 2024/463), table 5.2; quantum: the
// same authors' published script (101 and 69 at N = 4096), and where that gives no value the 2018
// HomomorphicEncryption.org standard's quantum table, the stricter one where both do.
unsigned log_q_limit(std::size_t n, Security security) noexcept;

struct Spec {
  std::size_t n = 4096;               // 2048, 4096 or 8192
  std::uint64_t t = 65537;            // a prime, 1 mod 2n, below 2^17
  std::vector<std::uint64_t> primes;  // of ciphertexts: 1 to 3, each below 2^50 and 1 mod 2n
  std::uint64_t special = 0;          // for key switching; 0: no rotations, no relinearisation
  Security security = Security::quantum_128;
};

// q = 94 bits of two primes, q = 1 mod t: one product and 72 bits of flooding.
Spec match_spec();
// N = 8192, q = 138 bits of three primes, q = 1 mod t: the 192-bit tier.
Spec match192_spec();
// q = 67 bits and a special prime of 34, 101 in all: rotations and relinearisation at N = 4096.
Spec rotate_spec();
// N = 2048, one prime of 50 bits: one product, no room for flooding.
Spec small_spec();

using ParamsId = ByteArray<8>;

class Params {
 public:
  // Unsupported: numbers that are no such primes, or a modulus above the table.
  static Result<std::unique_ptr<Params>> make(const Spec& spec);

  // What depends on how many primes are left.
  struct Level {
    std::vector<Factor> delta;         // floor(q / t)
    std::vector<Factor> garner;        // (q / q_i)^-1 mod q_i
    std::vector<double> t_over_prime;  // t / q_i
    std::vector<Factor> drop;          // q_last^-1 mod q_i: for dropping this level's last prime
  };

  std::size_t n() const noexcept { return spec_.n; }
  std::uint64_t t() const noexcept { return spec_.t; }
  std::size_t limbs() const noexcept { return spec_.primes.size(); }
  bool has_special() const noexcept { return spec_.special != 0; }
  // limbs(), and one more with a special prime, which comes last.
  std::size_t key_limbs() const noexcept { return ntts_.size(); }
  const Ntt& ntt(std::size_t limb) const noexcept { return ntts_[limb]; }
  std::uint64_t prime(std::size_t limb) const noexcept { return ntts_[limb].q(); }
  unsigned width(std::size_t limb) const noexcept;  // bits of a residue
  const Level& level(std::size_t limbs) const noexcept { return levels_[limbs - 1]; }
  const Spec& spec() const noexcept { return spec_; }
  double log_q() const noexcept;  // of the ciphertext primes
  // Names n, t, primes and special prime: the first bytes of a hash of them.
  const ParamsId& id() const noexcept { return id_; }

 private:
  explicit Params(Spec spec) : spec_(std::move(spec)) {}
  void fill_levels();
  Spec spec_;
  std::vector<Ntt> ntts_;
  std::vector<Level> levels_;
  ParamsId id_{};
};

}  // namespace v100::he::bfv
