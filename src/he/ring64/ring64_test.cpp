// Broken if this fails: every encrypted match (the ring under BFV).
#include "he/ring64/ring64.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "base/cpu.h"
#include "he/ring64/tables.h"

namespace v100::he {
namespace {

// The largest prime of at most `bits` bits that is 1 mod 2n.
std::uint64_t prime_of(int bits, std::size_t n) {
  for (std::uint64_t q = (1ull << bits) - 2 * n + 1;; q -= 2 * n) {
    if (is_ntt_prime(q, n)) {
      return q;
    }
  }
}

Poly random_poly(const Ntt& ntt, std::mt19937_64& random) {
  Poly out(ntt.n());
  for (std::size_t i = 0; i < ntt.n(); ++i) {
    out[i] = random() % ntt.q();
  }
  return out;
}

// X^n = -1, coefficient k only.
std::uint64_t product_coefficient(const Poly& a, const Poly& b, std::size_t k, std::uint64_t q) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t j = (k + a.size() - i) % a.size();
    const std::uint64_t term = mod_multiply(a[i], b[j], q);
    sum = (sum + (i + j == k ? term : q - term)) % q;
  }
  return sum;
}

class Ring64 : public testing::TestWithParam<std::tuple<std::size_t, int>> {
 protected:
  Ntt ntt =
      Ntt::make(std::get<0>(GetParam()), prime_of(std::get<1>(GetParam()), std::get<0>(GetParam())))
          .value();
  std::mt19937_64 random{42};
};

TEST_P(Ring64, InverseUndoesForward) {
  for (int round = 0; round < 4; ++round) {
    Poly x = random_poly(ntt, random);
    if (round == 1) {  // the bounds' worst case
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = ntt.q() - 1;
      }
    }
    Poly y(ntt.n());
    std::memcpy(y.data(), x.data(), 8 * x.size());
    ntt.forward(y);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_LT(y[i], ntt.q());
    }
    ntt.inverse(y);
    ASSERT_EQ(std::memcmp(x.data(), y.data(), 8 * x.size()), 0);
  }
}

TEST_P(Ring64, PointwiseProductIsTheNegacyclicOne) {
  const Poly a = random_poly(ntt, random);
  const Poly b = random_poly(ntt, random);
  const Poly c = random_poly(ntt, random);
  Poly fa(ntt.n());
  Poly fb(ntt.n());
  Poly fc(ntt.n());
  std::memcpy(fa.data(), a.data(), 8 * a.size());
  std::memcpy(fb.data(), b.data(), 8 * b.size());
  std::memcpy(fc.data(), c.data(), 8 * c.size());
  ntt.forward(fa);
  ntt.forward(fb);
  ntt.forward(fc);
  ntt.to_montgomery(fb);
  Poly out(ntt.n());
  ntt.multiply_add(out, fa, fb, fc);
  ntt.multiply(fa, fa, fb);
  ntt.inverse(out);
  ntt.inverse(fa);
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}, ntt.n() / 2, ntt.n() - 1}) {
    const std::uint64_t want = product_coefficient(a, b, k, ntt.q());
    EXPECT_EQ(fa[k], want);
    EXPECT_EQ(out[k], (want + c[k]) % ntt.q());
  }
}

TEST_P(Ring64, ForwardEvaluatesInTheStatedOrder) {
  // X transforms to psi^(2·bitreverse(i) + 1): successive quotients show the order without psi.
  Poly x(ntt.n());
  x[1] = 1;
  ntt.forward(x);
  const auto position = [](std::size_t i) { return i / 64 * 64 + i % 8 * 8 + i / 8 % 8; };
  const std::uint64_t psi = x[position(0)];
  EXPECT_EQ(mod_power(psi, ntt.n(), ntt.q()), ntt.q() - 1);
  const int bits = __builtin_ctzll(ntt.n());
  for (std::size_t i = 0; i < ntt.n(); ++i) {
    std::size_t reversed = 0;
    for (int b = 0; b < bits; ++b) {
      reversed |= ((i >> b) & 1) << (bits - 1 - b);
    }
    ASSERT_EQ(x[position(i)], mod_power(psi, 2 * reversed + 1, ntt.q())) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Ring64,
                         testing::Combine(testing::Values(2048u, 4096u, 8192u),
                                          testing::Values(17, 30, 46, 47, 50)));

TEST(Ring64, RefusesWhatItCannotDo) {
  EXPECT_EQ(Ntt::make(4096, 65537 * 2).error().code, Errc::unsupported);
  EXPECT_EQ(Ntt::make(1024, 12289).error().code, Errc::unsupported);
  EXPECT_EQ(Ntt::make(4096, 8192 * 9 + 1).error().code, Errc::unsupported);  // 1 mod 2n, not prime
  EXPECT_TRUE(Ntt::make(4096, 65537).has_value());
}

TEST(Ring64, RunsTheKernelItNames) {
  EXPECT_STREQ(ring64_kernel_name(), cpu_isa() == Isa::avx512 ? "avx512" : "portable");
}

}  // namespace
}  // namespace v100::he
