// Encryption. Fan-Vercauteren (eprint 2012/144) §4, with residues kept transformed throughout.
#include "base/ct.h"
#include "he/bfv/bfv.h"

namespace v100::he::bfv {
namespace {

constexpr Factor one{1, 0};

Bytes as_bytes(std::span<const std::int32_t> m) {
  return {reinterpret_cast<const std::uint8_t*>(m.data()), m.size_bytes()};
}

void wipe_small(std::vector<std::int8_t>& v) {
  wipe({reinterpret_cast<std::uint8_t*>(v.data()), v.size()});
}

}  // namespace

Ciphertext Ciphertext::copy() const {
  Ciphertext out;
  out.seed = seed;
  for (const RnsPoly& part : parts) {
    out.parts.push_back(part.copy());
  }
  return out;
}

Ciphertext make_ciphertext(const Params& params, std::size_t parts) {
  Ciphertext out;
  for (std::size_t i = 0; i < parts; ++i) {
    out.parts.emplace_back(params.n(), params.limbs());
  }
  return out;
}

Encryptor::Encryptor(const Params& params, Random& random)
    : params_(params),
      random_(random),
      noise_(params.n(), random),
      e0_(params.n()),
      e1_(params.n()),
      u_(params.n()),
      scratch_(params.n(), 1) {}

Encryptor::~Encryptor() {
  wipe_small(e0_);
  wipe_small(e1_);
  wipe_small(u_);
  wipe(scratch_.as_bytes());
}

void Encryptor::encrypt(Ciphertext& out, Plain m, const SecretKey& key) {
  CHECK(m.size() == params_.n());
  ct::poison(as_bytes(m));
  make(out, m.data(), key);
  ct::unpoison(as_bytes(m));
}

void Encryptor::zero(Ciphertext& out, const SecretKey& key) { make(out, nullptr, key); }

// m null: of zero.
void Encryptor::make(Ciphertext& out, const std::int32_t* m, const SecretKey& key) {
  CHECK(out.parts.size() == 2 && out.limbs() == params_.limbs());
  out.seed.emplace();
  random_.fill(*out.seed);
  expand_uniform(out.parts[1], params_, *out.seed);
  noise_.binomial(e0_.data());
  for (std::size_t i = 0; i < params_.limbs(); ++i) {
    const Ntt& ntt = params_.ntt(i);
    std::uint64_t* c0 = out.parts[0].limb(i);
    if (m != nullptr) {
      ntt.scale(c0, m, params_.level(params_.limbs()).delta[i], e0_.data());
    } else {
      ntt.scale_small(c0, e0_.data(), one);
    }
    ntt.forward(c0);
    ntt.multiply_add(c0, out.parts[1].limb(i), key.minus_s().limb(i), c0);
  }
  ct::unpoison(out.parts[0].as_bytes());
}

void Encryptor::encrypt(Ciphertext& out, Plain m, const PublicKey& key) {
  CHECK(m.size() == params_.n());
  ct::poison(as_bytes(m));
  make(out, m.data(), key);
  ct::unpoison(as_bytes(m));
}

void Encryptor::zero(Ciphertext& out, const PublicKey& key) { make(out, nullptr, key); }

// m null: of zero.
void Encryptor::make(Ciphertext& out, const std::int32_t* m, const PublicKey& key) {
  CHECK(out.parts.size() == 2 && out.limbs() == params_.limbs());
  out.seed.reset();
  noise_.binomial(e0_.data());
  noise_.binomial(e1_.data());
  noise_.ternary(u_.data());
  for (std::size_t i = 0; i < params_.limbs(); ++i) {
    const Ntt& ntt = params_.ntt(i);
    std::uint64_t* u = scratch_.limb(0);
    std::uint64_t* c0 = out.parts[0].limb(i);
    std::uint64_t* c1 = out.parts[1].limb(i);
    ntt.scale_small(u, u_.data(), one);
    ntt.forward_loose(u);
    if (m != nullptr) {
      ntt.scale(c0, m, params_.level(params_.limbs()).delta[i], e0_.data());
    } else {
      ntt.scale_small(c0, e0_.data(), one);
    }
    ntt.forward(c0);
    ntt.multiply_add(c0, key.b.limb(i), u, c0);
    ntt.scale_small(c1, e1_.data(), one);
    ntt.forward(c1);
    ntt.multiply_add(c1, key.a.limb(i), u, c1);
  }
  ct::unpoison(out.parts[0].as_bytes());
  ct::unpoison(out.parts[1].as_bytes());
}

void Encryptor::add_message(Ciphertext& zero, Plain m) {
  CHECK(m.size() == params_.n() && zero.limbs() == params_.limbs());
  ct::poison(as_bytes(m));
  std::uint64_t* x = scratch_.limb(0);
  for (std::size_t i = 0; i < params_.limbs(); ++i) {
    const Ntt& ntt = params_.ntt(i);
    ntt.scale(x, m.data(), params_.level(params_.limbs()).delta[i], nullptr);
    ntt.forward(x);
    ntt.add(zero.parts[0].limb(i), zero.parts[0].limb(i), x);
  }
  ct::unpoison(as_bytes(m));
  ct::unpoison(zero.parts[0].as_bytes());
}

RnsPoly prepare_plain(const Params& params, Plain m) {
  CHECK(m.size() == params.n());
  RnsPoly out(params.n(), params.limbs());
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    const Ntt& ntt = params.ntt(i);
    ntt.scale(out.limb(i), m.data(), ntt.factor(ntt.r()), nullptr);
    ntt.forward(out.limb(i));
  }
  return out;
}

}  // namespace v100::he::bfv
