// Broken if this fails: every encrypted match (the ring under BFV).
#include "he/ring64/ring64.h"

#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

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
  ntt.to_montgomery(fb.data());
  Poly out(ntt.n());
  ntt.multiply_add(out.data(), fa.data(), fb.data(), fc.data());
  ntt.multiply(fa.data(), fa.data(), fb.data());
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

TEST_P(Ring64, LooseForwardIsRightModuloTheTruth) {
  Poly x = random_poly(ntt, random);
  for (std::size_t i = 0; i < x.size(); i += 3) {
    x[i] = 2 * ntt.q() - 1;  // the border of what may come in
  }
  Poly y(ntt.n());
  std::memcpy(y.data(), x.data(), 8 * x.size());
  ntt.forward(x);
  ntt.forward_loose(y.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LT(y[i], 1ull << 52);
    ASSERT_EQ(y[i] % ntt.q(), x[i]);
  }
}

// Every pointwise operation against the definition in plain arithmetic.
TEST_P(Ring64, PointwiseOperationsAreWhatTheySay) {
  const std::uint64_t q = ntt.q();
  const std::size_t n = ntt.n();
  Poly a = random_poly(ntt, random);
  Poly b = random_poly(ntt, random);
  a[0] = b[0] = q - 1;
  a[1] = 0;
  b[1] = q - 1;
  Poly out(n);
  ntt.add(out.data(), a.data(), b.data());
  const auto each = [&](auto want) {
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(out[i], want(i)) << i;
    }
  };
  each([&](std::size_t i) { return (a[i] + b[i]) % q; });
  ntt.subtract(out.data(), a.data(), b.data());
  each([&](std::size_t i) { return (a[i] + q - b[i]) % q; });
  const std::uint64_t w = random() % q;
  ntt.subtract_scale(out.data(), a.data(), b.data(), ntt.factor(w));
  each([&](std::size_t i) { return mod_multiply((a[i] + q - b[i]) % q, w, q); });
  const std::uint64_t other = (1ull << 49) - 5;
  Poly c(n);
  for (std::size_t i = 0; i < n; ++i) {
    c[i] = i == 0 ? other / 2 : i == 1 ? other / 2 + 1 : random() % other;
  }
  ntt.recentre(out.data(), c.data(), other);
  each([&](std::size_t i) { return c[i] <= other / 2 ? c[i] % q : (q - (other - c[i]) % q) % q; });
  std::vector<std::int32_t> m(n);
  std::vector<std::int8_t> e(n);
  for (std::size_t i = 0; i < n; ++i) {
    m[i] = static_cast<std::int32_t>(random() % 65537) - 32768;
    e[i] = static_cast<std::int8_t>(random());
  }
  const auto lifted = [q](std::int64_t v) {
    return static_cast<std::uint64_t>(v < 0 ? v + static_cast<std::int64_t>(q) : v);
  };
  ntt.scale(out.data(), m.data(), ntt.factor(w), e.data());
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_LT(out[i], 2 * q);
    out[i] %= q;
  }
  each([&](std::size_t i) { return (mod_multiply(lifted(m[i]), w, q) + lifted(e[i])) % q; });
  ntt.scale_small(out.data(), e.data(), ntt.factor(w));
  for (std::size_t i = 0; i < n; ++i) {
    out[i] %= q;
  }
  each([&](std::size_t i) { return mod_multiply(lifted(e[i]), w, q); });
}

TEST_P(Ring64, BlockSumsAndMatchedProducts) {
  const std::uint64_t q = ntt.q();
  const std::size_t n = ntt.n();
  const std::uint64_t unscale = mod_inverse(ntt.r(), q);
  const auto product = [&](std::uint64_t a, std::uint64_t b) {
    return mod_multiply(mod_multiply(a, b % q, q), unscale, q);
  };
  Poly c0 = random_poly(ntt, random);
  Poly c1 = random_poly(ntt, random);
  Poly t0 = random_poly(ntt, random);
  Poly t1 = random_poly(ntt, random);
  for (std::size_t i = 0; i < 128; ++i) {  // the largest sum a block can have
    c0[i] = c1[i] = q - 1;
    t0[i] = t1[i] = (1ull << 52) - 1;
  }
  const Poly add1 = random_poly(ntt, random);
  const Poly add2 = random_poly(ntt, random);
  Poly add_sums = random_poly(ntt, random);
  for (const bool pair : {false, true}) {
    Poly out1(n);
    Poly out2(n);
    Poly sums(64);
    ntt.multiply_add_sums({out1.data(), out2.data(), sums.data(), c0.data(), c1.data(), t0.data(),
                           pair ? t1.data() : nullptr, add1.data(), add2.data(), add_sums.data()},
                          128);
    Poly want(64);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint64_t one = product(c1[i], t0[i]) + add1[i];
      if (pair) {
        one += product(c0[i], t1[i]);
        ASSERT_EQ(out2[i], (product(c1[i], t1[i]) + add2[i]) % q);
      }
      ASSERT_EQ(out1[i], one % q) << i;
      want[i / 128] = (want[i / 128] + product(c0[i], t0[i])) % q;
    }
    for (std::size_t i = 0; i < n / 128; ++i) {
      ASSERT_EQ(sums[i], (want[i] + add_sums[i]) % q);
    }
    ntt.sums(sums.data(), c0.data(), t0.data(), 128);
    for (std::size_t i = 0; i < n / 128; ++i) {
      ASSERT_EQ(sums[i], want[i]);
    }
  }
}

TEST_P(Ring64, MatrixTimesVector) {
  const std::uint64_t q = ntt.q();
  const std::uint64_t unscale = mod_inverse(ntt.r(), q);
  constexpr std::size_t rows = 32;
  constexpr std::size_t columns = 128;
  Poly m(rows * columns);
  Poly x(columns);
  for (std::size_t i = 0; i < rows * columns; ++i) {
    m[i] = i % rows == 0 ? q - 1 : random() % q;
  }
  for (std::size_t j = 0; j < columns; ++j) {
    x[j] = (1ull << 52) - 1 - random() % (j + 1);
  }
  Poly out(rows);
  ring64_kernel().matrix(out.data(), m.data(), x.data(), rows, columns, ntt.modulus());
  for (std::size_t k = 0; k < rows; ++k) {
    std::uint64_t want = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      want = (want + mod_multiply(mod_multiply(x[j] % q, m[j * rows + k], q), unscale, q)) % q;
    }
    ASSERT_EQ(out[k], want);
  }
}

TEST_P(Ring64, PackedValuesComeBack) {
  const unsigned width = static_cast<unsigned>(std::bit_width(ntt.q()));
  const Poly x = random_poly(ntt, random);
  std::vector<std::uint8_t> bytes(ntt.n() * width / 8 + 1, 0xAA);
  ring64_kernel().pack(bytes.data(), x.data(), ntt.n(), width);
  EXPECT_EQ(bytes.back(), 0xAA);
  for (std::size_t i = 0; i < ntt.n() * width; i += 7) {
    ASSERT_EQ(bytes[i / 8] >> (i % 8) & 1, static_cast<int>(x[i / width] >> (i % width) & 1));
  }
  Poly y(ntt.n());
  ring64_kernel().unpack(y.data(), bytes.data(), ntt.n(), width);
  EXPECT_EQ(std::memcmp(x.data(), y.data(), 8 * ntt.n()), 0);
  EXPECT_EQ(ring64_kernel().count_outside(x.data(), ntt.n(), ntt.q()), 0u);
  EXPECT_EQ(ring64_kernel().count_outside(x.data(), ntt.n(), x[5]) > 0, true);
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
