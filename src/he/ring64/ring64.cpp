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
  out.r_ = mod_multiply(1ull << 26, 1ull << 26, q);
  out.psi_ = out.tables_.roots[n / 2];  // bitreverse(n / 2) is 1
  out.to_montgomery_ = make_factor(out.r_, q);
  return out;
}

Factor Ntt::factor(std::uint64_t w) const noexcept { return make_factor(w, q()); }

void Ntt::forward(std::uint64_t* x) const noexcept { pick().forward(x, tables_); }

void Ntt::forward_loose(std::uint64_t* x) const noexcept { pick().forward_loose(x, tables_); }

void Ntt::inverse(std::uint64_t* x) const noexcept { pick().inverse(x, tables_); }

void Ntt::to_montgomery(std::uint64_t* x) const noexcept {
  alignas(64) static constexpr std::uint64_t zeros[8192] = {};
  pick().subtract_scale(x, x, zeros, to_montgomery_, tables_);
}

void Ntt::multiply(std::uint64_t* out, const std::uint64_t* a,
                   const std::uint64_t* b_montgomery) const noexcept {
  pick().multiply(out, a, b_montgomery, tables_);
}

void Ntt::multiply_add(std::uint64_t* out, const std::uint64_t* a,
                       const std::uint64_t* b_montgomery, const std::uint64_t* c) const noexcept {
  pick().multiply_add(out, a, b_montgomery, c, tables_);
}

void Ntt::add(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) const noexcept {
  pick().add(out, a, b, tables_);
}

void Ntt::subtract(std::uint64_t* out, const std::uint64_t* a,
                   const std::uint64_t* b) const noexcept {
  pick().subtract(out, a, b, tables_);
}

void Ntt::subtract_scale(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                         Factor f) const noexcept {
  pick().subtract_scale(out, a, b, f, tables_);
}

void Ntt::recentre(std::uint64_t* out, const std::uint64_t* in,
                   std::uint64_t other) const noexcept {
  pick().recentre(out, in, other, tables_);
}

void Ntt::scale(std::uint64_t* out, const std::int32_t* m, Factor f,
                const std::int8_t* e) const noexcept {
  pick().scale(out, m, f, e, tables_);
}

void Ntt::scale_small(std::uint64_t* out, const std::int8_t* e, Factor f) const noexcept {
  pick().scale_small(out, e, f, tables_);
}

void Ntt::sums(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b_montgomery,
               std::size_t block) const noexcept {
  pick().sums(out, a, b_montgomery, block, tables_);
}

void Ntt::multiply_add_sums(const MatchLimb& limb, std::size_t block) const noexcept {
  pick().multiply_add_sums(limb, block, tables_);
}

const Ring64Kernel& ring64_kernel() noexcept { return pick(); }

}  // namespace v100::he
