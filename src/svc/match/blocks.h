// Block b of a transformed polynomial, 128 values, is its image modulo X^128 - rho_b; their sum is
// 128 times that image's constant coefficient.
#pragma once

#include <bit>
#include <cstdint>

#include "he/ring64/ring64.h"
#include "svc/match/vector.h"

namespace v100::match {

// rho_b = psi^(128·(2·bitreverse(b) + 1))
inline std::uint64_t block_root(const he::Ntt& ntt, std::size_t b) noexcept {
  const std::size_t blocks = ntt.n() / dimensions;
  std::size_t reversed = 0;
  for (std::size_t bit = 1; bit < blocks; bit *= 2) {
    reversed = 2 * reversed + ((b & bit) != 0 ? 1 : 0);
  }
  return he::mod_power(ntt.psi(), dimensions * (2 * reversed + 1), ntt.q());
}

}  // namespace v100::match
