#include "he/ring64/ring64.h"

#include <cstdlib>

#include "base/cpu.h"
#include "he/ring64/tables.h"

namespace v100::he {
namespace {

const Ring64Kernel& pick() noexcept {
#if defined(__x86_64__)
  static const Ring64Kernel& kernel =
      cpu_isa() == Isa::avx512 ? ring64_avx512 : ring64_portable;  // AVX2 has no 52-bit product
  return kernel;
#else
  return ring64_portable;
#endif
}

std::uint64_t* allocate(std::size_t words) {
  void* p = std::aligned_alloc(64, words * sizeof(std::uint64_t));
  CHECK(p != nullptr);
  return static_cast<std::uint64_t*>(p);
}

}  // namespace

const char* ring64_kernel_name() noexcept { return pick().name; }

void AlignedFree::operator()(std::uint64_t* p) const noexcept { std::free(p); }

Poly::Poly(std::size_t n) : n_(n), words_(allocate(n)) {
  for (std::size_t i = 0; i < n; ++i) {
    words_.get()[i] = 0;
  }
}

Result<Ntt> Ntt::make(std::size_t n, std::uint64_t q) {
  if ((n != 2048 && n != 4096 && n != 8192) || !is_ntt_prime(q, n)) {
    return fail(Errc::unsupported, "ring64: n is 2048, 4096 or 8192; q is 1 mod 2n, below 2^50");
  }
  Ntt out;
  out.storage_.reset(allocate(table_words(n)));
  out.tables_ = fill_tables(out.storage_.get(), n, q);
  const std::uint64_t r = mod_multiply(1ull << 26, 1ull << 26, q);
  out.r_squared_ = mod_multiply(r, r, q);
  return out;
}

void Ntt::forward(Poly& x) const noexcept {
  CHECK(x.size() == n());
  pick().forward(x.data(), tables_);
}

void Ntt::inverse(Poly& x) const noexcept {
  CHECK(x.size() == n());
  pick().inverse(x.data(), tables_);
}

void Ntt::to_montgomery(Poly& x) const noexcept {
  Poly factor(n());
  for (std::size_t i = 0; i < n(); ++i) {
    factor[i] = r_squared_;
  }
  pick().multiply(x.data(), x.data(), factor.data(), tables_);
}

void Ntt::multiply(Poly& out, const Poly& a, const Poly& b_montgomery) const noexcept {
  CHECK(out.size() == n() && a.size() == n() && b_montgomery.size() == n());
  pick().multiply(out.data(), a.data(), b_montgomery.data(), tables_);
}

void Ntt::multiply_add(Poly& out, const Poly& a, const Poly& b_montgomery,
                       const Poly& c) const noexcept {
  CHECK(out.size() == n() && a.size() == n() && b_montgomery.size() == n() && c.size() == n());
  pick().multiply_add(out.data(), a.data(), b_montgomery.data(), c.data(), tables_);
}

}  // namespace v100::he
