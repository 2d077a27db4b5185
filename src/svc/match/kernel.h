// Slots to coefficients modulo 65537: what a match kernel does. No code here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::match {

inline constexpr std::size_t slots_max = 64;

// Powers for the inverse transform of `slots` values modulo 65537, centred.
struct SlotTables {
  std::size_t slots;                      // 16, 32 or 64
  std::int32_t inverse_roots[slots_max];  // zeta^-bitreverse(i)
  std::int32_t slot_inverses[slots_max];  // 1 / z_u
  std::int32_t scale;                     // 1 / slots
};

struct MatchKernel {
  const char* name;
  // out[128·i + d], centred: the polynomial whose image in slot u, Z_t[X]/(X^128 - z_u), is the sum
  // of rows[u][d]·X^d.
  void (*encode_template)(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t);
  // The same for row[0] + (1 / z_u)·(sum over d >= 1 of row[d]·X^(128 - d)): times a template its
  // constant coefficient is the inner product.
  void (*encode_probe)(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t);
};

extern const MatchKernel match_portable;
extern const MatchKernel match_avx512;

}  // namespace v100::match
