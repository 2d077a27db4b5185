// The product of two ciphertexts: both lifted exactly into q·b with auxiliary primes b, multiplied
// there, and scaled by t / q. Base conversion with the overflow counted in floating point, after
// Halevi, Polyakov and Shoup (eprint 2018/117 §2.2).
#include <cmath>
#include <cstring>

#include "he/bfv/evaluate.h"

namespace v100::he::bfv {
namespace {

// Centred x modulo the product of `from`, as residues modulo one more prime.
class Conversion {
 public:
  Conversion(std::span<const Ntt* const> from, const Ntt& to) : to_(to) {
    const std::uint64_t p = to.q();
    std::uint64_t product = 1;
    for (const Ntt* f : from) {
      product = mod_multiply(product, f->q() % p, p);
    }
    product_ = product;
    for (const Ntt* f : from) {
      others_.push_back(mod_multiply(product, mod_inverse(f->q() % p, p), p));
    }
  }
  // parts[i] = x·(product / q_i)^-1 mod q_i; overflow: round of the sum of parts[i] / q_i.
  std::uint64_t operator()(std::span<const std::uint64_t> parts, std::uint64_t overflow) const {
    const std::uint64_t p = to_.q();
    std::uint64_t sum = p - mod_multiply(overflow % p, product_, p);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      sum += mod_multiply(parts[i] % p, others_[i], p);
    }
    return sum % p;
  }

 private:
  const Ntt& to_;
  std::uint64_t product_ = 1;
  std::vector<std::uint64_t> others_;
};

// x over `from` (in coefficients) to out over `to`.
void convert(RnsPoly& out, std::size_t out_first, const RnsPoly& x, std::size_t x_first,
             std::span<const Ntt* const> from, std::span<const Ntt* const> to) {
  std::vector<std::uint64_t> garner;
  for (const Ntt* f : from) {
    std::uint64_t others = 1;
    for (const Ntt* g : from) {
      others = g == f ? others : mod_multiply(others, g->q() % f->q(), f->q());
    }
    garner.push_back(mod_inverse(others, f->q()));
  }
  std::vector<Conversion> conversions;
  for (const Ntt* p : to) {
    conversions.emplace_back(from, *p);
  }
  std::vector<std::uint64_t> parts(from.size());
  for (std::size_t k = 0; k < x.n(); ++k) {
    double sum = 0.5;
    for (std::size_t i = 0; i < from.size(); ++i) {
      parts[i] = mod_multiply(x.limb(x_first + i)[k], garner[i], from[i]->q());
      sum += static_cast<double>(parts[i]) / static_cast<double>(from[i]->q());
    }
    for (std::size_t j = 0; j < to.size(); ++j) {
      out.limb(out_first + j)[k] = conversions[j](parts, static_cast<std::uint64_t>(sum));
    }
  }
}

struct Bases {
  std::vector<const Ntt*> q;
  std::vector<const Ntt*> b;
};

Bases bases(const Params& params, std::size_t limbs, const std::vector<Ntt>& auxiliary) {
  Bases out;
  for (std::size_t i = 0; i < limbs; ++i) {
    out.q.push_back(&params.ntt(i));
  }
  for (const Ntt& b : auxiliary) {
    out.b.push_back(&b);
  }
  return out;
}

}  // namespace

// Each part over q·b, transformed.
std::vector<RnsPoly> Evaluator::extend(const Ciphertext& c) const {
  const std::size_t limbs = c.limbs();
  const Bases base = bases(params_, limbs, auxiliary_);
  std::vector<RnsPoly> out;
  for (const RnsPoly& part : c.parts) {
    RnsPoly& x = out.emplace_back(params_.n(), limbs + auxiliary_.size());
    RnsPoly plain = part.copy();
    for (std::size_t i = 0; i < limbs; ++i) {
      std::memcpy(x.limb(i), part.limb(i), 8 * params_.n());
      params_.ntt(i).inverse(plain.limb(i));
    }
    convert(x, limbs, plain, 0, base.q, base.b);
    for (std::size_t j = 0; j < auxiliary_.size(); ++j) {
      auxiliary_[j].forward(x.limb(limbs + j));
    }
  }
  return out;
}

// round(t·x / q) over q: (t·x - (t·x mod q, centred)) / q is exact in b, and small enough to come
// back from there.
RnsPoly Evaluator::scale_down(RnsPoly& x, std::size_t limbs) const {
  const Bases base = bases(params_, limbs, auxiliary_);
  RnsPoly zero(params_.n(), 1);
  for (std::size_t i = 0; i < x.limbs(); ++i) {
    const Ntt& ntt = i < limbs ? params_.ntt(i) : auxiliary_[i - limbs];
    ntt.inverse(x.limb(i));
    ntt.subtract_scale(x.limb(i), x.limb(i), zero.limb(0), ntt.factor(params_.t()));
  }
  RnsPoly rest(params_.n(), auxiliary_.size());
  convert(rest, 0, x, 0, base.q, base.b);
  for (std::size_t j = 0; j < auxiliary_.size(); ++j) {
    const Ntt& ntt = auxiliary_[j];
    std::uint64_t q = 1;
    for (std::size_t i = 0; i < limbs; ++i) {
      q = mod_multiply(q, params_.prime(i) % ntt.q(), ntt.q());
    }
    ntt.subtract_scale(rest.limb(j), x.limb(limbs + j), rest.limb(j),
                       ntt.factor(mod_inverse(q, ntt.q())));
  }
  RnsPoly out(params_.n(), limbs);
  convert(out, 0, rest, 0, base.b, base.q);
  for (std::size_t i = 0; i < limbs; ++i) {
    params_.ntt(i).forward(out.limb(i));
  }
  return out;
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Ciphertext& b) const {
  CHECK(a.parts.size() == 2 && b.parts.size() == 2 && a.limbs() == b.limbs());
  const std::size_t limbs = a.limbs();
  const std::vector<RnsPoly> x = extend(a);
  std::vector<RnsPoly> y = extend(b);
  RnsPoly tensor[3];
  for (RnsPoly& t : tensor) {
    t = RnsPoly(params_.n(), limbs + auxiliary_.size());
  }
  for (std::size_t i = 0; i < limbs + auxiliary_.size(); ++i) {
    const Ntt& ntt = i < limbs ? params_.ntt(i) : auxiliary_[i - limbs];
    ntt.to_montgomery(y[0].limb(i));
    ntt.to_montgomery(y[1].limb(i));
    ntt.multiply(tensor[0].limb(i), x[0].limb(i), y[0].limb(i));
    ntt.multiply(tensor[1].limb(i), x[1].limb(i), y[0].limb(i));
    ntt.multiply_add(tensor[1].limb(i), x[0].limb(i), y[1].limb(i), tensor[1].limb(i));
    ntt.multiply(tensor[2].limb(i), x[1].limb(i), y[1].limb(i));
  }
  Ciphertext out;
  for (RnsPoly& t : tensor) {
    out.parts.push_back(scale_down(t, limbs));
  }
  return out;
}

}  // namespace v100::he::bfv
