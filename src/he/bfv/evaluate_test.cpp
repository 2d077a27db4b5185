// Broken if this fails: computing on ciphertexts, the textbook way that the match is measured
// against.
#include "he/bfv/evaluate.h"

#include <gtest/gtest.h>
#include <memory>

#include "he/bfv/test_random.h"

namespace v100::he::bfv {
namespace {

class Evaluate : public testing::TestWithParam<int> {
 protected:
  std::unique_ptr<Params> params =
      Params::make(GetParam() == 0 ? rotate_spec() : match192_spec()).value();
  TestRandom random{11};
  Encryptor encryptor{*params, random};
  SecretKey key = SecretKey::generate(*params, encryptor.noise());
  PublicKey public_key = PublicKey::generate(*params, key, encryptor.noise(), random);
  Decryptor decryptor{*params, key};
  Evaluator evaluator{*params};
  SlotEncoder slots{*params};
  std::size_t n = params->n();

  std::vector<std::int32_t> random_values(std::int32_t most) {
    std::vector<std::int32_t> out(n);
    for (std::int32_t& v : out) {
      v = static_cast<std::int32_t>(random.next() % static_cast<std::uint64_t>(2 * most + 1)) -
          most;
    }
    return out;
  }
  Ciphertext encrypt(const std::vector<std::int32_t>& values) {
    std::vector<std::int32_t> plain(n);
    slots.encode(plain, values);
    Ciphertext out = make_ciphertext(*params, 2);
    encryptor.encrypt(out, plain, public_key);
    return out;
  }
  std::vector<std::int32_t> decrypt(const Ciphertext& c) {
    std::vector<std::int32_t> plain(n);
    std::vector<std::int32_t> values(n);
    decryptor.decrypt(plain, c);
    slots.decode(values, plain);
    return values;
  }
  std::int32_t mod_t(std::int64_t v) const {
    const auto t = static_cast<std::int64_t>(params->t());
    const std::int64_t r = ((v % t) + t) % t;
    return static_cast<std::int32_t>(r > t / 2 ? r - t : r);
  }
  template <class F>
  void expect_slots(const Ciphertext& c, F want) {
    const std::vector<std::int32_t> got = decrypt(c);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(got[i], mod_t(want(i))) << i;
    }
  }
};

TEST_P(Evaluate, SumsAndProducts) {
  const auto half = static_cast<std::int32_t>(params->t() / 2);
  const std::vector<std::int32_t> a = random_values(half);
  const std::vector<std::int32_t> b = random_values(half);
  Ciphertext c = encrypt(a);
  evaluator.add(c, encrypt(b));
  expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} + b[i]; });
  evaluator.subtract(c, encrypt(b));
  std::vector<std::int32_t> plain(n);
  slots.encode(plain, b);
  evaluator.add_plain(c, plain);
  expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} + b[i]; });
  c = encrypt(a);
  evaluator.multiply_plain(c, prepare_plain(*params, plain));
  expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} * b[i]; });
  const double before = decryptor.noise_budget(c);
  if (params->limbs() == 3) {
    evaluator.switch_down(c);
    expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} * b[i]; });
    EXPECT_GT(before - decryptor.noise_budget(c), 0);
  }
}

TEST_P(Evaluate, ProductsOfCiphertexts) {
  const std::vector<std::int32_t> a = random_values(30000);
  const std::vector<std::int32_t> b = random_values(30000);
  Ciphertext c = evaluator.multiply(encrypt(a), encrypt(b));
  expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} * b[i]; });
  EXPECT_GT(decryptor.noise_budget(c), 3);
  if (params->has_special()) {
    evaluator.relinearise(c, SwitchKey::relinearisation(*params, key, encryptor.noise(), random));
    EXPECT_EQ(c.parts.size(), 2u);
    expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i]} * b[i]; });
  }
}

TEST_P(Evaluate, RotationsTurnTheRows) {
  if (!params->has_special()) {
    return;
  }
  const std::vector<std::int32_t> a = random_values(30000);
  for (const std::int64_t steps : {std::int64_t{1}, std::int64_t{32}, std::int64_t{-5}}) {
    const GaloisKey turn = GaloisKey::generate(*params, key, rotation_element(*params, steps),
                                               encryptor.noise(), random);
    Ciphertext c = encrypt(a);
    evaluator.rotate(c, turn);
    const auto row = static_cast<std::int64_t>(n / 2);
    expect_slots(c, [&](std::size_t i) {
      const std::int64_t at = static_cast<std::int64_t>(i) % row;
      const std::int64_t from = (at + steps + row) % row;
      return std::int64_t{a[static_cast<std::size_t>(from) + (i >= n / 2 ? n / 2 : 0)]};
    });
  }
  const GaloisKey swap =
      GaloisKey::generate(*params, key, row_swap_element(*params), encryptor.noise(), random);
  Ciphertext c = encrypt(a);
  evaluator.rotate(c, swap);
  expect_slots(c, [&](std::size_t i) { return std::int64_t{a[i ^ (n / 2)]}; });
}

INSTANTIATE_TEST_SUITE_P(Tiers, Evaluate, testing::Values(0, 1));

}  // namespace
}  // namespace v100::he::bfv
