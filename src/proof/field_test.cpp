// If this fails, proofs are sound over some other field, or one kernel hashes unlike the others.
#include "proof/field.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "proof/kernel.h"
#include "proof/params.h"
#include "proof/pick.h"
#include "proof/poseidon2.h"
#include "proof/round_constants.inl.h"

namespace v100::proof {
namespace {

std::mt19937_64 source(20);

std::uint32_t element() { return static_cast<std::uint32_t>(source() % modulus); }
Fe extension_element() {
  Fe out;
  for (Fp& c : out.c) {
    c = Fp::of(element());
  }
  return out;
}

// The Grain LFSR of the Poseidon reference script (eprint 2019/458, appendix F).
class Grain {
 public:
  Grain(unsigned n, unsigned t, unsigned full, unsigned partial) {
    push(1, 2);
    push(0, 4);
    push(n, 12);
    push(t, 12);
    push(full, 10);
    push(partial, 10);
    push((1u << 30) - 1, 30);
    for (int i = 0; i < 160; ++i) {
      (void)bit();
    }
  }
  std::uint32_t number() {
    for (;;) {
      std::uint32_t value = 0;
      for (int i = 0; i < 31; ++i) {
        value = 2 * value + kept();
      }
      if (value < modulus) {
        return value;
      }
    }
  }

 private:
  void push(std::uint32_t value, unsigned width) {
    while (width-- > 0) {
      bits_.push_back(value >> width & 1);
    }
  }
  unsigned bit() {
    const unsigned b = bits_[62] ^ bits_[51] ^ bits_[38] ^ bits_[23] ^ bits_[13] ^ bits_[0];
    bits_.erase(bits_.begin());
    bits_.push_back(b);
    return b;
  }
  unsigned kept() {
    for (;;) {
      const unsigned choose = bit();
      const unsigned value = bit();
      if (choose == 1) {
        return value;
      }
    }
  }
  std::vector<unsigned> bits_;
};

TEST(Poseidon2, round_constants_are_those_of_the_reference_generator) {
  Grain grain(31, 16, 8, 20);
  for (const std::uint32_t c : round_constants_first) {
    EXPECT_EQ(c, grain.number());
  }
  for (const std::uint32_t c : round_constants_partial) {
    EXPECT_EQ(c, grain.number());
  }
  for (const std::uint32_t c : round_constants_last) {
    EXPECT_EQ(c, grain.number());
  }
}

// Plonky3, koala-bear, test_default_koalabear_poseidon2_width_16: P(x); ours is Tr_8(P(x) + x).
TEST(Poseidon2, published_known_answer) {
  const Block in = {894848333,  1437655012, 1200606629, 1690012884, 71131202,   1749206695,
                    1717947831, 120589055,  19776022,   42382981,   1831865506, 724844064,
                    171220207,  1299207443, 227047920,  1783754913};
  const std::uint32_t permuted[8] = {1934285469, 604889435, 133449501,  1026180808,
                                     1830659359, 176667110, 1391183747, 351743874};
  std::vector<Block> blocks(21, in);
  std::vector<Digest> outs(21);
  compress_blocks(outs, blocks);
  for (const Digest& out : outs) {
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(load_le<std::uint32_t>(out.data() + 4 * i),
                (std::uint64_t{permuted[i]} + in[i]) % modulus);
    }
  }
}

TEST(Field, laws) {
  EXPECT_EQ(power(Fp::of(generator), modulus - 1), Fp::of(1));
  EXPECT_FALSE(power(Fp::of(generator), (modulus - 1) / 2) == Fp::of(1));
  EXPECT_FALSE(power(Fp::of(generator), (modulus - 1) / 127) == Fp::of(1));
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t a = element();
    const std::uint32_t b = element();
    EXPECT_EQ(mul(Fp::of(a), Fp::of(b)).value(), std::uint64_t{a} * b % modulus);
    EXPECT_EQ(add(Fp::of(a), Fp::of(b)).value(), (std::uint64_t{a} + b) % modulus);
    EXPECT_EQ(sub(Fp::of(a), Fp::of(b)).value(), (std::uint64_t{a} + modulus - b) % modulus);
    EXPECT_EQ(Fp::of(a).value(), a);
  }
  for (const std::uint32_t a : {0u, 1u, modulus - 1, modulus, modulus + 1, 2 * modulus, ~0u}) {
    EXPECT_EQ(Fp::of(a).value(), a % modulus);
  }
}

