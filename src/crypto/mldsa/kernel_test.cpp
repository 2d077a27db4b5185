// If this fails, a kernel computes something else than the portable one, or the portable one
// something else than the definition: every entry of MldsaKernel on random and boundary values.
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

using Rng = std::mt19937_64;
constexpr std::uint64_t seed = 20240813;

std::int32_t below(Rng& rng, std::int32_t bound) {
  return static_cast<std::int32_t>(rng() % static_cast<std::uint64_t>(bound));
}
std::int64_t mod(std::int64_t a) { return ((a % q) + q) % q; }

template <int N>
Vector<N> random_vector(Rng& rng) {
  Vector<N> v;
  for (std::int32_t& c : v.c) {
    c = below(rng, q);
  }
  return v;
}

template <int N>
bool equal_mod(const Vector<N>& a, const Vector<N>& b) {
  for (std::size_t i = 0; i < a.coefficients; ++i) {
    if (mod(a.c[i]) != mod(b.c[i])) {
      return false;
    }
  }
  return true;
}

// a * b in Z_q[X]/(X^256+1), by the definition.
Vector<1> schoolbook(const Vector<1>& a, const Vector<1>& b) {
  std::int64_t sum[256] = {};
  for (int i = 0; i < 256; ++i) {
    for (int j = 0; j < 256; ++j) {
      const std::int64_t product = static_cast<std::int64_t>(a.c[i]) * b.c[j] % q;
      sum[(i + j) % 256] += i + j < 256 ? product : -product;
    }
  }
  Vector<1> out;
  for (int i = 0; i < 256; ++i) {
    out.c[i] = static_cast<std::int32_t>(mod(sum[i]));
  }
  return out;
}

// The kernel in use, so that the suite's run per V100_KERNEL covers each.
const MldsaKernel& other() { return kernel(); }
const MldsaKernel& plain() { return kernel_portable; }

// The values at which lazily reduced arithmetic would overflow first.
const std::int32_t extremes[] = {0,         1,         -1,          q - 1,       q,
                                 2 * q - 1, 1 - 2 * q, (q - 1) / 2, -(q - 1) / 2};

TEST(MldsaKernel, TransformMultipliesLikeTheSchoolbook) {
  Rng rng(seed);
  for (int round = 0; round < 20; ++round) {
    Vector<1> a = random_vector<1>(rng), b = random_vector<1>(rng), out;
    if (round < 2) {
      for (std::int32_t& c : a.c) {
        c = round == 0 ? q - 1 : -(q - 1);
      }
      b = a;
    }
    const Vector<1> expected = schoolbook(a, b);
    other().ntt(a.c, 1);
    other().ntt(b.c, 1);
    other().scale(a.c, b.c, out.c, 1);
    other().intt(out.c, 1);
    EXPECT_EQ(std::memcmp(out.c, expected.c, sizeof out.c), 0) << "seed " << seed << ", " << round;
  }
}

TEST(MldsaKernel, TransformKeepsItsBoundAndItsValues) {
  Rng rng(seed);
  for (int round = 0; round < 200; ++round) {
    Vector<2> a;
    for (std::int32_t& c : a.c) {
      c = round < 9 ? extremes[round] : extremes[rng() % std::size(extremes)];
    }
    Vector<2> b = a;
    // Standard order is the portable kernel's; tile() of a one-by-one matrix brings it into
    // `other`'s.
    plain().ntt(a.c, 2);
    other().ntt(b.c, 2);
    Vector<2> ordered;
    other().tile(a.c, ordered.c, 0, 0, 1, 1);
    other().tile(a.c + 256, ordered.c + 256, 0, 0, 1, 1);
    EXPECT_TRUE(equal_mod(ordered, b));
    for (const std::int32_t c : b.c) {
      EXPECT_LT(std::abs(c), 10.2 * q);
    }
  }
}

TEST(MldsaKernel, InverseTransformTakesItsWholeRange) {
  Rng rng(seed);
  const std::int32_t ends[] = {q, -q, 0, q - 1, 1 - q};
  for (int round = 0; round < 200; ++round) {
    Vector<1> a, ordered, b;
    for (std::int32_t& c : a.c) {
      c = round < 5 ? ends[round] : ends[rng() % 5];
    }
    other().tile(a.c, ordered.c, 0, 0, 1, 1);
    b = ordered;
    other().intt(b.c, 1);
    plain().intt(a.c, 1);
    EXPECT_EQ(std::memcmp(a.c, b.c, sizeof a.c), 0);
    for (const std::int32_t c : b.c) {
      EXPECT_TRUE(c >= 0 && c < q);
    }
    // Back again: intt carries 2^32 / 1, ntt none.
    other().ntt(b.c, 1);
    for (std::size_t i = 0; i < 256; ++i) {
      EXPECT_EQ(mod(b.c[i]), mod(ordered.c[i] % q * ((std::int64_t{1} << 32) % q)));
    }
  }
}

