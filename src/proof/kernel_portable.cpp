// Any processor: one number at a time.
#include <cstdint>

#include "proof/kernel.h"
#include "proof/modulus.inl.h"

namespace v100::proof {
namespace {

using V = std::uint32_t;
constexpr int lanes = 1;

inline V splat(std::uint32_t x) { return x; }
inline V load(const std::uint32_t* p) { return *p; }
inline void store(std::uint32_t* p, V v) { *p = v; }
// Masks instead of branches: what is computed on is secret.
inline V sub(V a, V b) {
  const V d = a - b;
  return d + (modulus & (0u - (d >> 31)));
}
inline V add(V a, V b) { return sub(a, modulus - b); }
inline V mul(V a, V b) {
  const std::uint64_t product = std::uint64_t{a} * b;
  const std::uint32_t q = static_cast<std::uint32_t>(product) * modulus_inverse;
  const std::uint64_t qp = std::uint64_t{q} * modulus;
  const V d = static_cast<V>(product >> 32) - static_cast<V>(qp >> 32);
  return d + (modulus & (0u - (d >> 31)));
}
inline std::uint32_t sum(V v) { return v; }

}  // namespace
}  // namespace v100::proof

#include "proof/kernel.inl.h"

namespace v100::proof {

const ProofKernel kernel_portable{"portable", compress, transform, extend,
                                  evaluate,   combine,  compose};

}  // namespace v100::proof
