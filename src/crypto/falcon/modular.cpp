// Modular arithmetic for key generation.
#include "crypto/falcon/modular.h"

namespace v100::falcon {

Modulus::Modulus(std::uint32_t p) noexcept : p_(p) {
  std::uint32_t inverse = p;  // right in 3 bits; each step doubles them
  for (int i = 0; i < 4; ++i) {
    inverse *= 2 - p * inverse;
  }
  minus_inverse_ = 0u - inverse;
  one_ = static_cast<std::uint32_t>((std::uint64_t{1} << 32) % p);
  r2_ = static_cast<std::uint32_t>(static_cast<std::uint64_t>(one_) * one_ % p);
}

std::uint32_t Modulus::power(std::uint32_t a, std::uint32_t e) const noexcept {
  std::uint32_t result = one_;
  for (int bit = 31; bit >= 0; --bit) {
    result = mul(result, result);
    if (((e >> bit) & 1) != 0) {
      result = mul(result, a);
    }
  }
  return result;
}

namespace {

// A root of order 2048: some power of a small number, which about every second one gives.
std::uint32_t root_2048(const Modulus& mod) noexcept {
  for (std::uint32_t base = 2;; ++base) {
    const std::uint32_t root = mod.power(mod.enter(base), (mod.p() - 1) / 2048);
    if (mod.power(root, 1024) == mod.p() - mod.one()) {
      return root;
    }
  }
}

}  // namespace

void NttTables::fill(const Modulus& mod, int logn) noexcept {
  std::uint32_t root = root_2048(mod);
  for (int i = logn; i < 10; ++i) {
    root = mod.mul(root, root);
  }
  const std::uint32_t back = mod.power(root, (2u << logn) - 1);
  std::uint32_t up = mod.one(), down = mod.one();
  for (std::uint32_t i = 0; i < 1u << logn; ++i) {
    std::uint32_t at = 0;
    for (int bit = 0; bit < logn; ++bit) {
      at |= ((i >> bit) & 1) << (logn - 1 - bit);
    }
    forward[at] = up;
    inverse[at] = down;
    up = mod.mul(up, root);
    down = mod.mul(down, back);
  }
}

void ntt(std::uint32_t* a, const Modulus& mod, const NttTables& tables, int logn) noexcept {
  std::size_t half = std::size_t{1} << logn >> 1;
  for (std::size_t groups = 1; half > 0; groups *= 2, half /= 2) {
    for (std::size_t group = 0; group < groups; ++group) {
      const std::uint32_t s = tables.forward[groups + group];
      std::uint32_t* x = a + 2 * half * group;
      for (std::size_t i = 0; i < half; ++i) {
        const std::uint32_t u = x[i], v = mod.mul(x[i + half], s);
        x[i] = mod.add(u, v);
        x[i + half] = mod.sub(u, v);
      }
    }
  }
}

void intt(std::uint32_t* a, const Modulus& mod, const NttTables& tables, int logn) noexcept {
  std::size_t half = 1;
  for (std::size_t groups = std::size_t{1} << logn >> 1; groups > 0; groups /= 2, half *= 2) {
    for (std::size_t group = 0; group < groups; ++group) {
      const std::uint32_t s = tables.inverse[groups + group];
      std::uint32_t* x = a + 2 * half * group;
      for (std::size_t i = 0; i < half; ++i) {
        const std::uint32_t u = x[i], v = x[i + half];
        x[i] = mod.add(u, v);
        x[i + half] = mod.mul(mod.sub(u, v), s);
      }
    }
  }
  const std::uint32_t scale = mod.inverse(mod.enter(1u << logn));
  for (std::size_t i = 0; i < std::size_t{1} << logn; ++i) {
    a[i] = mod.mul(a[i], scale);
  }
}

}  // namespace v100::falcon