template <int Rows, int Columns>
void check_multiply(Rng& rng, bool extreme) {
  Vector<Rows * Columns> plain_matrix, other_matrix;
  Vector<Columns> v, ordered;
  for (int row = 0; row < Rows; ++row) {
    for (int column = 0; column < Columns; ++column) {
      Vector<1> poly = random_vector<1>(rng);
      if (extreme) {
        for (std::int32_t& c : poly.c) {
          c = q - 1;
        }
      }
      plain().tile(poly.c, plain_matrix.c, row, column, Rows, Columns);
      other().tile(poly.c, other_matrix.c, row, column, Rows, Columns);
    }
  }
  for (std::int32_t& c : v.c) {
    c = extreme ? (rng() & 1 ? 10 * q : -10 * q) : below(rng, 20 * q) - 10 * q;
  }
  for (int column = 0; column < Columns; ++column) {
    other().tile(v.poly(column), ordered.poly(column), 0, 0, 1, 1);
  }
  Vector<Rows> a, b, a_ordered;
  plain().multiply(plain_matrix.c, v.c, a.c, Rows, Columns);
  other().multiply(other_matrix.c, ordered.c, b.c, Rows, Columns);
  for (int row = 0; row < Rows; ++row) {
    other().tile(a.poly(row), a_ordered.poly(row), 0, 0, 1, 1);
  }
  EXPECT_EQ(std::memcmp(a_ordered.c, b.c, sizeof b.c), 0);
  for (const std::int32_t c : b.c) {
    EXPECT_LE(std::abs(c), q);
  }
}

TEST(MldsaKernel, MatrixProducts) {
  Rng rng(seed);
  for (int round = 0; round < 20; ++round) {
    check_multiply<4, 4>(rng, round == 0);
    check_multiply<4, 5>(rng, round == 0);
    check_multiply<6, 5>(rng, round == 0);
    check_multiply<6, 6>(rng, round == 0);
    check_multiply<8, 7>(rng, round == 0);
    check_multiply<8, 8>(rng, round == 0);
  }
}

TEST(MldsaKernel, AccumulatedProductsAreTheMatrixOnes) {
  Rng rng(seed);
  for (int round = 0; round < 30; ++round) {
    Vector<7> a, v, tiled;
    Vector<1> sum, product;
    for (std::int32_t& c : a.c) {
      c = round == 0 ? q - 1 : below(rng, q);
    }
    for (std::int32_t& c : v.c) {
      c = round == 0 ? 10 * q : below(rng, 20 * q) - 10 * q;
    }
    std::memset(sum.c, 0, sizeof sum.c);
    for (int column = 0; column < 7; ++column) {
      other().tile(a.poly(column), tiled.c, 0, column, 1, 7);
      Vector<1> ordered;
      std::memcpy(ordered.c, a.poly(column), sizeof ordered.c);
      other().reorder(ordered.c, 1);
      other().accumulate(ordered.c, v.poly(column), sum.c);
    }
    for (const std::int32_t c : sum.c) {
      EXPECT_LE(std::abs(c), 7 * 0.71 * q);
    }
    other().reduce(sum.c, 256);
    other().multiply(tiled.c, v.c, product.c, 1, 7);
    EXPECT_TRUE(equal_mod(sum, product));
    for (const std::int32_t c : sum.c) {
      EXPECT_LE(std::abs(c), q);
    }
    const std::int32_t* row[7];
    for (int column = 0; column < 7; ++column) {
      row[column] = a.poly(column);
    }
    other().reorder(v.c, 7);
    for (const int columns : {4, 5, 7}) {
      Vector<1> alone;
      other().multiply_row(row, v.c, alone.c, columns);
      for (const std::int32_t c : alone.c) {
        EXPECT_LT(std::abs(c), 0.7 * q);
      }
      if (columns == 7) {
        other().reorder(alone.c, 1);
        EXPECT_TRUE(equal_mod(sum, alone));
      }
    }
  }
}

