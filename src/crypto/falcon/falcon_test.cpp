// If this fails, some property of Falcon does not hold: what is signed must verify and what is
// altered must not, batches must say what single calls say, kernels must agree to the last bit.
#include "crypto/falcon/falcon.h"

#include <cmath>
#include <gtest/gtest.h>
#include <memory>

#include "crypto/falcon/internal.h"
#include "crypto/falcon/ntru.h"
#include "crypto/falcon/types.inl.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {
namespace {

using D = double;
constexpr int doubles = 1;

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/fft.inl.h"
#include "crypto/falcon/gaussian.inl.h"
#include "crypto/falcon/primes.inl.h"

namespace v100::falcon {
namespace {

// Repeatable; `stuck_at` makes it deliver one byte only.
class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) {
    ByteArray<8> bytes;
    store_le(bytes.data(), seed);
    hash_.absorb(bytes);
  }
  void fill(MutBytes out) override {
    if (stuck_at != -1) {
      std::memset(out.data(), stuck_at, out.size());
    } else {
      hash_.squeeze(out);
    }
  }
  int stuck_at = -1;

 private:
  keccak::Shake256 hash_;
};

template <class P>
PrivateKey<P> key_of(std::uint64_t seed) {
  TestRandom random(seed);
  return std::move(*PrivateKey<P>::generate(random));
}

template <class P>
class FalconSets : public testing::Test {
 public:
  // One key for all tests of a set: making one takes milliseconds.
  static const PrivateKey<P>& key() {
    static const PrivateKey<P> made = key_of<P>(1);
    return made;
  }
  static const PreparedSigner<P>& signer() {
    static const auto prepared = std::make_unique<PreparedSigner<P>>(key());
    return *prepared;
  }
};
using Sets = testing::Types<Falcon512, Falcon1024>;
TYPED_TEST_SUITE(FalconSets, Sets);

const Bytes message = as_bytes("the message");

TYPED_TEST(FalconSets, WhatIsSignedVerifies) {
  TestRandom random(2);
  const PreparedVerifier<TypeParam> verifier(this->key().public_key());
  std::size_t shortest = 10000, longest = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    const Buffer text(i * 7, static_cast<std::uint8_t>(i));
    const auto encoding = i % 2 == 0 ? Encoding::compressed : Encoding::padded;
    const auto signature = this->signer().sign(text, encoding, random);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verifier.verify(text, *signature));
    EXPECT_TRUE(this->key().public_key().verify(text, *signature));
    EXPECT_FALSE(verifier.verify(message, *signature));
    if (encoding == Encoding::padded) {
      EXPECT_EQ(signature->bytes().size(), TypeParam::padded_bytes);
    } else {
      shortest = std::min(shortest, signature->bytes().size());
      longest = std::max(longest, signature->bytes().size());
    }
    const auto parsed = Signature<TypeParam>::parse(signature->bytes());
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(verifier.verify(text, *parsed));
  }
  EXPECT_LT(shortest, longest);
  EXPECT_LT(longest, TypeParam::padded_bytes + 10);
}

TYPED_TEST(FalconSets, RawKeySignsAsWell) {
  TestRandom random(3);
  const auto signature = this->key().sign(message, Encoding::padded, random);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(this->key().public_key().verify(message, *signature));
}

TYPED_TEST(FalconSets, AnyFlippedBitIsRefused) {
  TestRandom random(4);
  const PreparedVerifier<TypeParam> verifier(this->key().public_key());
  for (const Encoding encoding : {Encoding::compressed, Encoding::padded}) {
    const auto signature = this->signer().sign(message, encoding, random);
    ASSERT_TRUE(signature);
    Buffer bytes = to_buffer(signature->bytes());
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      const auto changed = Signature<TypeParam>::parse(bytes);
      EXPECT_FALSE(changed && verifier.verify(message, *changed)) << bit;
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
    bytes.push_back(0);
    const auto longer = Signature<TypeParam>::parse(bytes);
    EXPECT_FALSE(longer && verifier.verify(message, *longer));
    bytes.resize(bytes.size() - 2);
    const auto shorter = Signature<TypeParam>::parse(bytes);
    EXPECT_FALSE(shorter && verifier.verify(message, *shorter));
  }
}

