// One-time masks: encryptions of zero, with noise flooding on the coefficients that are returned.
#include <bit>

#include "base/ct.h"
#include "svc/match/blocks.h"
#include "svc/match/engine.h"

namespace v100::match {
namespace {

constexpr he::Factor one{1, 0};
constexpr unsigned low_bits = 36;

}  // namespace

MaskMaker::MaskMaker(const bfv::Params& params, const bfv::PublicKey& key, Random& random)
    : params_(params),
      key_(key),
      slots_(params.n() / dimensions),
      noise_(params.n(), random),
      plain_(make_flood(flood_bits_plain)),
      encrypted_(make_flood(flood_bits_encrypted)),
      u_(params.n()),
      e_(params.n()),
      scratch_(params.n(), 1),
      numbers_(2 * slots_ + 8) {}

MaskMaker::~MaskMaker() {
  wipe({reinterpret_cast<std::uint8_t*>(u_.data()), u_.size()});
  wipe({reinterpret_cast<std::uint8_t*>(e_.data()), e_.size()});
  wipe(scratch_.as_bytes());
  wipe({reinterpret_cast<std::uint8_t*>(numbers_.data()), 8 * numbers_.size()});
}

// Coefficient f = low + 2^36·high - 2^(bits - 1) of X^(128·i) adds f·rho_b^i at each of the 128
// points of block b: columns for low, for high, and one for the constant.
MaskMaker::Flood MaskMaker::make_flood(unsigned bits) const {
  Flood out{bits, {}};
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    const he::Ntt& ntt = params_.ntt(limb);
    const std::uint64_t q = ntt.q();
    he::Poly m((2 * slots_ + 1) * slots_);
    const std::uint64_t high = he::mod_power(2, low_bits, q);
    const std::uint64_t offset = q - he::mod_power(2, bits - 1, q);
    for (std::size_t b = 0; b < slots_; ++b) {
      const std::uint64_t rho = block_root(ntt, b);
      std::uint64_t power = he::mod_multiply(dimensions, ntt.r(), q);
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < slots_; ++i) {
        m[i * slots_ + b] = power;
        m[(slots_ + i) * slots_ + b] = he::mod_multiply(power, high, q);
        sum = (sum + power) % q;
        power = he::mod_multiply(power, rho, q);
      }
      m[2 * slots_ * slots_ + b] = he::mod_multiply(sum, offset, q);
    }
    out.matrices.push_back(std::move(m));
  }
  return out;
}

// (b, a) = u·pk + (., e), an encryption of zero: a whole, of b the block sums (`sums`, without an
// error of its own: the flooding is far larger) or all (`b`, with one).
void MaskMaker::zero_pair(bfv::RnsPoly& a, bfv::RnsPoly* b, he::Poly* sums) {
  noise_.ternary(u_.data());
  noise_.binomial(e_.data());
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    const he::Ntt& ntt = params_.ntt(limb);
    std::uint64_t* u = scratch_.limb(0);
    ntt.scale_small(u, u_.data(), one);
    ntt.forward_loose(u);
    ntt.scale_small(a.limb(limb), e_.data(), one);
    ntt.forward(a.limb(limb));
    ntt.multiply_add(a.limb(limb), key_.a.limb(limb), u, a.limb(limb));
    if (sums != nullptr) {
      ntt.sums(sums->data() + limb * slots_, key_.b.limb(limb), u, dimensions);
    } else {
      ntt.multiply(b->limb(limb), key_.b.limb(limb), u);
    }
  }
  if (b != nullptr) {
    noise_.binomial(e_.data());
    for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
      const he::Ntt& ntt = params_.ntt(limb);
      std::uint64_t* e = scratch_.limb(0);
      ntt.scale_small(e, e_.data(), one);
      ntt.forward(e);
      ntt.add(b->limb(limb), b->limb(limb), e);
    }
  }
}

void MaskMaker::flood(he::Poly& sums, const Flood& flood) {
  const std::size_t count = 2 * slots_;
  noise_.bytes({reinterpret_cast<std::uint8_t*>(numbers_.data()), 8 * count});
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned bits = i < slots_ ? low_bits : flood.bits - low_bits;
    numbers_[i] &= (1ull << bits) - 1;
  }
  numbers_[count] = 1;
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    alignas(64) std::uint64_t added[slots_max];
    const he::Ntt& ntt = params_.ntt(limb);
    he::ring64_kernel().matrix(added, flood.matrices[limb].data(), numbers_.data(), slots_,
                               count + 1, ntt.modulus());
    std::uint64_t* to = sums.data() + limb * slots_;
    for (std::size_t b = 0; b < slots_; ++b) {
      const std::uint64_t sum = to[b] + added[b];
      to[b] = sum - (ntt.q() & ~(0 - ((sum - ntt.q()) >> 63)));
    }
  }
}

void MaskMaker::make(Mask& out) {
  if (out.add1.limbs() == 0) {
    out.add1 = bfv::RnsPoly(params_.n(), params_.limbs());
    out.sums = he::Poly(params_.limbs() * slots_);
  }
  zero_pair(out.add1, nullptr, &out.sums);
  flood(out.sums, plain_);
  out.add2.drop_to(0);
  out.fresh = true;
}

// c0'' + c1''·s + c2''·s^2: one encryption of zero for (c0, c1), and another, times s, for (c1,
// c2).
void MaskMaker::make_encrypted(Mask& out) {
  if (out.add2.limbs() == 0) {
    out.add1 = bfv::RnsPoly(params_.n(), params_.limbs());
    out.add2 = bfv::RnsPoly(params_.n(), params_.limbs());
    out.sums = he::Poly(params_.limbs() * slots_);
  }
  zero_pair(out.add1, nullptr, &out.sums);
  flood(out.sums, encrypted_);
  bfv::RnsPoly second(params_.n(), params_.limbs());
  zero_pair(out.add2, &second, nullptr);
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    params_.ntt(limb).add(out.add1.limb(limb), out.add1.limb(limb), second.limb(limb));
  }
  out.fresh = true;
}

}  // namespace v100::match
