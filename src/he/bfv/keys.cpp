#include "he/bfv/keys.h"

#include "base/ct.h"
#include "crypto/keccak/keccak.h"

namespace v100::he::bfv {
namespace {

constexpr Factor one{1, 0};

}  // namespace

SecretKey SecretKey::generate(const Params& params, Noise& noise) {
  SecretKey out{std::vector<std::int8_t>(params.n())};
  noise.ternary(out.coefficients_.data());
  out.prepare(params);
  return out;
}

Result<SecretKey> SecretKey::from(const Params& params, std::span<const std::int8_t> coefficients) {
  std::uint32_t outside = coefficients.size() == params.n() ? 0 : 1;
  for (const std::int8_t c : coefficients) {
    outside |= static_cast<std::uint32_t>(c + 1) & ~3u;
    outside |= static_cast<std::uint32_t>(c == 2);
  }
  ct::unpoison_value(outside);
  if (outside != 0) {
    return fail(Errc::malformed, "bfv: a secret key is n coefficients of -1, 0 and 1");
  }
  SecretKey out{std::vector<std::int8_t>(coefficients.begin(), coefficients.end())};
  out.prepare(params);
  return out;
}

SecretKey::~SecretKey() {
  wipe({reinterpret_cast<std::uint8_t*>(coefficients_.data()), coefficients_.size()});
  wipe(s_.as_bytes());
  wipe(minus_s_.as_bytes());
  wipe(s_squared_.as_bytes());
}

void SecretKey::prepare(const Params& params) {
  const std::size_t limbs = params.key_limbs();
  s_ = RnsPoly(params.n(), limbs);
  minus_s_ = RnsPoly(params.n(), limbs);
  s_squared_ = RnsPoly(params.n(), limbs);
  RnsPoly zero(params.n(), 1);
  for (std::size_t i = 0; i < limbs; ++i) {
    const Ntt& ntt = params.ntt(i);
    ntt.scale_small(s_.limb(i), coefficients_.data(), one);
    ntt.forward(s_.limb(i));
    ntt.to_montgomery(s_.limb(i));
    ntt.subtract(minus_s_.limb(i), zero.limb(0), s_.limb(i));
    ntt.multiply(s_squared_.limb(i), s_.limb(i), s_.limb(i));  // s·R · s·R / R
  }
}

PublicKey PublicKey::generate(const Params& params, const SecretKey& key, Noise& noise,
                              Random& random) {
  PublicKey out;
  random.fill(out.seed);
  out.a = RnsPoly(params.n(), params.limbs());
  out.b = RnsPoly(params.n(), params.limbs());
  expand_uniform(out.a, params, out.seed);
  std::vector<std::int8_t> e(params.n());
  noise.binomial(e.data());
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    const Ntt& ntt = params.ntt(i);
    ntt.scale_small(out.b.limb(i), e.data(), one);
    ntt.forward(out.b.limb(i));
    ntt.multiply_add(out.b.limb(i), out.a.limb(i), key.minus_s().limb(i), out.b.limb(i));
    ntt.to_montgomery(out.b.limb(i));
    ntt.to_montgomery(out.a.limb(i));
  }
  wipe({reinterpret_cast<std::uint8_t*>(e.data()), e.size()});
  ct::unpoison(out.b.as_bytes());
  return out;
}

Seed digit_seed(const Seed& seed, std::size_t digit) {
  Seed out;
  const ByteArray<1> index = {static_cast<std::uint8_t>(digit)};
  keccak::shake256(out, {seed, index});
  return out;
}

SwitchKey SwitchKey::generate(const Params& params, const SecretKey& key, const RnsPoly& target,
                              Noise& noise, Random& random) {
  CHECK(params.has_special() && target.limbs() == params.key_limbs());
  const std::size_t n = params.n();
  const std::size_t limbs = params.key_limbs();
  SwitchKey out;
  random.fill(out.seed);
  std::vector<std::int8_t> e(n);
  for (std::size_t digit = 0; digit < params.limbs(); ++digit) {
    RnsPoly b(n, limbs);
    RnsPoly a(n, limbs);
    expand_uniform(a, params, digit_seed(out.seed, digit));
    noise.binomial(e.data());
    for (std::size_t i = 0; i < limbs; ++i) {
      const Ntt& ntt = params.ntt(i);
      ntt.scale_small(b.limb(i), e.data(), one);
      ntt.forward(b.limb(i));
      ntt.multiply_add(b.limb(i), a.limb(i), key.minus_s().limb(i), b.limb(i));
      if (i == digit) {
        const std::uint64_t special = params.prime(limbs - 1) % ntt.q();
        for (std::size_t k = 0; k < n; ++k) {
          b.limb(i)[k] =
              (b.limb(i)[k] + mod_multiply(target.limb(i)[k], special, ntt.q())) % ntt.q();
        }
      }
      ntt.to_montgomery(b.limb(i));
      ntt.to_montgomery(a.limb(i));
    }
    ct::unpoison(b.as_bytes());
    out.b.push_back(std::move(b));
    out.a.push_back(std::move(a));
  }
  wipe({reinterpret_cast<std::uint8_t*>(e.data()), e.size()});
  return out;
}

SwitchKey SwitchKey::relinearisation(const Params& params, const SecretKey& key, Noise& noise,
                                     Random& random) {
  RnsPoly target = key.s_squared().copy();
  RnsPoly unit(params.n(), 1);
  for (std::size_t k = 0; k < params.n(); ++k) {
    unit.limb(0)[k] = 1;
  }
  for (std::size_t i = 0; i < target.limbs(); ++i) {
    params.ntt(i).multiply(target.limb(i), target.limb(i), unit.limb(0));  // off the factor 2^52
  }
  SwitchKey out = generate(params, key, target, noise, random);
  wipe(target.as_bytes());
  return out;
}

}  // namespace v100::he::bfv