TYPED_TEST(FalconSets, OtherKeysRefuse) {
  TestRandom random(5);
  const auto other = key_of<TypeParam>(99);
  const auto signature = this->signer().sign(message, Encoding::compressed, random);
  ASSERT_TRUE(signature);
  EXPECT_FALSE(other.public_key().verify(message, *signature));
}

TYPED_TEST(FalconSets, KeysParseAndDamagedOnesDoNot) {
  const PrivateKey<TypeParam>& key = this->key();
  const auto parsed = PrivateKey<TypeParam>::parse(key.expose());
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(same(parsed->public_key().bytes(), key.public_key().bytes()));
  Buffer bytes = to_buffer(key.expose());
  for (std::size_t at = 0; at < bytes.size(); at += 61) {
    bytes[at] ^= 4;
    EXPECT_FALSE(PrivateKey<TypeParam>::parse(bytes)) << at;
    bytes[at] ^= 4;
  }
  EXPECT_FALSE(PrivateKey<TypeParam>::parse(Bytes(bytes).first(bytes.size() - 1)));
  EXPECT_FALSE(PrivateKey<TypeParam>::parse({}));
  Buffer open = to_buffer(key.public_key().bytes());
  EXPECT_TRUE(PublicKey<TypeParam>::parse(open));
  open[1] = 0xff;  // a coefficient above q
  open[2] = 0xff;
  EXPECT_FALSE(PublicKey<TypeParam>::parse(open));
  EXPECT_FALSE(PublicKey<TypeParam>::parse({}));
}

TYPED_TEST(FalconSets, ADeadSourceOfRandomnessIsAnError) {
  for (const int byte : {0, 0xff, 0x41}) {
    TestRandom random(6);
    random.stuck_at = byte;
    const auto key = PrivateKey<TypeParam>::generate(random);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::unavailable);
    const auto signature = this->signer().sign(message, Encoding::padded, random);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::unavailable);
    const SignItem<TypeParam> item{.signer = &this->signer(), .message = message};
    std::optional<Signature<TypeParam>> out;
    sign_batch<TypeParam>({&item, 1}, random, {&out, 1});
    EXPECT_FALSE(out.has_value());
  }
}

// A source that repeats itself must not sign two messages with the same choices.
TYPED_TEST(FalconSets, RepeatedRandomnessDoesNotRepeatTheSampler) {
  TestRandom one(7), same_again(7), third(7);
  const auto a = this->signer().sign(message, Encoding::padded, one);
  const auto b = this->signer().sign(message, Encoding::padded, same_again);
  const auto c = this->signer().sign(as_bytes("another"), Encoding::padded, third);
  ASSERT_TRUE(a && b && c);
  EXPECT_TRUE(same(a->bytes(), b->bytes()));
  EXPECT_TRUE(same(a->bytes().first(41), c->bytes().first(41)));
  EXPECT_FALSE(same(a->bytes().subspan(41, 100), c->bytes().subspan(41, 100)));
}

