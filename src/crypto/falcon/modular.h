// Arithmetic modulo primes below 2^31 and the negacyclic transform over them, for key generation:
// no branch and no index depends on values. Not a front door.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::falcon {

// An odd prime p < 2^31, p = 1 mod 2048. Numbers stand in [0, p); products are Montgomery's:
// a b / 2^32.
class Modulus {
 public:
  Modulus() = default;
  explicit Modulus(std::uint32_t p) noexcept;

  std::uint32_t p() const noexcept { return p_; }
  std::uint32_t add(std::uint32_t a, std::uint32_t b) const noexcept { return fold(a + b - p_); }
  std::uint32_t sub(std::uint32_t a, std::uint32_t b) const noexcept { return fold(a - b); }
  std::uint32_t mul(std::uint32_t a, std::uint32_t b) const noexcept {
    const std::uint64_t product = static_cast<std::uint64_t>(a) * b;
    const std::uint32_t m = static_cast<std::uint32_t>(product) * minus_inverse_;
    return fold(static_cast<std::uint32_t>((product + static_cast<std::uint64_t>(m) * p_) >> 32) -
                p_);
  }
  // To Montgomery's form and back.
  std::uint32_t enter(std::uint32_t a) const noexcept { return mul(a, r2_); }
  std::uint32_t leave(std::uint32_t a) const noexcept { return mul(a, 1); }
  // A small signed number; |a| < p.
  std::uint32_t from_signed(std::int32_t a) const noexcept {
    return fold(static_cast<std::uint32_t>(a));
  }
  // The representative in -p/2..p/2.
  std::int32_t to_signed(std::uint32_t a) const noexcept {
    const std::uint32_t above = (p_ / 2 - a) >> 31;
    return static_cast<std::int32_t>(a - (p_ & (0u - above)));
  }
  // a^e, a in Montgomery's form; e is public.
  std::uint32_t power(std::uint32_t a, std::uint32_t e) const noexcept;
  // 1/a, in Montgomery's form both; 0 for 0.
  std::uint32_t inverse(std::uint32_t a) const noexcept { return power(a, p_ - 2); }
  std::uint32_t one() const noexcept { return one_; }  // in Montgomery's form

 private:
  // Below p, or "negative": then p comes back.
  std::uint32_t fold(std::uint32_t a) const noexcept { return a + (p_ & (0u - (a >> 31))); }
  std::uint32_t p_ = 0, minus_inverse_ = 0, r2_ = 0, one_ = 0;
};

// Roots of one prime for one size, n = 2^logn <= 1024.
struct NttTables {
  std::uint32_t forward[1024];
  std::uint32_t inverse[1024];
  void fill(const Modulus& mod, int logn) noexcept;
};
// In place. Values at w and -w stand side by side in the transformed form; factors of Montgomery's
// form are not touched (they pass through).
void ntt(std::uint32_t* a, const Modulus& mod, const NttTables& tables, int logn) noexcept;
void intt(std::uint32_t* a, const Modulus& mod, const NttTables& tables, int logn) noexcept;

}  // namespace v100::falcon
