#include "svc/match/engine.h"

#include "base/ct.h"
#include "svc/match/blocks.h"

namespace v100::match {
namespace {

using Pointers = std::array<const Row*, slots_max>;

// Empty slots get a row of zeros.
Pointers filled(std::span<const Row* const> rows) {
  static constexpr Row empty{};
  Pointers out{};
  for (std::size_t u = 0; u < rows.size(); ++u) {
    out[u] = rows[u] != nullptr ? rows[u] : &empty;
  }
  return out;
}

}  // namespace

// ---- Matcher

Matcher::Matcher(const bfv::Params& params)
    : params_(params), packing_(params), plain_(params.n()) {}

void Matcher::assemble(TemplateBatch& out, std::span<const Row* const> rows) {
  CHECK(rows.size() == slots());
  const Pointers all = filled(rows);
  packing_.encode_template(plain_, std::span(all).first(slots()));
  if (out.t0.limbs() == 0) {
    out.t0 = bfv::RnsPoly(params_.n(), params_.limbs());
  }
  out.t1.drop_to(0);
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    const he::Ntt& ntt = params_.ntt(limb);
    ntt.scale(out.t0.limb(limb), plain_.data(), ntt.factor(ntt.r()), nullptr);
    ntt.forward_loose(out.t0.limb(limb));
  }
}

void Matcher::match(Answer& out, const bfv::Ciphertext& probe, const TemplateBatch& templates,
                    Mask&& mask) {
  const std::size_t limbs = params_.limbs();
  const bool pair = templates.t1.limbs() != 0;
  CHECK(mask.fresh && (mask.add2.limbs() != 0) == pair);
  CHECK(probe.parts.size() == 2 && probe.limbs() == limbs);
  mask.fresh = false;
  if (out.sums.size() == 0) {
    out.c1 = bfv::RnsPoly(params_.n(), limbs);
    out.sums = he::Poly(limbs * slots());
  }
  if (pair && out.c2.limbs() == 0) {
    out.c2 = bfv::RnsPoly(params_.n(), limbs);
  }
  if (!pair) {
    out.c2.drop_to(0);
  }
  for (std::size_t limb = 0; limb < limbs; ++limb) {
    params_.ntt(limb).multiply_add_sums({.out1 = out.c1.limb(limb),
                                         .out2 = pair ? out.c2.limb(limb) : nullptr,
                                         .sums = out.sums.data() + limb * slots(),
                                         .c0 = probe.parts[0].limb(limb),
                                         .c1 = probe.parts[1].limb(limb),
                                         .t0 = templates.t0.limb(limb),
                                         .t1 = pair ? templates.t1.limb(limb) : nullptr,
                                         .add1 = mask.add1.limb(limb),
                                         .add2 = pair ? mask.add2.limb(limb) : nullptr,
                                         .add_sums = mask.sums.data() + limb * slots()},
                                        dimensions);
  }
  // Template and mask together are one-time encrypted now.
  ct::unpoison(out.c1.as_bytes());
  ct::unpoison(out.c2.as_bytes());
  ct::unpoison({reinterpret_cast<const std::uint8_t*>(out.sums.data()), 8 * out.sums.size()});
}

// ---- KeyHolder

KeyHolder::KeyHolder(const bfv::Params& params, const bfv::SecretKey& key)
    : params_(params),
      key_(key),
      packing_(params),
      to_slots_(slots() * slots()),
      t_(he::make_modulus(params.t())),
      y_(slots()),
      z_(slots()),
      scores_(slots()) {
  const std::size_t count = slots();
  for (std::size_t limb = 0; limb < params.limbs(); ++limb) {
    const he::Ntt& ntt = params.ntt(limb);
    const std::uint64_t q = ntt.q();
    // Coefficient i·128 is the mean over all points of value·rho_b^-i; then times (q / q_i)^-1.
    const std::uint64_t scale =
        he::mod_multiply(he::mod_multiply(he::mod_inverse(params.n(), q), ntt.r(), q),
                         params.level(params.limbs()).garner[limb].w, q);
    he::Poly& m = to_coefficients_.emplace_back(count * count);
    for (std::size_t b = 0; b < count; ++b) {
      const std::uint64_t inverse = he::mod_inverse(block_root(ntt, b), q);
      std::uint64_t power = scale;
      for (std::size_t i = 0; i < count; ++i) {
        m[b * count + i] = power;
        power = he::mod_multiply(power, inverse, q);
      }
    }
  }
  const std::uint64_t t = params.t();
  const std::uint64_t r = (1ull << 52) % t;
  for (std::size_t u = 0; u < count; ++u) {
    std::uint64_t power = r;
    for (std::size_t i = 0; i < count; ++i) {
      to_slots_[i * count + u] = power;
      power = he::mod_multiply(power, packing_.slot_root(u), t);
    }
  }
}