TEST(MldsaKernel, UniformAcceptsTheSameCandidates) {
  Rng rng(seed);
  for (int round = 0; round < 500; ++round) {
    std::uint8_t in[840];
    for (std::uint8_t& byte : in) {
      byte = static_cast<std::uint8_t>(rng());
    }
    // Candidates next to q, and streams with many refusals.
    for (std::size_t i = 0; round % 3 == 0 && i < sizeof in; i += 3 * (1 + rng() % 4)) {
      const std::uint32_t value = static_cast<std::uint32_t>(q) - 2 + rng() % 4;
      in[i] = static_cast<std::uint8_t>(value);
      in[i + 1] = static_cast<std::uint8_t>(value >> 8);
      in[i + 2] = static_cast<std::uint8_t>((value >> 16) | (rng() & 0x80));
    }
    alignas(64) std::int32_t a[288] = {}, b[288] = {};
    const std::size_t size = round % 2 == 0 ? 840 : 168;
    const std::size_t have = rng() % 256;
    const std::size_t from_a = plain().uniform(a, have, in, size);
    const std::size_t from_b = other().uniform(b, have, in, size);
    ASSERT_EQ(from_a, from_b);
    EXPECT_EQ(std::memcmp(a, b, 256 * 4), std::memcmp(a + from_a, b + from_a, (256 - from_a) * 4));
    EXPECT_EQ(std::memcmp(a + have, b + have, (from_a - have) * 4), 0);
  }
}

struct Parts {
  std::int32_t r1, r0;
};
// FIPS 204, Algorithm 36, word for word.
Parts decompose_by_definition(std::int32_t r, std::int32_t gamma2) {
  std::int32_t r0 = r % (2 * gamma2);
  if (r0 > gamma2) {
    r0 -= 2 * gamma2;
  }
  if (r - r0 == q - 1) {
    return {0, r0 - 1};
  }
  return {(r - r0) / (2 * gamma2), r0};
}

TEST(MldsaKernel, DecomposeAndUseHintAreRightForAllValues) {
  for (const Rounding rounding : {Rounding::by_88, Rounding::by_32}) {
    const std::int32_t gamma2 = rounding == Rounding::by_88 ? (q - 1) / 88 : (q - 1) / 32;
    const std::int32_t m = (q - 1) / (2 * gamma2);
    Vector<4> r, r1, r0, hinted;
    ByteArray<4 * 256> hint;
    for (std::int32_t from = 0; from < q; from += 1024) {
      for (int i = 0; i < 1024; ++i) {
        r.c[i] = std::min(from + i, q - 1);
        hint[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i % 3 != 0);
      }
      other().decompose(rounding, r.c, r1.c, r0.c, 1024);
      hinted = r;
      other().use_hint(rounding, hint.data(), hinted.c, 1024);
      for (int i = 0; i < 1024; ++i) {
        const Parts expected = decompose_by_definition(r.c[i], gamma2);
        ASSERT_EQ(r1.c[i], expected.r1) << r.c[i];
        ASSERT_EQ(r0.c[i], expected.r0) << r.c[i];
        const std::int32_t step = hint[static_cast<std::size_t>(i)] == 0 ? 0
                                  : expected.r0 > 0                      ? 1
                                                                         : m - 1;
        ASSERT_EQ(hinted.c[i], (expected.r1 + step) % m) << r.c[i];
      }
    }
  }
}

// FIPS 204, Algorithm 39: the hint is set where adding ct0 changes the high bits.
TEST(MldsaKernel, MakeHintIsTheDefinitions) {
  Rng rng(seed);
  for (const Rounding rounding : {Rounding::by_88, Rounding::by_32}) {
    const std::int32_t gamma2 = rounding == Rounding::by_88 ? (q - 1) / 88 : (q - 1) / 32;
    for (int round = 0; round < 100; ++round) {
      Vector<1> r0, r1;
      ByteArray<256> hint, expected;
      std::uint32_t ones = 0;
      for (std::size_t i = 0; i < 256; ++i) {
        // w - cs2 = r1 2 gamma2 + low; then ct0 below gamma2 is added.
        const std::int32_t w = i % 4 == 0 ? below(rng, 2 * gamma2) : below(rng, q);
        const Parts parts = decompose_by_definition(w, gamma2);
        const std::int32_t edges[] = {gamma2 - parts.r0, gamma2 + 1 - parts.r0, -gamma2 - parts.r0,
                                      -gamma2 - 1 - parts.r0};
        std::int32_t ct0 = below(rng, 2 * gamma2 - 1) - gamma2 + 1;
        if (i % 3 == 0 && std::abs(edges[i % 4]) < gamma2) {
          ct0 = edges[i % 4];
        }
        r0.c[i] = parts.r0 + ct0;
        r1.c[i] = parts.r1;
        const auto moved = static_cast<std::int32_t>(mod(std::int64_t{w} + ct0));
        expected[i] = decompose_by_definition(moved, gamma2).r1 != parts.r1;
        ones += expected[i];
      }
      EXPECT_EQ(other().make_hint(rounding, r0.c, r1.c, hint.data(), 256), ones);
      EXPECT_EQ(hint, expected);
    }
  }
}

