// Sums, key switching, rotations and modulus switching. Products of ciphertexts are in
// multiply.cpp.
#include "he/bfv/evaluate.h"

#include <cmath>
#include <cstring>

namespace v100::he::bfv {

namespace {

// Primes that hold a tensor product exactly beside q: t·n·q / 2 and its sign must fit into theirs.
std::vector<Ntt> auxiliary_primes(const Params& params) {
  const double bits = params.log_q() + std::log2(static_cast<double>(params.t())) +
                      std::log2(static_cast<double>(params.n())) + 2;
  std::vector<Ntt> out;
  std::uint64_t q = (1ull << 50) - 2 * params.n() + 1;
  for (double have = 0; have < bits; q -= 2 * params.n()) {
    bool taken = false;
    for (std::size_t i = 0; i < params.key_limbs(); ++i) {
      taken = taken || params.prime(i) == q;
    }
    Result<Ntt> ntt = Ntt::make(params.n(), q);
    if (!taken && ntt.has_value()) {
      out.push_back(std::move(*ntt));
      have += std::log2(static_cast<double>(q));
    }
  }
  return out;
}

}  // namespace

Evaluator::Evaluator(const Params& params) : params_(params), auxiliary_(auxiliary_primes(params)) {
  if (params.has_special()) {
    const std::uint64_t special = params.prime(params.limbs());
    for (std::size_t i = 0; i < params.limbs(); ++i) {
      special_inverse_.push_back(
          params.ntt(i).factor(mod_inverse(special % params.prime(i), params.prime(i))));
    }
  }
}

void Evaluator::add(Ciphertext& a, const Ciphertext& b) const {
  CHECK(a.limbs() == b.limbs() && a.parts.size() == b.parts.size());
  a.seed.reset();
  for (std::size_t k = 0; k < a.parts.size(); ++k) {
    for (std::size_t i = 0; i < a.limbs(); ++i) {
      params_.ntt(i).add(a.parts[k].limb(i), a.parts[k].limb(i), b.parts[k].limb(i));
    }
  }
}

void Evaluator::subtract(Ciphertext& a, const Ciphertext& b) const {
  CHECK(a.limbs() == b.limbs() && a.parts.size() == b.parts.size());
  a.seed.reset();
  for (std::size_t k = 0; k < a.parts.size(); ++k) {
    for (std::size_t i = 0; i < a.limbs(); ++i) {
      params_.ntt(i).subtract(a.parts[k].limb(i), a.parts[k].limb(i), b.parts[k].limb(i));
    }
  }
}

void Evaluator::add_plain(Ciphertext& a, Plain m) const {
  CHECK(m.size() == params_.n());
  RnsPoly x(params_.n(), 1);
  for (std::size_t i = 0; i < a.limbs(); ++i) {
    const Ntt& ntt = params_.ntt(i);
    ntt.scale(x.limb(0), m.data(), params_.level(a.limbs()).delta[i], nullptr);
    ntt.forward(x.limb(0));
    ntt.add(a.parts[0].limb(i), a.parts[0].limb(i), x.limb(0));
  }
}

void Evaluator::multiply_plain(Ciphertext& a, const RnsPoly& prepared) const {
  CHECK(prepared.limbs() >= a.limbs());
  a.seed.reset();
  for (RnsPoly& part : a.parts) {
    for (std::size_t i = 0; i < a.limbs(); ++i) {
      params_.ntt(i).multiply(part.limb(i), part.limb(i), prepared.limb(i));
    }
  }
}

// Digit i is the part modulo q_i, centred, as a small polynomial over all key limbs.
std::vector<RnsPoly> Evaluator::digits(const RnsPoly& part) const {
  CHECK(params_.has_special() && part.limbs() == params_.limbs());
  std::vector<RnsPoly> out;
  RnsPoly plain(params_.n(), 1);
  for (std::size_t digit = 0; digit < part.limbs(); ++digit) {
    RnsPoly& d = out.emplace_back(params_.n(), params_.key_limbs());
    std::memcpy(plain.limb(0), part.limb(digit), 8 * params_.n());
    params_.ntt(digit).inverse(plain.limb(0));
    for (std::size_t i = 0; i < d.limbs(); ++i) {
      if (i == digit) {
        std::memcpy(d.limb(i), part.limb(digit), 8 * params_.n());
      } else {
        params_.ntt(i).recentre(d.limb(i), plain.limb(0), params_.prime(digit));
        params_.ntt(i).forward(d.limb(i));
      }
    }
  }
  return out;
}

void Evaluator::inner_product(RnsPoly& out0, RnsPoly& out1, std::span<const RnsPoly> digits,
                              const SwitchKey& key, bool accumulate) const {
  for (std::size_t d = 0; d < digits.size(); ++d) {
    for (std::size_t i = 0; i < params_.key_limbs(); ++i) {
      const Ntt& ntt = params_.ntt(i);
      if (d == 0 && !accumulate) {
        ntt.multiply(out0.limb(i), digits[d].limb(i), key.b[d].limb(i));
        ntt.multiply(out1.limb(i), digits[d].limb(i), key.a[d].limb(i));
      } else {
        ntt.multiply_add(out0.limb(i), digits[d].limb(i), key.b[d].limb(i), out0.limb(i));
        ntt.multiply_add(out1.limb(i), digits[d].limb(i), key.a[d].limb(i), out1.limb(i));
      }
    }
  }
}

// x over all key limbs to x / special, rounded, over the ciphertext's.
void Evaluator::divide_special(RnsPoly& x) const {
  const std::size_t last = params_.limbs();
  RnsPoly rest(params_.n(), 1);
  params_.ntt(last).inverse(x.limb(last));
  for (std::size_t i = 0; i < last; ++i) {
    const Ntt& ntt = params_.ntt(i);
    ntt.recentre(rest.limb(0), x.limb(last), params_.prime(last));
    ntt.forward(rest.limb(0));
    ntt.subtract_scale(x.limb(i), x.limb(i), rest.limb(0), special_inverse_[i]);
  }
  x.drop_to(last);
}

void Evaluator::relinearise(Ciphertext& c, const SwitchKey& key) const {
  CHECK(c.parts.size() == 3 && c.limbs() == params_.limbs());
  const std::vector<RnsPoly> d = digits(c.parts[2]);
  RnsPoly switched0(params_.n(), params_.key_limbs());
  RnsPoly switched1(params_.n(), params_.key_limbs());
  inner_product(switched0, switched1, d, key, false);
  divide_special(switched0);
  divide_special(switched1);
  c.parts.pop_back();
  for (std::size_t i = 0; i < c.limbs(); ++i) {
    params_.ntt(i).add(c.parts[0].limb(i), c.parts[0].limb(i), switched0.limb(i));
    params_.ntt(i).add(c.parts[1].limb(i), c.parts[1].limb(i), switched1.limb(i));
  }
}

void Evaluator::rotate(Ciphertext& c, const GaloisKey& key) const {
  Ciphertext image = c.copy();
  const GaloisKey* keys[] = {&key};
  add_images(image, keys);
  subtract(image, c);
  c = std::move(image);
}

// image_g(c) = g(c0) + switch(g(c1)). With keys turned back by g^-1 the inner product is taken with
// c1's own digits, and special·c0 joins it before the turn: one turn an image, one division in all.
void Evaluator::add_images(Ciphertext& c, std::span<const GaloisKey* const> keys) const {
  CHECK(c.parts.size() == 2 && c.limbs() == params_.limbs());
  c.seed.reset();
  const std::size_t n = params_.n();
  const std::size_t limbs = params_.limbs();
  const std::vector<RnsPoly> d = digits(c.parts[1]);
  RnsPoly sum[2] = {RnsPoly(n, limbs + 1), RnsPoly(n, limbs + 1)};
  RnsPoly one[2] = {RnsPoly(n, limbs + 1), RnsPoly(n, limbs + 1)};
  RnsPoly turned(n, 1);
  RnsPoly scaled(n, limbs);
  RnsPoly zero(n, 1);
  for (std::size_t i = 0; i < limbs; ++i) {
    params_.ntt(i).subtract_scale(scaled.limb(i), c.parts[0].limb(i), zero.limb(0),
                                  params_.ntt(i).factor(params_.prime(limbs)));
  }
  for (const GaloisKey* key : keys) {
    inner_product(one[0], one[1], d, key->key, false);
    for (std::size_t half = 0; half < 2; ++half) {
      for (std::size_t i = 0; i <= limbs; ++i) {
        const Ntt& ntt = params_.ntt(i);
        if (half == 0 && i < limbs) {
          ntt.add(one[0].limb(i), one[0].limb(i), scaled.limb(i));
        }
        ring64_kernel().permute(turned.limb(0), one[half].limb(i), key->positions.data(), n);
        ntt.add(sum[half].limb(i), sum[half].limb(i), turned.limb(0));
      }
    }
  }
  for (std::size_t half = 0; half < 2; ++half) {
    divide_special(sum[half]);
    for (std::size_t i = 0; i < limbs; ++i) {
      params_.ntt(i).add(c.parts[half].limb(i), c.parts[half].limb(i), sum[half].limb(i));
    }
  }
}

void Evaluator::switch_down(Ciphertext& c) const {
  const std::size_t last = c.limbs() - 1;
  CHECK(c.limbs() >= 2);
  c.seed.reset();
  RnsPoly rest(params_.n(), 1);
  const Params::Level& level = params_.level(c.limbs());
  for (RnsPoly& part : c.parts) {
    params_.ntt(last).inverse(part.limb(last));
    for (std::size_t i = 0; i < last; ++i) {
      const Ntt& ntt = params_.ntt(i);
      ntt.recentre(rest.limb(0), part.limb(last), params_.prime(last));
      ntt.forward(rest.limb(0));
      ntt.subtract_scale(part.limb(i), part.limb(i), rest.limb(0), level.drop[i]);
    }
    part.drop_to(last);
  }
}

}  // namespace v100::he::bfv