KeyHolder::~KeyHolder() {
  wipe({reinterpret_cast<std::uint8_t*>(y_.data()), 8 * y_.size()});
  wipe({reinterpret_cast<std::uint8_t*>(z_.data()), 8 * z_.size()});
  wipe({reinterpret_cast<std::uint8_t*>(scores_.data()), 4 * scores_.size()});
}

void KeyHolder::decrypt(const Answer& answer) {
  const std::size_t count = slots();
  const he::Ring64Kernel& kernel = he::ring64_kernel();
  alignas(64) std::uint64_t squared[slots_max];
  double sums[slots_max] = {};
  for (std::size_t limb = 0; limb < params_.limbs(); ++limb) {
    const he::Ntt& ntt = params_.ntt(limb);
    const std::uint64_t* c0 = answer.sums.data() + limb * count;
    ntt.sums(y_.data(), answer.c1.limb(limb), key_.s().limb(limb), dimensions);
    if (answer.c2.limbs() != 0) {
      ntt.sums(squared, answer.c2.limb(limb), key_.s_squared().limb(limb), dimensions);
      for (std::size_t b = 0; b < count; ++b) {
        y_[b] += squared[b];
      }
    }
    for (std::size_t b = 0; b < count; ++b) {
      y_[b] += c0[b];  // below 3q: fine for a factor
    }
    kernel.matrix(z_.data(), to_coefficients_[limb].data(), y_.data(), count, count, ntt.modulus());
    const double scale = params_.level(params_.limbs()).t_over_prime[limb];
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] += scale * static_cast<double>(static_cast<std::int64_t>(z_[i]));
    }
  }
  for (std::size_t i = 0; i < count; ++i) {  // as in Decryptor::decrypt; not yet modulo t
    y_[i] = static_cast<std::uint64_t>(static_cast<std::int64_t>(sums[i] + 0.5));
  }
  kernel.matrix(z_.data(), to_slots_.data(), y_.data(), count, count, t_);
  const auto t = static_cast<std::int64_t>(params_.t());
  for (std::size_t u = 0; u < count; ++u) {
    const auto x = static_cast<std::int64_t>(z_[u]);
    scores_[u] = static_cast<std::int32_t>(x - (t & ~((x - (t + 1) / 2) >> 63)));
  }
}

std::uint64_t KeyHolder::accept(const Answer& answer, std::span<const std::int32_t> thresholds) {
  CHECK(thresholds.size() == slots());
  decrypt(answer);
  std::uint64_t out = 0;
  for (std::size_t u = 0; u < slots(); ++u) {
    const auto below = static_cast<std::uint32_t>(scores_[u] - thresholds[u]) >> 31;
    out |= static_cast<std::uint64_t>(1 ^ below) << u;
  }
  ct::unpoison_value(out);
  return out;
}

std::uint64_t KeyHolder::within(const Answer& answer, std::int32_t limit) {
  decrypt(answer);
  std::uint64_t out = 0;
  for (std::size_t u = 0; u < slots(); ++u) {
    const auto above = static_cast<std::uint32_t>(limit - scores_[u]) >> 31;
    const auto below = static_cast<std::uint32_t>(limit + scores_[u]) >> 31;
    out |= static_cast<std::uint64_t>(1 ^ (above | below)) << u;
  }
  ct::unpoison_value(out);
  return out;
}

void KeyHolder::scores(std::span<std::int32_t> out, const Answer& answer) {
  CHECK(out.size() == slots());
  decrypt(answer);
  for (std::size_t u = 0; u < slots(); ++u) {
    out[u] = scores_[u];
    ct::unpoison_value(out[u]);
  }
}

