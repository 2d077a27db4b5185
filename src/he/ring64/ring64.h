// Polynomials modulo X^n + 1 and a prime q < 2^50, n = 2048, 4096 or 8192: the arithmetic under
// BFV. Coefficients are canonical, in [0, q), on every border. Tables are immutable after
// construction and may be shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "he/ring64/kernel.h"

namespace v100::he {

// The kernel in use: "portable" or "avx512".
const char* ring64_kernel_name() noexcept;

struct AlignedFree {
  void operator()(std::uint64_t* p) const noexcept;
};

// n coefficients on a 64-byte border.
class Poly {
 public:
  explicit Poly(std::size_t n);
  std::size_t size() const noexcept { return n_; }
  std::uint64_t* data() noexcept { return words_.get(); }
  const std::uint64_t* data() const noexcept { return words_.get(); }
  std::uint64_t& operator[](std::size_t i) noexcept { return words_.get()[i]; }
  std::uint64_t operator[](std::size_t i) const noexcept { return words_.get()[i]; }

 private:
  std::size_t n_;
  std::unique_ptr<std::uint64_t, AlignedFree> words_;
};

// One prime's transform. Transform order: position 64b + 8k + l holds the value at
// psi^(2·bitreverse(64b + 8l + k) + 1), psi the least primitive 2n-th root that make() finds; it is
// the same for every kernel, so transformed polynomials may be stored and sent.
//
// Pointers are to n() values on a 64-byte border; ranges are kernel.h's.
class Ntt {
 public:
  // Unsupported: n is none of the three, or q is not a prime below 2^50 with q = 1 mod 2n.
  static Result<Ntt> make(std::size_t n, std::uint64_t q);

  std::size_t n() const noexcept { return tables_.n; }
  std::uint64_t q() const noexcept { return tables_.q; }
  const Modulus& modulus() const noexcept { return tables_; }
  std::uint64_t psi() const noexcept { return psi_; }
  // w mod q as a factor of scale(), and 2^52 mod q, by which factors of products are kept.
  Factor factor(std::uint64_t w) const noexcept;
  std::uint64_t r() const noexcept { return r_; }

  void forward(std::uint64_t* x) const noexcept;
  void forward_loose(std::uint64_t* x) const noexcept;
  void inverse(std::uint64_t* x) const noexcept;
  // Factors b that are used again are kept times 2^52 mod q, so that the products below come out
  // plain: to_montgomery(b) once, then multiply(out, a, b).
  void to_montgomery(std::uint64_t* x) const noexcept;
  void multiply(std::uint64_t* out, const std::uint64_t* a,
                const std::uint64_t* b_montgomery) const noexcept;
  void multiply_add(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b_montgomery,
                    const std::uint64_t* c) const noexcept;
  void add(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) const noexcept;
  void subtract(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) const noexcept;
  void subtract_scale(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                      Factor f) const noexcept;
  void recentre(std::uint64_t* out, const std::uint64_t* in, std::uint64_t other) const noexcept;
  void scale(std::uint64_t* out, const std::int32_t* m, Factor f,
             const std::int8_t* e) const noexcept;
  void scale_small(std::uint64_t* out, const std::int8_t* e, Factor f) const noexcept;
  void sums(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b_montgomery,
            std::size_t block) const noexcept;
  void multiply_add_sums(const MatchLimb& limb, std::size_t block) const noexcept;

  void forward(Poly& x) const noexcept { forward(x.data()); }
  void inverse(Poly& x) const noexcept { inverse(x.data()); }

 private:
  Ntt() = default;
  NttTables tables_{};
  std::unique_ptr<std::uint64_t, AlignedFree> storage_;
  std::uint64_t r_ = 0;  // 2^52 mod q
  std::uint64_t psi_ = 0;
  Factor to_montgomery_{};
};

// Number theory for those above: a·b mod q, base^exponent mod q (q < 2^63, values below q).
std::uint64_t mod_multiply(std::uint64_t a, std::uint64_t b, std::uint64_t q) noexcept;
std::uint64_t mod_power(std::uint64_t base, std::uint64_t exponent, std::uint64_t q) noexcept;
std::uint64_t mod_inverse(std::uint64_t a, std::uint64_t prime) noexcept;
// Reduction by a prime alone, for matrices modulo something without a transform.
Modulus make_modulus(std::uint64_t q) noexcept;  // q odd, 2^11 < q < 2^50

// The kernel's operations that belong to no prime's transform.
const Ring64Kernel& ring64_kernel() noexcept;

}  // namespace v100::he