TEST(MldsaKernel, NormsAndModularSteps) {
  Rng rng(seed);
  for (int round = 0; round < 200; ++round) {
    Vector<2> a = random_vector<2>(rng);
    const Vector<2> b = random_vector<2>(rng);
    Vector<2> sum = a, difference = a, centred = a;
    other().add(sum.c, b.c, 512);
    other().subtract(difference.c, b.c, 512);
    other().centre(centred.c, 512);
    std::int32_t norm = 0;
    for (std::size_t i = 0; i < 512; ++i) {
      EXPECT_EQ(sum.c[i], mod(std::int64_t{a.c[i]} + b.c[i]));
      EXPECT_EQ(difference.c[i], mod(std::int64_t{a.c[i]} - b.c[i]));
      EXPECT_LE(std::abs(centred.c[i]), (q - 1) / 2);
      norm = std::max(norm, std::abs(centred.c[i]));
    }
    EXPECT_EQ(other().exceeds(centred.c, norm, 512), 0xffffffffu);
    EXPECT_EQ(other().exceeds(centred.c, norm + 1, 512), 0u);
    other().uncentre(centred.c, 512);
    EXPECT_EQ(std::memcmp(centred.c, a.c, sizeof a.c), 0);
  }
  // One coefficient at the bound, at each place and of either sign.
  for (std::size_t at = 0; at < 256; ++at) {
    for (const std::int32_t value : {1000, -1000}) {
      Vector<1> a{};
      std::memset(a.c, 0, sizeof a.c);
      a.c[at] = value;
      EXPECT_EQ(other().exceeds(a.c, 1000, 256), 0xffffffffu);
      EXPECT_EQ(other().exceeds(a.c, 1001, 256), 0u);
    }
  }
}

TEST(MldsaKernel, PackingIsThePortableOnesAndReturns) {
  Rng rng(seed);
  for (int round = 0; round < 100; ++round) {
    for (const int bits : {17, 19}) {
      Vector<2> z, back;
      for (std::int32_t& c : z.c) {
        c = (1 << bits) - below(rng, 2 << bits);
      }
      Buffer a(static_cast<std::size_t>(64 * (bits + 1))), b(a.size());
      plain().pack_z(bits, z.c, a.data(), 512);
      other().pack_z(bits, z.c, b.data(), 512);
      EXPECT_EQ(a, b);
      other().unpack_z(bits, b.data(), back.c, 512);
      EXPECT_EQ(std::memcmp(z.c, back.c, sizeof z.c), 0);
    }
    for (const int bits : {3, 4, 10, 13}) {
      const std::int32_t top = bits == 3 ? 2 : bits == 4 ? 4 : bits == 13 ? 4096 : 0;
      Vector<2> fields, back;
      for (std::int32_t& c : fields.c) {
        c = round == 0 ? (1 << bits) - 1 : below(rng, 1 << bits);
        c = top != 0 ? top - c : c;
      }
      Buffer a(static_cast<std::size_t>(64 * bits)), b(a.size());
      plain().pack(bits, fields.c, a.data(), 512);
      other().pack(bits, fields.c, b.data(), 512);
      EXPECT_EQ(a, b);
      other().unpack(bits, b.data(), back.c, 512);
      for (std::int32_t& c : back.c) {
        c = top != 0 ? top - c : c;
      }
      EXPECT_EQ(std::memcmp(fields.c, back.c, sizeof fields.c), 0);
    }
    for (const Rounding rounding : {Rounding::by_88, Rounding::by_32}) {
      Vector<2> w1;
      for (std::int32_t& c : w1.c) {
        c = below(rng, rounding == Rounding::by_88 ? 44 : 16);
      }
      Buffer a(rounding == Rounding::by_88 ? 384 : 256), b(a.size());
      plain().pack_w1(rounding, w1.c, a.data(), 512);
      other().pack_w1(rounding, w1.c, b.data(), 512);
      EXPECT_EQ(a, b);
    }
  }
}

}  // namespace
}  // namespace v100::mldsa