TYPED_TEST(FalconSets, BatchSaysWhatSingleCallsSay) {
  TestRandom random(8);
  const auto other = key_of<TypeParam>(98);
  const auto verifier = std::make_unique<PreparedVerifier<TypeParam>>(this->key().public_key());
  std::vector<Buffer> messages, signatures;
  std::vector<VerifyItem<TypeParam>> items;
  for (std::size_t i = 0; i < 100; ++i) {
    messages.emplace_back(i % 23, static_cast<std::uint8_t>(i));
    signatures.push_back(to_buffer(
        this->signer()
            .sign(messages[i], i % 3 == 0 ? Encoding::padded : Encoding::compressed, random)
            ->bytes()));
  }
  signatures[11][60] ^= 1;
  signatures[12].clear();
  signatures[13][0] ^= 1;
  signatures[14].resize(signatures[14].size() - 20);
  for (std::size_t i = 0; i < 100; ++i) {
    VerifyItem<TypeParam> item{.message = messages[i], .signature = signatures[i]};
    if (i == 20) {
      item.key = &other.public_key();
    } else if (i % 2 == 0) {
      item.prepared = verifier.get();
    } else {
      item.key = &this->key().public_key();
    }
    items.push_back(item);
  }
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, items.size()}) {
    std::vector<Verdict> out(count, Verdict::invalid);
    verify_batch<TypeParam>(std::span(items).first(count), out);
    for (std::size_t i = 0; i < count; ++i) {
      const Verdict expected = i == 12 || i == 13              ? Verdict::malformed
                               : i == 11 || i == 14 || i == 20 ? Verdict::invalid
                                                               : Verdict::valid;
      EXPECT_EQ(out[i], expected) << i << " of " << count;
    }
  }
}

TYPED_TEST(FalconSets, SigningBatch) {
  TestRandom random(9);
  std::vector<SignItem<TypeParam>> items(5, {.signer = &this->signer(), .message = message});
  std::vector<std::optional<Signature<TypeParam>>> out(5);
  sign_batch<TypeParam>(items, random, out);
  for (const auto& signature : out) {
    ASSERT_TRUE(signature.has_value());
    EXPECT_TRUE(this->key().public_key().verify(message, *signature));
  }
}

// One hash over keys and signatures, the same on every kernel: floating point included.
TYPED_TEST(FalconSets, AccumulatedSignaturesAreOneConstant) {
  keccak::Shake256 all;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto key = key_of<TypeParam>(1000 + i);
    all.absorb(key.expose());
    const auto signer = std::make_unique<PreparedSigner<TypeParam>>(key);
    TestRandom random(i);
    for (int j = 0; j < 40; ++j) {
      all.absorb(signer->sign(message, Encoding::compressed, random)->bytes());
    }
  }
  ByteArray<8> digest;
  all.squeeze(digest);
  const std::uint64_t expected = TypeParam::logn == 9 ? 0xfc5033546016d951 : 0x8089afeeb618c087;
  EXPECT_EQ(load_be<std::uint64_t>(digest.data()), expected)
      << std::hex << load_be<std::uint64_t>(digest.data());
}

// Falcon §3.9.3: what the sampler draws has the mean and the deviation it should have.
TEST(FalconSampler, MeanAndDeviation) {
  auto state = std::make_unique<SamplerState>();
  ByteArray<stream_seed_bytes> seed{};
  start(*state, seed, 9);
  alignas(64) double tree[4], t0[2], t1[2], z0[2], z1[2], scratch[8];
  const double sigma = 1.5;
  const double centre = -3.375;
  tree[0] = tree[1] = 0;
  tree[2] = tree[3] = 1 / sigma;
  t0[0] = t0[1] = t1[0] = t1[1] = centre;
  double sum = 0, squares = 0;
  constexpr int rounds = 50000;
  for (int i = 0; i < rounds; ++i) {
    kernel().sample(*state, tree, t0, t1, z0, z1, scratch, 1);
    for (const double z : {z0[0], z0[1], z1[0], z1[1]}) {
      EXPECT_EQ(z, std::floor(z));
      sum += z - centre;
      squares += (z - centre) * (z - centre);
    }
  }
  // Five deviations of the estimates.
  EXPECT_NEAR(sum / (4 * rounds), 0, 5 * sigma / std::sqrt(4.0 * rounds));
  EXPECT_NEAR(squares / (4 * rounds), sigma * sigma,
              5 * sigma * sigma * std::sqrt(2 / (4.0 * rounds)));
}

TEST(FalconSampler, ExponentialIsRightTo50Bits) {
  long double worst = 0;
  for (int i = -100; i <= 200000; ++i) {
    const double x = i * (ln_2 / 200000);
    const long double exact = std::exp(-static_cast<long double>(x));
    worst = std::max(worst, std::abs(exp_negative(x) / exact - 1));
  }
  EXPECT_LT(worst, 0x1p-50L);
}

