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
class Ntt {
 public:
  // Unsupported: n is none of the three, or q is not a prime below 2^50 with q = 1 mod 2n.
  static Result<Ntt> make(std::size_t n, std::uint64_t q);

  std::size_t n() const noexcept { return tables_.n; }
  std::uint64_t q() const noexcept { return tables_.q; }

  void forward(Poly& x) const noexcept;
  void inverse(Poly& x) const noexcept;
  // Factors b that are used again are kept times 2^52 mod q, so that the products below come out
  // plain: to_montgomery(b) once, then multiply(out, a, b).
  void to_montgomery(Poly& x) const noexcept;
  void multiply(Poly& out, const Poly& a, const Poly& b_montgomery) const noexcept;
  void multiply_add(Poly& out, const Poly& a, const Poly& b_montgomery,
                    const Poly& c) const noexcept;

 private:
  Ntt() = default;
  NttTables tables_{};
  std::unique_ptr<std::uint64_t, AlignedFree> storage_;
  std::uint64_t r_squared_ = 0;  // 2^104 mod q
};

}  // namespace v100::he
