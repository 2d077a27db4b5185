// If this fails, ML-KEM does not follow FIPS 203 on some kernel, or kernels disagree.
#include "crypto/mlkem/mlkem.h"

#include <gtest/gtest.h>
#include <vector>

#include "base/cpu.h"
#include "base/text.h"
#include "base/world.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {
namespace {

// Repeatable: a SHAKE128 stream.
class StreamRandom final : public Random {
 public:
  explicit StreamRandom(std::string_view label) { stream_.absorb(as_bytes(label)); }
  void fill(MutBytes out) override { stream_.squeeze(out); }
  int number(int bound) {  // bias is harmless here
    ByteArray<4> bytes;
    fill(bytes);
    return static_cast<int>(load_le<std::uint32_t>(bytes.data()) %
                            static_cast<std::uint32_t>(bound));
  }

 private:
  keccak::Shake128 stream_;
};

constexpr int q = 3329;

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

TEST(Mlkem, RunsTheKernelThatWasAskedFor) { EXPECT_STREQ(kernel_name(), name(cpu_isa())); }

TEST(MlkemKernel, NttEqualsPortable) {
  StreamRandom random("ntt");
  for (const Poly& p : interesting_polys(random)) {
    Poly a = p;
    Poly b = p;
    kernel().ntt(a.c, 1);
    kernel_portable.ntt(b.c, 1);
    ASSERT_TRUE(congruent(a.c, b.c));
    a = p;
    b = p;
    kernel().inverse_ntt(a.c, 1);
    kernel_portable.inverse_ntt(b.c, 1);
    ASSERT_TRUE(congruent(a.c, b.c));
    kernel().ntt(a.c, 1);
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
      kernel().ntt(a[0].c, k);
      kernel().ntt(b[0].c, k);
      for (int i = 0; i < k; ++i) {
        kernel().prepare(&m[i], b[i].c);
        kernel_portable.prepare(&m_portable[i], b[i].c);
      }
      Poly result;
      Poly result_portable;
      kernel().dot(result.c, a[0].c, m, k);
      kernel_portable.dot(result_portable.c, a[0].c, m_portable, k);
      ASSERT_TRUE(congruent(result.c, result_portable.c));
      kernel().inverse_ntt(result.c, 1);
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

TEST(MlkemKernel, CanonicalForEveryCoefficient) {
  for (int base = -32768; base < 32768; base += 256) {
    Poly p;
    for (int i = 0; i < 256; ++i) {
      p.c[i] = static_cast<std::int16_t>(base + i);
    }
    std::uint16_t out[256];
    kernel().canonical(out, p.c);
    for (int i = 0; i < 256; ++i) {
      ASSERT_EQ(out[i], ((base + i) % q + q) % q);
    }
  }
}

TEST(MlkemKernel, CompressionOfEveryValue) {
  for (const int d : {1, 4, 5, 10, 11}) {
    for (int base = 0; base < q; base += 256) {
      std::uint16_t values[256];
      for (int i = 0; i < 256; ++i) {
        values[i] = static_cast<std::uint16_t>(std::min(base + i, q - 1));
      }
      std::uint16_t compressed[256];
      std::copy(values, values + 256, compressed);
      kernel().compress(compressed, d);
      Poly back;
      kernel().decompress(back.c, compressed, d);
      for (int i = 0; i < 256; ++i) {
        ASSERT_EQ(compressed[i], ((values[i] << d) * 2 + q) / (2 * q) % (1 << d)) << d;
        ASSERT_EQ(back.c[i], (q * compressed[i] + (1 << (d - 1))) >> d) << d;
      }
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
    const int size = 3 * (random.number(168) + 1);
    const int have = random.number(257);
    Poly a{};
    Poly b{};
    const int end_a = kernel().reject(a.c, have, bytes, size);
    const int end_b = kernel_portable.reject(b.c, have, bytes, size);
    ASSERT_EQ(end_a, end_b);
    ASSERT_TRUE(std::equal(a.c + have, a.c + end_a, b.c + have));
    kernel().cbd2(a.c, bytes);
    kernel_portable.cbd2(b.c, bytes);
    ASSERT_TRUE(std::equal(a.c, a.c + 256, b.c));
    kernel().cbd3(a.c, bytes);
    kernel_portable.cbd3(b.c, bytes);
    ASSERT_TRUE(std::equal(a.c, a.c + 256, b.c));
  }
}

template <class P>
class MlkemScheme : public testing::Test {};
using Schemes = testing::Types<Mlkem512, Mlkem768, Mlkem1024>;
TYPED_TEST_SUITE(MlkemScheme, Schemes);

TYPED_TEST(MlkemScheme, RoundTripsAndRejectsImplicitly) {
  using P = TypeParam;
  StreamRandom random("round trip");
  const KeyPair<P> pair = keygen<P>(random);
  const auto ek = EncapsulationKey<P>::parse(pair.ek.bytes());
  const auto dk = DecapsulationKey<P>::parse(pair.dk.expose());
  ASSERT_TRUE(ek.has_value() && dk.has_value());
  const PreparedEncapsulator<P> encapsulator(*ek);
  const PreparedDecapsulator<P> decapsulator(*dk);
  for (int round = 0; round < 50; ++round) {
    const Encapsulated<P> sent = encapsulator.encapsulate(random);
    EXPECT_TRUE(same(decapsulator.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
    EXPECT_TRUE(same(decapsulate(*dk, sent.ciphertext).expose(), sent.secret.expose()));
    // One flipped bit gives J(z || c), whatever else.
    Ciphertext<P> bad = sent.ciphertext;
    bad.fill()[static_cast<std::size_t>(random.number(P::ct_bytes))] ^=
        static_cast<std::uint8_t>(1 << random.number(8));
    ByteArray<32> expected;
    keccak::shake256(expected, {dk->expose().template last<32>(), bad.bytes()});
    EXPECT_TRUE(same(decapsulator.decapsulate(bad).expose(), expected));
  }
}

// The accumulated test of Go's crypto/mlkem: seeds, messages and random ciphertexts come from one
// SHAKE128 stream, results go into another. The constants are others': Go publishes ML-KEM-768's,
// and PQClean, kyber-py and CIRCL agree on those of 512 and 1024.
template <class P>
std::string accumulate(int rounds) {
  keccak::Shake128 in;
  keccak::Shake128 sum;
  for (int round = 0; round < rounds; ++round) {
    Seed seed;
    Message m;
    Ciphertext<P> noise;
    in.squeeze(seed.fill());
    in.squeeze(m.fill());
    in.squeeze(noise.fill());
    const KeyPair<P> pair = KeyPair<P>::from_seed(seed);
    const Encapsulated<P> sent = encapsulate_internal(pair.ek, m);
    const PreparedDecapsulator<P> prepared(pair.dk);
    EXPECT_TRUE(same(prepared.decapsulate(sent.ciphertext).expose(), sent.secret.expose()));
    sum.absorb(pair.ek.bytes());
    sum.absorb(sent.ciphertext.bytes());
    sum.absorb(sent.secret.expose());
    sum.absorb(prepared.decapsulate(noise).expose());
  }
  ByteArray<32> digest;
  sum.squeeze(digest);
  return to_hex(digest);
}

TEST(MlkemAccumulated, HundredCases) {
  EXPECT_EQ(accumulate<Mlkem512>(100),
            "86b1b4703b8ffef6f7f3290c6dbce4ad954498a0673ded401a94828e8c519a59");
  EXPECT_EQ(accumulate<Mlkem768>(100),
            "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
  EXPECT_EQ(accumulate<Mlkem1024>(100),
            "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00");
}

#if defined(__OPTIMIZE__)  // a debug build takes minutes
TEST(MlkemAccumulated, TenThousandCases) {
  EXPECT_EQ(accumulate<Mlkem512>(10000),
            "e0112db334d4240ca6feed5b0beab1318925edd4ff7d840c2ebe6d61971fc14c");
  EXPECT_EQ(accumulate<Mlkem768>(10000),
            "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc");
  EXPECT_EQ(accumulate<Mlkem1024>(10000),
            "f1a3925c9cf8538bb104c56efb2f5ecb74cc3df25087460b73f6c873e96bcb6a");
}
#endif

TYPED_TEST(MlkemScheme, RefusesWhatTheStandardRefuses) {
  using P = TypeParam;
  StreamRandom random("refuse");
  const KeyPair<P> pair = keygen<P>(random);
  const Buffer ek = to_buffer(pair.ek.bytes());
  EXPECT_FALSE(EncapsulationKey<P>::parse(Bytes(ek).first(ek.size() - 1)).has_value());
  Buffer longer = ek;
  longer.push_back(0);
  EXPECT_FALSE(EncapsulationKey<P>::parse(longer).has_value());
  for (std::size_t i = 0; i < 256 * P::k; ++i) {
    Buffer bad = ek;
    const std::size_t at = i / 2 * 3;
    // The coefficient becomes q or 4095.
    const unsigned value = i % 3 == 0 ? 4095u : 3329u;
    if (i % 2 == 0) {
      bad[at] = static_cast<std::uint8_t>(value);
      bad[at + 1] = static_cast<std::uint8_t>((bad[at + 1] & 0xf0) | value >> 8);
    } else {
      bad[at + 1] = static_cast<std::uint8_t>((bad[at + 1] & 15) | (value & 15) << 4);
      bad[at + 2] = static_cast<std::uint8_t>(value >> 4);
    }
    ASSERT_FALSE(EncapsulationKey<P>::parse(bad).has_value()) << i;
  }
  const Buffer dk = to_buffer(pair.dk.expose());
  EXPECT_TRUE(DecapsulationKey<P>::parse(dk).has_value());
  EXPECT_FALSE(DecapsulationKey<P>::parse(Bytes(dk).first(dk.size() - 1)).has_value());
  for (std::size_t at = 384 * P::k; at < 768 * P::k + 64; at += 13) {
    Buffer bad = dk;
    bad[at] ^= 1;
    ASSERT_FALSE(DecapsulationKey<P>::parse(bad).has_value()) << at;
  }
  EXPECT_FALSE(Ciphertext<P>::parse(Bytes(dk).first(P::ct_bytes - 1)).has_value());
}

TYPED_TEST(MlkemScheme, BatchesEqualSingleCalls) {
  using P = TypeParam;
  StreamRandom random("batch");
  Seed seeds[3];
  for (Seed& seed : seeds) {
    random.fill(seed.fill());
  }
  std::optional<KeyPair<P>> pairs[3];
  keygen_batch<P>(pairs, seeds);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(same(pairs[i]->ek.bytes(), KeyPair<P>::from_seed(seeds[i]).ek.bytes()));
  }
  Encapsulated<P> sent[5];
  encapsulate_batch<P>(sent, PreparedEncapsulator<P>(pairs[0]->ek), random);
  std::vector<Ciphertext<P>> ciphertexts;
  for (const Encapsulated<P>& one : sent) {
    ciphertexts.push_back(one.ciphertext);
  }
  SharedSecret secrets[5];
  decapsulate_batch<P>(secrets, PreparedDecapsulator<P>(pairs[0]->dk), ciphertexts);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(same(secrets[i].expose(), sent[i].secret.expose()));
  }
  const std::vector<EncapsulationKey<P>> keys = {pairs[1]->ek, pairs[2]->ek};
  Encapsulated<P> to_each[2];
  encapsulate_batch<P>(to_each, keys, random);
  EXPECT_TRUE(
      same(decapsulate(pairs[2]->dk, to_each[1].ciphertext).expose(), to_each[1].secret.expose()));
}

}  // namespace
}  // namespace v100::mlkem
