// If this fails, a kernel of ML-KEM disagrees with the portable one or with schoolbook arithmetic.
#include "crypto/mlkem/kernel.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "base/cpu.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/testing.h"

namespace v100::mlkem {
namespace {

constexpr int q = 3329;

struct alignas(64) Poly {
  std::int16_t c[256];
};

Poly random_poly(StreamRandom& random, int bound) {
  Poly p;
  for (std::int16_t& c : p.c) {
    c = static_cast<std::int16_t>(random.number(2 * bound - 1) - bound + 1);
  }
  return p;
}

// Reduced polynomials of every shape that has broken an NTT: random, extreme, single coefficients.
std::vector<Poly> interesting_polys(StreamRandom& random) {
  std::vector<Poly> polys;
  for (int i = 0; i < 20; ++i) {
    polys.push_back(random_poly(random, q));
  }
  for (const int value : {0, 1, -1, q - 1, 1 - q, q / 2, -q / 2}) {
    Poly p;
    for (std::int16_t& c : p.c) {
      c = static_cast<std::int16_t>(value);
    }
    polys.push_back(p);
  }
  for (int i = 0; i < 256; ++i) {
    Poly p{};
    p.c[i] = static_cast<std::int16_t>(i % 2 == 0 ? q - 1 : 1 - q);
    polys.push_back(p);
  }
  return polys;
}

bool congruent(const std::int16_t* a, const std::int16_t* b) {
  for (int i = 0; i < 256; ++i) {
    if ((a[i] - b[i]) % q != 0 || a[i] >= q || a[i] <= -q || b[i] >= q || b[i] <= -q) {
      return false;
    }
  }
  return true;
}

TEST(Mlkem, RunsTheKernelThatWasAskedFor) {
  const Isa isa = cpu_isa() == Isa::neon_sha3 ? Isa::neon : cpu_isa();
  EXPECT_STREQ(kernel_name(), name(isa));
}

TEST(MlkemKernel, NttEqualsPortable) {
  StreamRandom random("ntt");
  for (const Poly& p : interesting_polys(random)) {
    Poly a = p;
    Poly b = p;
    kernel().ntt(a.c);
    kernel_portable.ntt(b.c);
    ASSERT_TRUE(congruent(a.c, b.c));
    a = p;
    b = p;
    kernel().inverse_ntt(a.c);
    kernel_portable.inverse_ntt(b.c);
    ASSERT_TRUE(congruent(a.c, b.c));
    kernel().ntt(a.c);
    ASSERT_TRUE(congruent(a.c, p.c));
  }
}

TEST(MlkemKernel, DotIsTheProductOfPolynomials) {
  StreamRandom random("product");
  for (int k = 2; k <= 4; ++k) {
    for (int round = 0; round < 20; ++round) {
      // The last round has all coefficients at the edge.
      Poly a[4];
      Poly b[4];
      std::int64_t expected[256] = {};
      for (int i = 0; i < k; ++i) {
        a[i] = random_poly(random, q);
        b[i] = random_poly(random, q);
        if (round == 19) {
          for (int j = 0; j < 256; ++j) {
            a[i].c[j] = q - 1;
            b[i].c[j] = 1 - q;
          }
        }
        for (int x = 0; x < 256; ++x) {
          for (int y = 0; y < 256; ++y) {
            const std::int64_t product = a[i].c[x] * b[i].c[y];
            expected[(x + y) % 256] += x + y < 256 ? product : -product;
          }
        }
      }
      Multiplier m[4];
      Multiplier m_portable[4];
      for (int i = 0; i < k; ++i) {
        kernel().ntt(a[i].c);
        kernel().ntt(b[i].c);
        kernel().prepare(&m[i], b[i].c);
        kernel_portable.prepare(&m_portable[i], b[i].c);
      }
      Poly result;
      Poly result_portable;
      kernel().dot(result.c, a[0].c, m, k);
      kernel_portable.dot(result_portable.c, a[0].c, m_portable, k);
      ASSERT_TRUE(congruent(result.c, result_portable.c));
      kernel().inverse_ntt(result.c);
      for (int i = 0; i < 256; ++i) {
        ASSERT_EQ((result.c[i] - expected[i]) % q, 0) << k << " " << round << " " << i;
      }
    }
  }
}

// At the edge of what dot promises: every input at +-(q - 1), the multiplier not reduced further.
TEST(MlkemKernel, DotAtTheEdge) {
  Poly a[4];
  Multiplier m[4];
  for (const int sign_a : {1, -1}) {
    for (const int sign_b : {1, -1}) {
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 256; ++j) {
          a[i].c[j] = static_cast<std::int16_t>(sign_a * (q - 1));
          m[i].direct[j] = static_cast<std::int16_t>(sign_b * (q - 1));
          m[i].crossed[j] = static_cast<std::int16_t>(sign_b * (q - 1));
        }
      }
      Poly x;
      Poly y;
      kernel().dot(x.c, a[0].c, m, 4);
      kernel_portable.dot(y.c, a[0].c, m, 4);
      ASSERT_TRUE(congruent(x.c, y.c));
    }
  }
}