TEST(FalconTables, KeysHaveTheirDistribution) {
  long double weight[200], all = 0;
  const long double variance = 1.17L * 1.17L * q / 2048;
  for (int k = 0; k < 200; ++k) {
    weight[k] = std::exp(-static_cast<long double>(k * k) / (2 * variance));
    all += (k == 0 ? 1 : 2) * weight[k];
  }
  // Drawn often, the shares are the chances: checked for the first few of them by a key's f.
  TestRandom random(10);
  std::size_t count[5] = {}, drawn = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto key = key_of<Falcon1024>(500 + seed);
    std::int8_t f[1024];
    (void)unpack_signed(key.expose().data() + 1, 5, f, 10);
    for (const std::int8_t value : f) {
      count[std::min(4, std::abs(static_cast<int>(value)))] += 1;
      ++drawn;
    }
  }
  for (int k = 0; k < 4; ++k) {
    const double expected = static_cast<double>((k == 0 ? 1 : 2) * weight[k] / all);
    EXPECT_NEAR(static_cast<double>(count[k]) / static_cast<double>(drawn), expected,
                5 * std::sqrt(expected / static_cast<double>(drawn)));
  }
}

TEST(FalconTables, PrimesArePrime) {
  for (const std::uint16_t step : prime_steps) {
    const std::uint32_t p = (1u << 31) + 1 - 2048u * step;
    for (std::uint32_t d = 2; d * d <= p; d += d == 2 ? 1 : 2) {
      ASSERT_NE(p % d, 0u);
    }
  }
}

// ---- Kernels against portable.

const FalconKernel& portable = kernel_portable;

TEST(FalconKernels, NormOfRandomAndExtremePolynomials) {
  TestRandom random(11);
  for (const int logn : {9, 10}) {
    const std::size_t n = std::size_t{1} << logn;
    for (int i = 0; i < 60; ++i) {
      SCOPED_TRACE(i);
      Values<std::uint16_t, 1024> h, c;
      Values<std::int16_t, 1024> s2, prepared, expected;
      random.fill({reinterpret_cast<std::uint8_t*>(h.v), sizeof h.v});
      random.fill({reinterpret_cast<std::uint8_t*>(c.v), sizeof c.v});
      random.fill({reinterpret_cast<std::uint8_t*>(s2.v), sizeof s2.v});
      for (std::size_t j = 0; j < n; ++j) {
        h.v[j] = static_cast<std::uint16_t>(i % 5 == 1 ? q - 1 : i % 5 == 2 ? q / 2 : h.v[j] % q);
        c.v[j] = static_cast<std::uint16_t>(i % 7 == 1 ? q - 1 : i % 7 == 2 ? q / 2 : c.v[j] % q);
        s2.v[j] = static_cast<std::int16_t>(i % 3 == 1   ? (j % 2 == 0 ? 2047 : -2047)
                                            : i % 3 == 2 ? s2.v[j] % 300
                                                         : s2.v[j] % 2048);
      }
      kernel().prepare(h.v, prepared.v, logn);
      portable.prepare(h.v, expected.v, logn);
      EXPECT_EQ(kernel().norm(s2.v, prepared.v, c.v, logn),
                portable.norm(s2.v, expected.v, c.v, logn));
      // And by the definition.
      if (i < 6) {
        std::uint64_t norm = 0;
        for (std::size_t j = 0; j < n; ++j) {
          std::int64_t sum = c.v[j];
          for (std::size_t k = 0; k < n; ++k) {
            const std::int64_t product = std::int64_t{s2.v[k]} * h.v[k <= j ? j - k : n + j - k];
            sum += k <= j ? -product : product;
          }
          sum = (sum % q + q) % q;
          sum = sum > q / 2 ? sum - q : sum;
          norm += static_cast<std::uint64_t>(sum * sum + s2.v[j] * s2.v[j]);
        }
        EXPECT_EQ(kernel().norm(s2.v, prepared.v, c.v, logn),
                  std::min<std::uint64_t>(norm, 0xffffffff));
      }
    }
  }
}