TEST(Field, extension_laws) {
  const Fe w{{{}, Fp::of(1), {}, {}, {}, {}}};
  // w^6 + w^3 + 1 = 0, and w^9 = 1
  EXPECT_EQ(add(add(power(w, 6), power(w, 3)), Fe::one()), Fe{});
  EXPECT_EQ(power(w, 9), Fe::one());
  for (int i = 0; i < 200; ++i) {
    const Fe a = extension_element();
    const Fe b = extension_element();
    const Fe c = extension_element();
    EXPECT_EQ(mul(a, mul(b, c)), mul(mul(a, b), c));
    EXPECT_EQ(mul(a, add(b, c)), add(mul(a, b), mul(a, c)));
    EXPECT_EQ(mul(a, inverse(a)), Fe::one());
    EXPECT_EQ(frobenius(mul(a, b)), mul(frobenius(a), frobenius(b)));
    EXPECT_EQ(frobenius(a), power(a, modulus));
  }
  // Largest words: no sum overflows.
  Fe top;
  for (Fp& x : top.c) {
    x = {modulus - 1};
  }
  EXPECT_EQ(mul(top, inverse(top)), Fe::one());
}

std::vector<std::uint32_t> elements(std::size_t count) {
  std::vector<std::uint32_t> out(count);
  for (std::uint32_t& x : out) {
    // Edges often: 0, 1, p - 1.
    const std::uint64_t dice = source() % 16;
    x = dice == 0 ? 0 : dice == 1 ? 1 : dice == 2 ? modulus - 1 : element();
  }
  return out;
}
std::vector<std::uint32_t> montgomery_elements(std::size_t count) { return elements(count); }

// Each function of the kernel in use gives what the portable one gives.
TEST(Kernel, hashes_and_transforms_as_the_portable_one) {
  const ProofKernel& k = kernel();
  for (int round = 0; round < 20; ++round) {
    const auto in = elements(256);
    std::vector<std::uint32_t> out(128), expected(128);
    k.compress(out.data(), in.data());
    kernel_portable.compress(expected.data(), in.data());
    EXPECT_EQ(out, expected);
  }
  for (const unsigned log : {1u, 2u, 5u, 6u, 7u, 9u}) {
    std::vector<std::uint32_t> roots(std::size_t{1} << (log - 1));
    Fp root = Fp::of(1);
    for (std::uint32_t& r : roots) {
      r = root.word;
      root = mul(root, root_of_unity(log));
    }
    const auto in = elements(std::size_t{16} << log);
    auto out = in;
    k.transform(out.data(), log, roots.data());
    auto expected = in;
    kernel_portable.transform(expected.data(), log, roots.data());
    EXPECT_EQ(out, expected);
    // and the portable one the polynomial's values
    for (std::size_t at = 0; at < std::size_t{1} << log; ++at) {
      std::size_t reversed = 0;
      for (unsigned bit = 0; bit < log; ++bit) {
        reversed |= (at >> bit & 1) << (log - 1 - bit);
      }
      const Fp x = power(root_of_unity(log), reversed);
      Fp value;
      for (std::size_t i = std::size_t{1} << log; i-- > 0;) {
        value = add(mul(value, x), Fp::of(in[16 * i + 3]));
      }
      EXPECT_EQ(expected[16 * at + 3], value.value());
    }
  }
}

TEST(Kernel, extends_evaluates_and_combines_as_the_portable_one) {
  const ProofKernel& k = kernel();
  const auto tile = elements(128 * 16);
  const auto shift = montgomery_elements(128);
  const auto roots = montgomery_elements(64);
  std::vector<std::uint32_t> out(128 * 40), expected(128 * 40);
  k.extend(out.data() + 3, 40, tile.data(), shift.data(), roots.data());
  kernel_portable.extend(expected.data() + 3, 40, tile.data(), shift.data(), roots.data());
  EXPECT_EQ(out, expected);

  const auto powers = montgomery_elements(128 * 6);
  out.assign(96, 0), expected.assign(96, 0);
  k.evaluate(out.data(), tile.data(), 128, powers.data());
  kernel_portable.evaluate(expected.data(), tile.data(), 128, powers.data());
  EXPECT_EQ(out, expected);

  const auto weights = montgomery_elements(3 * 96);
  const auto in = elements(7 * 50);
  out.assign(42, 0), expected.assign(42, 0);
  k.combine(out.data(), in.data(), 7, 50, 3, weights.data());
  kernel_portable.combine(expected.data(), in.data(), 7, 50, 3, weights.data());
  EXPECT_EQ(out, expected);
}

TEST(Kernel, composes_as_the_portable_one) {
  const auto current = elements(columns * 16), back = elements(backs * 16);
  const auto chosen = elements(selectors * 16), inverse_vanishing = elements(16);
  const auto alphas = montgomery_elements(constraints * 6), pub = montgomery_elements(publics);
  std::vector<std::uint32_t> out(96), expected(96);
  ConstraintGroup group{current.data(), back.data(), chosen.data(), inverse_vanishing.data(),
                        alphas.data(),  pub.data(),  out.data()};
  kernel().compose(&group);
  group.out = expected.data();
  kernel_portable.compose(&group);
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace v100::proof
