// Decryption by floating point (Halevi, Polyakov, Shoup, eprint 2018/117 §2): with v_i the i-th
// residue times (q / q_i)^-1, the message is the rounded sum of t·v_i / q_i, modulo t. A double's
// error in it is below 2^-33.
#include <cmath>

#include "base/ct.h"
#include "he/bfv/bfv.h"

namespace v100::he::bfv {

Decryptor::Decryptor(const Params& params, const SecretKey& key)
    : params_(params), key_(key), phase_(params.n(), params.limbs()) {}

Decryptor::~Decryptor() { wipe(phase_.as_bytes()); }

// c0 + c1·s + c2·s^2, as coefficients, each limb times (q / q_i)^-1.
void Decryptor::phase(const Ciphertext& c) {
  const std::size_t limbs = c.limbs();
  CHECK(c.parts.size() >= 2 && c.parts.size() <= 3 && limbs >= 1 && limbs <= params_.limbs());
  RnsPoly zero(params_.n(), 1);
  for (std::size_t i = 0; i < limbs; ++i) {
    const Ntt& ntt = params_.ntt(i);
    std::uint64_t* x = phase_.limb(i);
    ntt.multiply_add(x, c.parts[1].limb(i), key_.s().limb(i), c.parts[0].limb(i));
    if (c.parts.size() == 3) {
      ntt.multiply_add(x, c.parts[2].limb(i), key_.s_squared().limb(i), x);
    }
    ntt.inverse(x);
    ntt.subtract_scale(x, x, zero.limb(0), params_.level(limbs).garner[i]);
  }
}

void Decryptor::decrypt(std::span<std::int32_t> m, const Ciphertext& c) {
  CHECK(m.size() == params_.n());
  phase(c);
  const Params::Level& level = params_.level(c.limbs());
  const auto t = static_cast<std::int64_t>(params_.t());
  for (std::size_t k = 0; k < m.size(); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < c.limbs(); ++i) {
      sum +=
          level.t_over_prime[i] * static_cast<double>(static_cast<std::int64_t>(phase_.limb(i)[k]));
    }
    std::int64_t x = static_cast<std::int64_t>(sum + 0.5);  // 0 … 3t
    for (int i = 0; i < 3; ++i) {
      x -= t & ~((x - t) >> 63);
    }
    x -= t & ~((x - (t + 1) / 2) >> 63);  // centred
    m[k] = static_cast<std::int32_t>(x);
  }
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(m.data()), m.size_bytes()});
}

namespace {

// Three 64-bit words, enough for a modulus of 150 bits and some more.
struct Wide {
  std::uint64_t w[3] = {};
  void add_product(const Wide& a, std::uint64_t b) {
    __extension__ typedef unsigned __int128 Two;
    Two carry = 0;
    for (int i = 0; i < 3; ++i) {
      carry += static_cast<Two>(a.w[i]) * b + w[i];
      w[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
  }
  bool operator<(const Wide& b) const {
    for (int i = 2; i >= 0; --i) {
      if (w[i] != b.w[i]) {
        return w[i] < b.w[i];
      }
    }
    return false;
  }
  void subtract(const Wide& b) {
    std::uint64_t borrow = 0;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t x = w[i] - b.w[i];
      const std::uint64_t under = x > w[i] ? 1u : 0u;
      w[i] = x - borrow;
      borrow = under | (w[i] > x ? 1u : 0u);
    }
  }
  double log2() const {
    return std::log2(static_cast<double>(w[0]) + std::ldexp(static_cast<double>(w[1]), 64) +
                     std::ldexp(static_cast<double>(w[2]), 128));
  }
};

Wide product_of_primes(const Params& params, std::size_t limbs, std::size_t without) {
  Wide out;
  out.w[0] = 1;
  for (std::size_t i = 0; i < limbs; ++i) {
    if (i != without) {
      Wide next;
      next.add_product(out, params.prime(i));
      out = next;
    }
  }
  return out;
}

}  // namespace

double Decryptor::noise_budget(const Ciphertext& c) {
  const std::size_t limbs = c.limbs();
  phase(c);
  ct::unpoison(phase_.as_bytes());
  const Wide q = product_of_primes(params_, limbs, limbs);
  std::vector<Wide> others;
  for (std::size_t i = 0; i < limbs; ++i) {
    others.push_back(product_of_primes(params_, limbs, i));
  }
  Wide worst;
  for (std::size_t k = 0; k < params_.n(); ++k) {
    Wide x;  // t·phase mod q = sum of (t·v_i mod q_i)·(q / q_i)
    for (std::size_t i = 0; i < limbs; ++i) {
      x.add_product(others[i], mod_multiply(phase_.limb(i)[k], params_.t(), params_.prime(i)));
    }
    while (!(x < q)) {
      x.subtract(q);
    }
    Wide negative = q;
    negative.subtract(x);
    const Wide& magnitude = x < negative ? x : negative;
    worst = worst < magnitude ? magnitude : worst;
  }
  return std::max(0.0, q.log2() - 1 - std::max(0.0, worst.log2()));
}

}  // namespace v100::he::bfv