// Field `i` of d bits.
unsigned field(const std::uint8_t* bytes, int d, int i) {
  unsigned value = 0;
  for (int bit = 0; bit < d; ++bit) {
    const int at = d * i + bit;
    value |= static_cast<unsigned>(bytes[at / 8] >> (at % 8) & 1) << bit;
  }
  return value;
}

TEST(MlkemKernel, EncodesEveryCoefficient) {
  for (int base = -32768; base < 32768; base += 256) {
    Poly p;
    for (int i = 0; i < 256; ++i) {
      p.c[i] = static_cast<std::int16_t>(base + i);
    }
    std::uint8_t out[384 + 1] = {};
    out[384] = 0xa5;
    kernel().encode_12(out, p.c);
    for (int i = 0; i < 256; ++i) {
      ASSERT_EQ(field(out, 12, i), ((base + i) % q + q) % q);
    }
    ASSERT_EQ(out[384], 0xa5);
    Poly back;
    ASSERT_TRUE(kernel().decode_12(back.c, out, 1));
    for (int i = 0; i < 256; ++i) {
      ASSERT_EQ(back.c[i], ((base + i) % q + q) % q);
    }
  }
}

TEST(MlkemKernel, DecodesWhatIsNotReduced) {
  StreamRandom random("decode");
  for (int round = 0; round < 200; ++round) {
    std::uint8_t in[2 * 384];
    random.fill(in);
    Poly a[2];
    Poly b[2];
    EXPECT_FALSE(kernel().decode_12(a[0].c, in, 2));
    EXPECT_FALSE(kernel_portable.decode_12(b[0].c, in, 2));
    for (int i = 0; i < 512; ++i) {
      const int value = static_cast<int>(field(in, 12, i)) % q;
      ASSERT_EQ(a[i / 256].c[i % 256], value);
      ASSERT_EQ(b[i / 256].c[i % 256], value);
    }
  }
}

TEST(MlkemKernel, CompressionOfEveryValue) {
  for (const int d : {1, 4, 5, 10, 11}) {
    const int bound = d < 10 ? 2 * q - 1 : compress_bound;
    for (int base = -bound; base <= bound; base += 256) {
      Poly p;
      for (int i = 0; i < 256; ++i) {
        p.c[i] = static_cast<std::int16_t>(std::min(base + i, bound));
      }
      std::uint8_t out[32 * 11 + 1] = {};
      out[32 * d] = 0xa5;
      kernel().compress(out, p.c, d);
      Poly back;
      kernel().decompress(back.c, out, d);
      for (int i = 0; i < 256; ++i) {
        const int value = (p.c[i] + 2 * q) % q;
        const unsigned y = field(out, d, i);
        ASSERT_EQ(static_cast<int>(y), ((value << d) * 2 + q) / (2 * q) % (1 << d)) << d;
        ASSERT_EQ(back.c[i], static_cast<int>((unsigned{q} * y + (1u << (d - 1))) >> d)) << d;
      }
      ASSERT_EQ(out[32 * d], 0xa5);
    }
  }
}

