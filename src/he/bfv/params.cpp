#include "he/bfv/params.h"

#include <bit>
#include <cmath>

#include "crypto/keccak/keccak.h"

namespace v100::he::bfv {

unsigned log_q_limit(std::size_t n, Security security) noexcept {
  struct Row {
    std::size_t n;
    unsigned limits[3];  // in the order of Security
  };
  static constexpr Row table[] = {
      {2048, {53, 51, 35}}, {4096, {106, 101, 69}}, {8192, {214, 202, 140}}};
  for (const Row& row : table) {
    if (row.n == n) {
      return row.limits[static_cast<std::size_t>(security)];
    }
  }
  return 0;
}

Spec match_spec() { return {.primes = {140737488273409, 140735264137217}}; }
Spec match192_spec() {
  return {.n = 8192,
          .primes = {70368743669761, 70368743587841, 70281382739969},
          .security = Security::quantum_192};
}
Spec rotate_spec() { return {.primes = {8589852673, 17179672577}, .special = 17179754497}; }
Spec small_spec() { return {.n = 2048, .primes = {1125889168998401}}; }

unsigned Params::width(std::size_t limb) const noexcept {
  return static_cast<unsigned>(std::bit_width(prime(limb)));
}

double Params::log_q() const noexcept {
  double out = 0;
  for (const std::uint64_t q : spec_.primes) {
    out += std::log2(static_cast<double>(q));
  }
  return out;
}

Result<std::unique_ptr<Params>> Params::make(const Spec& spec) {
  const std::size_t count = spec.primes.size();
  if (count < 1 || count > 3) {
    return fail(Errc::unsupported, "bfv: one to three ciphertext primes");
  }
  if (spec.t >= 1 << 17 || spec.t < 1 << 12 || !Ntt::make(spec.n, spec.t).has_value()) {
    return fail(Errc::unsupported, "bfv: t is a prime of 13 to 17 bits and 1 mod 2n");
  }
  std::unique_ptr<Params> out(new Params(spec));
  std::vector<std::uint64_t> primes = spec.primes;
  if (spec.special != 0) {
    primes.push_back(spec.special);
  }
  double log_all = 0;
  for (std::size_t i = 0; i < primes.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (primes[i] == primes[k]) {
        return fail(Errc::unsupported, "bfv: a prime stands twice");
      }
    }
    if (primes[i] <= spec.t) {
      return fail(Errc::unsupported, "bfv: a ciphertext prime is larger than t");
    }
    out->ntts_.push_back(TRY(Ntt::make(spec.n, primes[i])));
    log_all += std::log2(static_cast<double>(primes[i]));
  }
  if (log_all > log_q_limit(spec.n, spec.security)) {
    return fail(Errc::unsupported, "bfv: modulus above the security table");
  }
  out->fill_levels();
  keccak::Sha3_256 hash;
  const auto number = [&hash](std::uint64_t value) {
    ByteArray<8> bytes;
    store_be(bytes.data(), value);
    hash.update(bytes);
  };
  hash.update(as_bytes("v100 bfv parameters 1"));
  number(spec.n);
  number(spec.t);
  number(count);
  for (const std::uint64_t q : primes) {
    number(q);
  }
  ByteArray<32> digest;
  hash.finish(digest);
  copy(out->id_, Bytes(digest).first(out->id_.size()));
  return out;
}

void Params::fill_levels() {
  for (std::size_t limbs = 1; limbs <= this->limbs(); ++limbs) {
    Level& level = levels_.emplace_back();
    std::uint64_t q_mod_t = 1;
    for (std::size_t i = 0; i < limbs; ++i) {
      q_mod_t = mod_multiply(q_mod_t, prime(i) % t(), t());
    }
    for (std::size_t i = 0; i < limbs; ++i) {
      const std::uint64_t q = prime(i);
      // floor(q / t) = (q - q mod t) / t, and q is 0 here.
      const std::uint64_t negated = q - q_mod_t % q;
      level.delta.push_back(ntt(i).factor(mod_multiply(negated, mod_inverse(t(), q), q)));
      std::uint64_t others = 1;
      for (std::size_t k = 0; k < limbs; ++k) {
        others = k == i ? others : mod_multiply(others, prime(k) % q, q);
      }
      level.garner.push_back(ntt(i).factor(mod_inverse(others, q)));
      level.t_over_prime.push_back(static_cast<double>(t()) / static_cast<double>(q));
      if (i + 1 < limbs) {
        level.drop.push_back(ntt(i).factor(mod_inverse(prime(limbs - 1) % q, q)));
      }
    }
  }
}

}  // namespace v100::he::bfv
