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

Evaluator::Evaluator(const Params& params)
    : params_(params),
      auxiliary_(auxiliary_primes(params)),
      scaled_(params.n(), params.limbs()),
      zero_(params.n(), 1),
      rest_(params.n(), 1),
      turned_(params.n(), 1) {
  if (params.has_special()) {
    const std::uint64_t special = params.prime(params.limbs());
    for (std::size_t i = 0; i < params.limbs(); ++i) {
      special_inverse_.push_back(
          params.ntt(i).factor(mod_inverse(special % params.prime(i), params.prime(i))));
      digits_.emplace_back(params.n(), params.key_limbs());
    }
    for (std::size_t half = 0; half < 2; ++half) {
      product_[half] = RnsPoly(params.n(), params.key_limbs());
      sum_[half] = RnsPoly(params.n(), params.key_limbs());
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
void Evaluator::take_digits(const RnsPoly& part) {
  CHECK(params_.has_special() && part.limbs() == params_.limbs());
  for (std::size_t digit = 0; digit < part.limbs(); ++digit) {
    RnsPoly& d = digits_[digit];
    std::memcpy(rest_.limb(0), part.limb(digit), 8 * params_.n());
    params_.ntt(digit).inverse(rest_.limb(0));
    for (std::size_t i = 0; i < d.limbs(); ++i) {
      if (i == digit) {
        std::memcpy(d.limb(i), part.limb(digit), 8 * params_.n());
      } else {
        params_.ntt(i).recentre(d.limb(i), rest_.limb(0), params_.prime(digit));
        params_.ntt(i).forward(d.limb(i));
      }
    }
  }
}

// product_ = the digits times the key.
void Evaluator::inner_product(const SwitchKey& key) {
  for (std::size_t half = 0; half < 2; ++half) {
    product_[half].drop_to(params_.key_limbs());
    const std::vector<RnsPoly>& factors = half == 0 ? key.b : key.a;
    for (std::size_t i = 0; i < params_.key_limbs(); ++i) {
      const Ntt& ntt = params_.ntt(i);
      std::uint64_t* out = product_[half].limb(i);
      ntt.multiply(out, digits_[0].limb(i), factors[0].limb(i));
      for (std::size_t d = 1; d < digits_.size(); ++d) {
        ntt.multiply_add(out, digits_[d].limb(i), factors[d].limb(i), out);
      }
    }
  }
}

// x over all key limbs to x / special, rounded, over the ciphertext's.
void Evaluator::divide_special(RnsPoly& x) {
  const std::size_t last = params_.limbs();
  params_.ntt(last).inverse(x.limb(last));
  for (std::size_t i = 0; i < last; ++i) {
    const Ntt& ntt = params_.ntt(i);
    ntt.recentre(rest_.limb(0), x.limb(last), params_.prime(last));
    ntt.forward(rest_.limb(0));
    ntt.subtract_scale(x.limb(i), x.limb(i), rest_.limb(0), special_inverse_[i]);
  }
  x.drop_to(last);
}

void Evaluator::relinearise(Ciphertext& c, const SwitchKey& key) {
  CHECK(c.parts.size() == 3 && c.limbs() == params_.limbs());
  take_digits(c.parts[2]);
  inner_product(key);
  c.parts.pop_back();
  for (std::size_t half = 0; half < 2; ++half) {
    divide_special(product_[half]);
    for (std::size_t i = 0; i < c.limbs(); ++i) {
      std::uint64_t* part = c.parts[half].limb(i);
      params_.ntt(i).add(part, part, product_[half].limb(i));
    }
  }
}

void Evaluator::rotate(Ciphertext& c, const GaloisKey& key) {
  Ciphertext image = c.copy();
  const GaloisKey* keys[] = {&key};
  add_images(image, keys);
  subtract(image, c);
  c = std::move(image);
}

// image_g(c) = g(c0) + switch(g(c1)). With keys turned back by g^-1 the inner product is taken with
// c1's own digits, and special·c0 joins it before the turn: one turn an image, one division in all.
void Evaluator::add_images(Ciphertext& c, std::span<const GaloisKey* const> keys) {
  CHECK(c.parts.size() == 2 && c.limbs() == params_.limbs() && !keys.empty());
  c.seed.reset();
  const std::size_t limbs = params_.limbs();
  take_digits(c.parts[1]);
  for (std::size_t i = 0; i < limbs; ++i) {
    const Ntt& ntt = params_.ntt(i);
    ntt.subtract_scale(scaled_.limb(i), c.parts[0].limb(i), zero_.limb(0),
                       ntt.factor(params_.prime(limbs)));
  }
  for (std::size_t k = 0; k < keys.size(); ++k) {
    inner_product(keys[k]->key);
    for (std::size_t half = 0; half < 2; ++half) {
      sum_[half].drop_to(limbs + 1);
      for (std::size_t i = 0; i <= limbs; ++i) {
        const Ntt& ntt = params_.ntt(i);
        std::uint64_t* product = product_[half].limb(i);
        std::uint64_t* sum = sum_[half].limb(i);
        if (half == 0 && i < limbs) {
          ntt.add(product, product, scaled_.limb(i));
        }
        ring64_kernel().permute(k == 0 ? sum : turned_.limb(0), product, keys[k]->positions.data(),
                                params_.n());
        if (k != 0) {
          ntt.add(sum, sum, turned_.limb(0));
        }
      }
    }
  }
  for (std::size_t half = 0; half < 2; ++half) {
    divide_special(sum_[half]);
    for (std::size_t i = 0; i < limbs; ++i) {
      std::uint64_t* part = c.parts[half].limb(i);
      params_.ntt(i).add(part, part, sum_[half].limb(i));
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
