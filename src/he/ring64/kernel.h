// What a ring64 kernel is: transforms and products over one prime, on tables that tables.cpp makes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::he {

// A prime and what reduction by it needs.
struct Modulus {
  std::uint64_t q;                  // < 2^50
  std::uint64_t q_inverse_negated;  // -q^-1 mod 2^52
  // floor(x / q) is floor((x >> shift) · reciprocal / 2^52), or one more, for any x < 2^58.
  std::uint64_t reciprocal;
  unsigned shift;
};

// Roots of one prime. All arrays have n entries but `lanes`, which has n / 8 * 7 pairs of vectors.
// A root w comes with its Shoup quotient floor(w · 2^52 / q) at the same index of the other array.
struct NttTables : Modulus {
  std::size_t n;               // 2048, 4096 or 8192
  bool lazy;                   // q < 2^52 / 29: the forward transform never reduces
  const std::uint64_t* roots;  // psi^bitreverse(i)
  const std::uint64_t* quotients;
  const std::uint64_t* lanes;          // the last three layers' roots, as the vectors take them
  const std::uint64_t* inverse_roots;  // psi^-bitreverse(i)
  const std::uint64_t* inverse_quotients;
  const std::uint64_t* inverse_lanes;
  std::uint64_t scale[2];            // n^-1, and n^-1 times the inverse root of layer 1 …
  std::uint64_t scale_quotients[2];  // … each with its quotient
};

// A constant factor with its Shoup quotient.
struct Factor {
  std::uint64_t w;
  std::uint64_t quotient;
};

// One limb of a product with block sums: see multiply_add_sums below.
struct MatchLimb {
  std::uint64_t* out1;            // n
  std::uint64_t* out2;            // n, or null with t1
  std::uint64_t* sums;            // n / block
  const std::uint64_t* c0;        // [0, q)
  const std::uint64_t* c1;        // [0, q)
  const std::uint64_t* t0;        // below 2^52, times 2^52 mod q
  const std::uint64_t* t1;        // as t0, or null: the factor has one component
  const std::uint64_t* add1;      // [0, q)
  const std::uint64_t* add2;      // [0, q), or null with t1
  const std::uint64_t* add_sums;  // [0, q)
};

struct Ring64Kernel {
  const char* name;
  // x[n], 64-byte aligned, in place. In: [0, 2q). Out: [0, q), in transform order (ring64.h).
  void (*forward)(std::uint64_t* x, const NttTables& t);
  // The same, out below 2^52 and only right modulo q: good as a factor of the products below.
  void (*forward_loose)(std::uint64_t* x, const NttTables& t);
  // In and out: [0, q).
  void (*inverse)(std::uint64_t* x, const NttTables& t);

  // Pointwise over n values, all in [0, q); out may be any input. multiply: a · b · 2^-52.
  void (*multiply)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                   const NttTables& t);
  void (*multiply_add)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                       const std::uint64_t* c, const NttTables& t);
  void (*add)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
              const NttTables& t);
  void (*subtract)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                   const NttTables& t);
  // out = (a - b) · f
  void (*subtract_scale)(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
                         Factor f, const NttTables& t);
  // out = in of another prime, centred, modulo this one: x or x - other, |.| <= 2^49.
  void (*recentre)(std::uint64_t* out, const std::uint64_t* in, std::uint64_t other,
                   const NttTables& t);

  // out = f · m + e in [0, 2q): |m[i]| < q; e (null: zero) are small errors, |e| < q.
  void (*scale)(std::uint64_t* out, const std::int32_t* m, Factor f, const std::int8_t* e,
                const NttTables& t);
  // out = f · e in [0, 2q).
  void (*scale_small)(std::uint64_t* out, const std::int8_t* e, Factor f, const NttTables& t);

  // sums[i] = sum over block i of a · b · 2^-52, in [0, q); a in [0, q), b below 2^52. block is a
  // multiple of 8, at most 128, and there are a multiple of eight blocks.
  void (*sums)(std::uint64_t* sums, const std::uint64_t* a, const std::uint64_t* b,
               std::size_t block, const NttTables& t);
  // A ciphertext (c0, c1) times a plaintext t0, or times a ciphertext (t0, t1) without
  // relinearising, plus a re-randomiser; of component 0 only the block sums are kept.
  void (*multiply_add_sums)(const MatchLimb& limb, std::size_t block, const NttTables& t);
  // out[k] = sum over j < columns of x[j] · m[j · rows + k] · 2^-52, in [0, q). rows: a multiple of
  // 8; columns <= 192; x below 2^52, m in [0, q).
  void (*matrix)(std::uint64_t* out, const std::uint64_t* m, const std::uint64_t* x,
                 std::size_t rows, std::size_t columns, const Modulus& q);

  // out[i] = in[index[i]]
  void (*permute)(std::uint64_t* out, const std::uint64_t* in, const std::uint32_t* index,
                  std::size_t n);
  // Values of `width` bits (1 … 50), packed without gaps, low bits first. n is a multiple of 8; the
  // packed side has n · width / 8 bytes.
  void (*pack)(std::uint8_t* out, const std::uint64_t* in, std::size_t n, unsigned width);
  void (*unpack)(std::uint64_t* out, const std::uint8_t* in, std::size_t n, unsigned width);
  // How many of x[n] are q or above.
  std::size_t (*count_outside)(const std::uint64_t* x, std::size_t n, std::uint64_t q);
};

extern const Ring64Kernel ring64_portable;
extern const Ring64Kernel ring64_avx512;

}  // namespace v100::he