TEST(MlkemKernel, SamplingEqualsPortable) {
  StreamRandom random("sampling");
  for (int round = 0; round < 300; ++round) {
    alignas(64) std::uint8_t bytes[504 + 64] = {};
    random.fill(MutBytes(bytes).first(504));
    if (round % 3 == 1) {  // many refused candidates
      for (std::size_t i = 0; i < 504; i += 2) {
        bytes[i] = 0xff;
      }
    }
    const bool usual = round % 2 == 0;  // three blocks for a new polynomial
    const int size = usual ? 504 : 3 * (random.number(168) + 1);
    const int have = usual ? 0 : random.number(257);
    Poly a{};
    Poly b{};
    const int end_a = kernel().reject(a.c, have, bytes, size);
    const int end_b = kernel_portable.reject(b.c, have, bytes, size);
    ASSERT_EQ(end_a, end_b);
    ASSERT_TRUE(std::equal(a.c + have, a.c + end_a, b.c + have));
    for (const int eta : {2, 3}) {
      kernel().cbd(a.c, bytes, eta);
      kernel_portable.cbd(b.c, bytes, eta);
      ASSERT_TRUE(std::equal(a.c, a.c + 256, b.c));
    }
  }
}

// The steps of K-PKE write the same bytes on every kernel, whatever the noise bytes are, also those
// that no hash would give.
TEST(MlkemKernel, StepsEqualPortable) {
  constexpr Shape shapes[] = {{2, 3, 10, 4}, {3, 2, 10, 4}, {4, 2, 11, 5}};
  StreamRandom random("steps");
  for (int round = 0; round < 150; ++round) {
    const Shape& shape = shapes[round % 3];
    const std::size_t k = static_cast<std::size_t>(shape.k);
    std::vector<Poly> a(k * k + k);
    for (Poly& p : a) {
      for (std::int16_t& c : p.c) {
        c = static_cast<std::int16_t>(round < 3 ? q - 1 : random.number(q));
      }
    }
    Buffer noise(9 * noise_stride, round < 9 ? std::uint8_t{0x33} : std::uint8_t{0});
    if (round >= 9) {
      random.fill(noise);
    }
    ByteArray<32> m;
    random.fill(m);
    Buffer out[2];
    int which = 0;
    for (const MlkemKernel* one : {&kernel(), &kernel_portable}) {
      Buffer s(384 * k), t(384 * k);
      Buffer ciphertext(
          32 * (k * static_cast<std::size_t>(shape.du) + static_cast<std::size_t>(shape.dv)));
      ByteArray<32> back;
      one->make_key(t.data(), s.data(), shape, a[0].c, noise.data());
      one->encrypt(ciphertext.data(), shape, a[0].c, a[k * k].c, noise.data(), m.data());
      std::vector<Poly> s_hat(k);
      one->decode_12(s_hat[0].c, s.data(), shape.k);
      std::vector<Multiplier> multipliers(k);
      for (std::size_t i = 0; i < k; ++i) {
        one->prepare(&multipliers[i], s_hat[i].c);
      }
      one->decrypt(back.data(), shape, multipliers.data(), ciphertext.data());
      for (const Bytes part : {Bytes(s), Bytes(t), Bytes(ciphertext), Bytes(back)}) {
        append(out[which], part);
      }
      ++which;
    }
    ASSERT_EQ(out[0], out[1]) << round;
  }
}

TEST(MlkemKernel, AbsorbsLaneByLane) {
  StreamRandom random("absorb");
  const std::size_t lanes = static_cast<std::size_t>(kernel().hash_lanes);
  for (int count = 1; count <= 25; ++count) {
    alignas(64) std::uint64_t words[200] = {};
    std::uint8_t in[8][200];
    const std::uint8_t* ins[8];
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      random.fill(in[lane]);
      ins[lane] = in[lane];
    }
    words[0] = 7;
    kernel().absorb(words, ins, count);
    for (std::size_t i = 0; i < 25; ++i) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const std::uint64_t expected =
            i < static_cast<std::size_t>(count) ? load_le<std::uint64_t>(in[lane] + 8 * i) : 0;
        ASSERT_EQ(words[i * lanes + lane], expected ^ (i + lane == 0 ? 7u : 0u));
      }
    }
  }
}

}  // namespace
}  // namespace v100::mlkem
