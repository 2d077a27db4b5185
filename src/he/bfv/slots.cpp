// Slots, and what the automorphisms of the ring do to them: slot i of row 0 is the value at
// psi^(3^i), of row 1 at psi^-(3^i); X -> X^3 turns the rows.
#include "base/ct.h"
#include "he/bfv/evaluate.h"

namespace v100::he::bfv {
namespace {

// positions[(e - 1) / 2]: where the transform (ring64.h) has the value at psi^e.
std::vector<std::uint32_t> exponent_positions(std::size_t n) {
  std::vector<std::uint32_t> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t reversed = 0;
    for (std::size_t bit = 1; bit < n; bit *= 2) {
      reversed = 2 * reversed + ((i & bit) != 0 ? 1 : 0);
    }
    out[reversed] = static_cast<std::uint32_t>(i / 64 * 64 + i % 8 * 8 + i / 8 % 8);
  }
  return out;
}

std::uint32_t power_of_3(std::size_t exponent, std::size_t two_n) {
  return static_cast<std::uint32_t>(mod_power(3, exponent, two_n));
}

}  // namespace

SlotEncoder::SlotEncoder(const Params& params)
    : params_(params), ntt_(std::move(*Ntt::make(params.n(), params.t()))), positions_(params.n()) {
  const std::size_t n = params.n();
  const std::vector<std::uint32_t> at = exponent_positions(n);
  for (std::size_t i = 0; i < n / 2; ++i) {
    const std::uint32_t e = power_of_3(i, 2 * n);
    positions_[i] = at[(e - 1) / 2];
    positions_[n / 2 + i] = at[(2 * n - e - 1) / 2];
  }
}

void SlotEncoder::encode(std::span<std::int32_t> plain,
                         std::span<const std::int32_t> values) const {
  CHECK(plain.size() == params_.n() && values.size() == params_.n());
  const auto t = static_cast<std::int64_t>(params_.t());
  Poly x(params_.n());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t v = values[i];
    x[positions_[i]] = static_cast<std::uint64_t>(v + (t & (v >> 63)));
  }
  ntt_.inverse(x);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const auto v = static_cast<std::int64_t>(x[i]);
    plain[i] = static_cast<std::int32_t>(v - (t & ((t / 2 - v) >> 63)));
  }
}

void SlotEncoder::decode(std::span<std::int32_t> values, Plain plain) const {
  CHECK(plain.size() == params_.n() && values.size() == params_.n());
  const auto t = static_cast<std::int64_t>(params_.t());
  Poly x(params_.n());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::int64_t v = plain[i];
    x[i] = static_cast<std::uint64_t>(v + (t & (v >> 63)));
  }
  ntt_.forward(x);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto v = static_cast<std::int64_t>(x[positions_[i]]);
    values[i] = static_cast<std::int32_t>(v - (t & ((t / 2 - v) >> 63)));
  }
}

std::uint32_t rotation_element(const Params& params, std::int64_t steps) {
  const auto row = static_cast<std::int64_t>(params.n() / 2);
  return power_of_3(static_cast<std::size_t>((steps % row + row) % row), 2 * params.n());
}

std::uint32_t row_swap_element(const Params& params) {
  return static_cast<std::uint32_t>(2 * params.n() - 1);
}

GaloisKey GaloisKey::generate(const Params& params, const SecretKey& secret, std::uint32_t element,
                              Noise& noise, Random& random) {
  const std::size_t n = params.n();
  CHECK(element % 2 == 1 && element < 2 * n);
  GaloisKey out;
  out.element = element;
  out.positions.resize(n);
  std::vector<std::uint32_t> back(n);
  const std::vector<std::uint32_t> at = exponent_positions(n);
  for (std::size_t k = 0; k < n; ++k) {  // the image at psi^e is the original at psi^(e·g)
    const std::size_t e = 2 * k + 1;
    const std::uint32_t from = at[(e * element % (2 * n) - 1) / 2];
    out.positions[at[k]] = from;
    back[from] = at[k];
  }
  // The key switches from s(X^g).
  RnsPoly target(n, params.key_limbs());
  RnsPoly unit(n, 1);
  RnsPoly turned(n, 1);
  for (std::size_t k = 0; k < n; ++k) {
    unit.limb(0)[k] = 1;
  }
  for (std::size_t i = 0; i < target.limbs(); ++i) {
    ring64_kernel().permute(target.limb(i), secret.s().limb(i), out.positions.data(), n);
    params.ntt(i).multiply(target.limb(i), target.limb(i), unit.limb(0));  // off the factor 2^52
  }
  out.key = SwitchKey::generate(params, secret, target, noise, random);
  wipe(target.as_bytes());
  for (std::vector<RnsPoly>* half : {&out.key.b, &out.key.a}) {
    for (RnsPoly& part : *half) {
      for (std::size_t i = 0; i < part.limbs(); ++i) {
        ring64_kernel().permute(turned.limb(0), part.limb(i), back.data(), n);
        std::memcpy(part.limb(i), turned.limb(0), 8 * n);
      }
    }
  }
  return out;
}

}  // namespace v100::he::bfv