TEST(FalconKernels, PointsAndDecode) {
  TestRandom random(12);
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const std::size_t bytes = 2 * static_cast<std::size_t>(i % 70);
    Buffer in(bytes + 16);
    random.fill(in);
    Values<std::uint16_t, 256> a, b;
    const std::size_t have = kernel().points(a.v, 3, in.data(), bytes);
    ASSERT_EQ(have, portable.points(b.v, 3, in.data(), bytes));
    for (std::size_t j = 3; j < have; ++j) {
      ASSERT_EQ(a.v[j], b.v[j]);
    }
  }
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(i);
    ByteArray<1500> in;
    random.fill(in);
    if (i % 2 == 0) {
      // Many ones make short coefficients, so that whole polynomials come out.
      ByteArray<1500> more;
      random.fill(more);
      for (std::size_t j = 0; j < in.size(); ++j) {
        in[j] |= static_cast<std::uint8_t>(more[j] | (i % 4 == 0 ? more[(j + 1) % 1500] : 0));
      }
    }
    const std::size_t bytes = i % 3 == 0 ? 500 : 1400;
    Values<std::int16_t, 1024> a, b;
    const std::size_t bits = kernel().decode(in.data(), bytes, a.v, 9);
    ASSERT_EQ(bits, portable.decode(in.data(), bytes, b.v, 9));
    // Beside another one, which may be bad or good.
    Values<std::int16_t, 1024> pair[2];
    const std::uint8_t* ins[2] = {in.data(), in.data() + 7};
    const std::size_t sizes[2] = {bytes, bytes - 7};
    std::int16_t* outs[2] = {pair[0].v, pair[1].v};
    std::size_t both[2];
    kernel().decode_two(ins, sizes, outs, both, 9);
    ASSERT_EQ(both[0], bits);
    ASSERT_EQ(both[1], portable.decode(ins[1], sizes[1], b.v, 9));
    ASSERT_EQ(bits, portable.decode(in.data(), bytes, b.v, 9));
    if (bits > 0) {
      ASSERT_EQ(std::memcmp(a.v, pair[0].v, 1024), 0);
      ASSERT_EQ(std::memcmp(a.v, b.v, 1024), 0);
      Buffer back(1500);
      ASSERT_EQ(compress({a.v, 512}, back), (bits + 7) / 8);
    }
  }
}

TEST(FalconKernels, FloatingPointIsTheSameToTheLastBit) {
  TestRandom random(13);
  for (int logn = 1; logn <= 10; ++logn) {
    const std::size_t n = std::size_t{1} << logn;
    Values<double, 1024> a, b, before;
    for (std::size_t i = 0; i < n; ++i) {
      ByteArray<4> bytes;
      random.fill(bytes);
      before.v[i] = a.v[i] = b.v[i] =
          static_cast<std::int32_t>(load_le<std::uint32_t>(bytes.data()));
    }
    kernel().fft(a.v, logn);
    portable.fft(b.v, logn);
    EXPECT_EQ(std::memcmp(a.v, b.v, 8 * n), 0) << logn;
    kernel().ifft(a.v, logn);
    portable.ifft(b.v, logn);
    EXPECT_EQ(std::memcmp(a.v, b.v, 8 * n), 0) << logn;
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(a.v[i], before.v[i], 1e-3);
    }
  }
  Stream one{}, other{};
  one.key[3] = other.key[3] = 77;
  one.counter = other.counter = 0xfffffff8;
  alignas(64) std::uint8_t x[3 * refill_bytes], y[3 * refill_bytes];
  kernel().random(one, x, 3);
  portable.random(other, y, 3);
  EXPECT_EQ(std::memcmp(x, y, sizeof x), 0);
}

}  // namespace
}  // namespace v100::falcon
