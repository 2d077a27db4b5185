// What a ring64 kernel is: the transforms over one prime, on tables that tables.cpp makes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::he {

// Roots of one prime. All arrays have n entries but `lanes`, which has n / 8 * 7 pairs of vectors.
// A root w comes with its Shoup quotient floor(w · 2^52 / q) at the same index of the other array.
struct NttTables {
  std::size_t n;                    // 2048, 4096 or 8192
  std::uint64_t q;                  // < 2^50
  std::uint64_t q_inverse_negated;  // -q^-1 mod 2^52
  bool lazy;                        // q < 2^52 / 27: the forward transform never reduces
  const std::uint64_t* roots;       // psi^bitreverse(i)
  const std::uint64_t* quotients;
  const std::uint64_t* lanes;          // the last three layers' roots, as the vectors take them
  const std::uint64_t* inverse_roots;  // psi^-bitreverse(i)
  const std::uint64_t* inverse_quotients;
  const std::uint64_t* inverse_lanes;
  std::uint64_t scale[2];            // n^-1, and n^-1 times the inverse root of layer 1 …
  std::uint64_t scale_quotients[2];  // … each with its quotient
};

struct Ring64Kernel {
  const char* name;
  // x[n], 64-byte aligned, in place. In: [0, q). Out: [0, q), in transform order (ring64.h).
  void (*forward)(std::uint64_t* x, const NttTables& t);
  void (*inverse)(std::uint64_t* x, const NttTables& t);
  // out = a · b · 2^-52 mod q, and out = a · b · 2^-52 + c mod q, all in [0, q). out may be a or c.
  void (*multiply)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                   const NttTables& t);
  void (*multiply_add)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                       const std::uint64_t* c, const NttTables& t);
};

extern const Ring64Kernel ring64_portable;
extern const Ring64Kernel ring64_avx512;

}  // namespace v100::he
