// MldsaKernel: the arithmetic of ML-DSA over Z_q[X]/(X^256+1), one table per instruction set. This
// struct is the whole contract between the module and a kernel file; no code stands here.
//
// A polynomial is 256 int32, 64-byte aligned. "Canonical" means 0 <= c < q. In the NTT domain the
// coefficients stand in an order of the kernel's own, so everything in that domain must be made and
// used by the same kernel; tile() brings standard order (FIPS 204, Algorithm 41) into it.
// No function branches on coefficients, but for uniform(), whose input is public.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::mldsa {

inline constexpr std::int32_t q = 8380417;

// Coefficients of FIPS 204's two rounding widths, gamma2 = (q - 1) / 88 and (q - 1) / 32.
enum class Rounding : std::uint8_t { by_88, by_32 };

struct MldsaKernel {
  const char* name;

  // In place, `count` polynomials one after another. Input |c| < 2q, output |c| < 10.2q.
  void (*ntt)(std::int32_t* polys, std::size_t count);
  // Inverse of ntt times 2^32, which undoes the 2^-32 of multiply() and scale(); output canonical.
  // Input |c| <= q.
  void (*intt)(std::int32_t* polys, std::size_t count);

  // A matrix in the NTT domain lies as [block of 16 coefficients][row][column][16]: then a product
  // reads memory straight through, without 1 KiB strides that fall into the same cache sets.
  // tile() puts a polynomial given in standard NTT order at (row, column).
  void (*tile)(const std::int32_t* poly, std::int32_t* matrix, int row, int column, int rows,
               int columns);
  // out[row] = sum over columns of matrix[row][column] * v[column], times 2^-32, |c| <= q.
  // |v| < 10.2q; columns 4..8; the matrix canonical but for one column, which may be like v.
  void (*multiply)(const std::int32_t* matrix, const std::int32_t* v, std::int32_t* out, int rows,
                   int columns);
  // From standard order to the kernel's or back, in place: the way there is the way back.
  void (*reorder)(std::int32_t* polys, std::size_t count);
  // A row alone, without a matrix that is kept: out = sum over columns of a[column] * v[column],
  // times 2^-32, |c| < 0.7q. a is canonical, |v| < 10.2q, all in one order; columns 4..7.
  void (*multiply_row)(const std::int32_t* const* a, const std::int32_t* v, std::int32_t* out,
                       int columns);
  // acc += a * v times 2^-32, at most 0.71q more: one polynomial; |a|, |v| < 10.2q.
  void (*accumulate)(const std::int32_t* a, const std::int32_t* v, std::int32_t* acc);
  // Brings |a| < 2^30 below q, n coefficients.
  void (*reduce)(std::int32_t* a, std::size_t n);
  // out[i] = a[i] * b, times 2^-32, |c| <= q: `count` polynomials by one; |a|, |b| < 10.2q.
  void (*scale)(const std::int32_t* a, const std::int32_t* b, std::int32_t* out, std::size_t count);

  // FIPS 204, Algorithm 14 (CoeffFromThreeBytes) over `bytes` (length divisible by 3): appends
  // accepted candidates to out[have..], at most to 256 in all, and returns the new count.
  // out has room for 288.
  std::size_t (*uniform)(std::int32_t* out, std::size_t have, const std::uint8_t* in,
                         std::size_t bytes);

  // FIPS 204, Algorithm 15 (CoeffFromHalfByte) over `bytes` (a multiple of 8), for eta 2 or 4:
  // appends to out[have..], which has room for 320, and returns the new count, at most 256. May be
  // null: then sample.cpp's own loop serves, which carries the marks of the constant-time checker.
  std::size_t (*bounded)(int eta, std::int32_t* out, std::size_t have, const std::uint8_t* in,
                         std::size_t bytes);

  // The rest works on n coefficients, n divisible by 256.
  // a = (a + b) mod q, (a - b) mod q; inputs canonical.
  void (*add)(std::int32_t* a, const std::int32_t* b, std::size_t n);
  void (*subtract)(std::int32_t* a, const std::int32_t* b, std::size_t n);
  // Canonical to the centred representative, -(q-1)/2 <= c <= (q-1)/2, and back.
  void (*centre)(std::int32_t* a, std::size_t n);
  void (*uncentre)(std::int32_t* a, std::size_t n);
  // All ones if some |a[i]| >= bound, else 0. Input centred. Reads everything.
  std::uint32_t (*exceeds)(const std::int32_t* a, std::int32_t bound, std::size_t n);
  // FIPS 204, Algorithm 36 (Decompose): canonical r to r1 and centred r0. r0 may be r.
  void (*decompose)(Rounding rounding, const std::int32_t* r, std::int32_t* r1, std::int32_t* r0,
                    std::size_t n);
  // FIPS 204, Algorithm 40 (UseHint): r canonical, hint 0 or 1 a coefficient; r becomes r1.
  void (*use_hint)(Rounding rounding, const std::uint8_t* hint, std::int32_t* r, std::size_t n);
  // FIPS 204, Algorithm 39 (MakeHint) from w0 - cs2 + ct0 (centred) and w1: 0 or 1 a coefficient;
  // returns how many are 1.
  std::uint32_t (*make_hint)(Rounding rounding, const std::int32_t* r0, const std::int32_t* r1,
                             std::uint8_t* hint, std::size_t n);
  // FIPS 204, Algorithm 28 (w1Encode): 6 or 4 bits a coefficient.
  void (*pack_w1)(Rounding rounding, const std::int32_t* r1, std::uint8_t* out, std::size_t n);
  // FIPS 204, Algorithm 6, line 5, and Algorithm 35 (Power2Round): t + s with t canonical and s
  // centred, rounded: t becomes t1, centred t0 goes out.
  void (*round_key)(std::int32_t* t, const std::int32_t* s, std::int32_t* t0, std::size_t n);
  // Fields of 10 bits that are c (FIPS 204, Algorithm 16, SimpleBitPack), or of 3, 4 and 13 bits
  // that are 2 - c, 4 - c and 2^12 - c (Algorithm 17, BitPack, of s and t0).
  void (*pack)(int bits, const std::int32_t* c, std::uint8_t* out, std::size_t n);
  // Fields of 3, 4, 10 or 13 bits (Algorithm 18, SimpleBitUnpack).
  void (*unpack)(int bits, const std::uint8_t* in, std::int32_t* fields, std::size_t n);
  // FIPS 204, Algorithms 17 and 19 (BitPack, BitUnpack) with b = 2^bits, a = b - 1: c = b - field
  // of bits + 1 bits; bits is 17 or 19. Coefficients are centred.
  void (*pack_z)(int bits, const std::int32_t* z, std::uint8_t* out, std::size_t n);
  void (*unpack_z)(int bits, const std::uint8_t* in, std::int32_t* z, std::size_t n);
};

// One per kernel file; those of other instruction sets are absent from a build.
extern const MldsaKernel kernel_portable;
extern const MldsaKernel kernel_avx2;
extern const MldsaKernel kernel_avx512;
extern const MldsaKernel kernel_neon;
extern const MldsaKernel kernel_wasm;

}  // namespace v100::mldsa