// ---- Packer

Packer::Packer(const bfv::Params& params, Random& random)
    : params_(params), packing_(params), encryptor_(params, random), plain_(params.n()) {}

Result<void> Packer::encode(std::span<const Row* const> rows) {
  CHECK(rows.size() == slots());
  const Pointers all = filled(rows);
  std::uint32_t too_long = 0;
  for (std::size_t u = 0; u < slots(); ++u) {
    too_long |= static_cast<std::uint32_t>(norm_squared_max - norm_squared(*all[u])) >> 31;
  }
  ct::unpoison_value(too_long);
  if (too_long != 0) {
    return fail(Errc::forbidden, "match: a vector is longer than the norm allows");
  }
  packing_.encode_probe(plain_, std::span(all).first(slots()));
  return {};
}

Result<void> Packer::encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows,
                             const bfv::PublicKey& key) {
  TRY(encode(rows));
  encryptor_.encrypt(out, plain_, key);
  return {};
}

Result<void> Packer::encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows,
                             const bfv::SecretKey& key) {
  TRY(encode(rows));
  encryptor_.encrypt(out, plain_, key);
  return {};
}

// The buffers change places, so that a pool's memory goes round.
Result<void> Packer::encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows, Zero&& zero) {
  CHECK(zero.fresh);
  TRY(encode(rows));
  zero.fresh = false;
  std::swap(out, zero.c);
  encryptor_.add_message(out, plain_);
  return {};
}

void Packer::encrypt_unchecked(bfv::Ciphertext& out, bfv::Plain m, const bfv::PublicKey& key) {
  encryptor_.encrypt(out, m, key);
}

// t·(u·pk + e) + T, as t·(u·pk + e + T / t): the factor t goes with the 2^52 at the end.
Result<void> Packer::encrypt_templates(TemplateBatch& out, std::span<const Row* const> rows,
                                       const bfv::PublicKey& key) {
  TRY(encode(rows));  // for the norms
  const Pointers all = filled(rows);
  packing_.encode_template(plain_, std::span(all).first(slots()));
  const std::size_t limbs = params_.limbs();
  out.t0 = bfv::RnsPoly(params_.n(), limbs);
  out.t1 = bfv::RnsPoly(params_.n(), limbs);
  std::vector<std::int8_t> u(params_.n());
  std::vector<std::int8_t> e0(params_.n());
  std::vector<std::int8_t> e1(params_.n());
  encryptor_.noise().ternary(u.data());
  encryptor_.noise().binomial(e0.data());
  encryptor_.noise().binomial(e1.data());
  bfv::RnsPoly scratch(params_.n(), 1);
  bfv::RnsPoly zero(params_.n(), 1);
  for (std::size_t limb = 0; limb < limbs; ++limb) {
    const he::Ntt& ntt = params_.ntt(limb);
    const std::uint64_t t = params_.t();
    const he::Factor back = ntt.factor(he::mod_multiply(ntt.r(), t, ntt.q()));
    ntt.scale_small(scratch.limb(0), u.data(), {1, 0});
    ntt.forward_loose(scratch.limb(0));
    ntt.scale(out.t0.limb(limb), plain_.data(), ntt.factor(he::mod_inverse(t, ntt.q())), e0.data());
    ntt.scale_small(out.t1.limb(limb), e1.data(), {1, 0});
    for (const auto& [part, half] : {std::pair(&out.t0, &key.b), std::pair(&out.t1, &key.a)}) {
      std::uint64_t* x = part->limb(limb);
      ntt.forward(x);
      ntt.multiply_add(x, half->limb(limb), scratch.limb(0), x);
      ntt.subtract_scale(x, x, zero.limb(0), back);
    }
  }
  for (std::vector<std::int8_t>* v : {&u, &e0, &e1}) {
    wipe({reinterpret_cast<std::uint8_t*>(v->data()), v->size()});
  }
  wipe(scratch.as_bytes());
  ct::unpoison(out.t0.as_bytes());
  ct::unpoison(out.t1.as_bytes());
  return {};
}

}  // namespace v100::match
