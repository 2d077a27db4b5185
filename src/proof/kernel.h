// ProofKernel: the vector work of proving and verifying. This struct is the whole contract between
// proof/*.cpp and a kernel file; no code stands here.
//
// A tile is sixteen columns side by side: element (row, column) at [16 * row + column]. Numbers in
// memory are canonical (below p), those called "Montgomery" are multiplied by 2^32; a product of
// one of each is canonical again, so transforms need no conversion.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::proof {

// Sixteen points at which the constraints are evaluated.
struct ConstraintGroup {
  const std::uint32_t* current;            // [columns][16]
  const std::uint32_t* back;               // [backs][16]: one row back
  const std::uint32_t* selected;           // [selectors][16]
  const std::uint32_t* inverse_vanishing;  // [16]: 1 / (x^32 - 1)
  const std::uint32_t* alphas;             // [constraints][6] Montgomery
  const std::uint32_t* publics;            // [publics] Montgomery
  std::uint32_t* out;                      // [6][16]: the composition, mask added
};

struct ProofKernel {
  const char* name;
  // Sixteen compressions Tr_8(P(x) + x): in[16][16] by element and lane, out[8][16].
  void (*compress)(std::uint32_t* out, const std::uint32_t* in);
  // The transform of 2^log rows of a tile, in place, output in bit-reversed order. roots[k] is the
  // kth power of the 2^log-th root, Montgomery, for k < 2^(log-1).
  void (*transform)(std::uint32_t* tile, unsigned log, const std::uint32_t* roots);
  // 128 coefficients times shift[row] (Montgomery), transformed, row r to out + r * stride.
  void (*extend)(std::uint32_t* out, std::size_t stride, const std::uint32_t* coefficients,
                 const std::uint32_t* shift, const std::uint32_t* roots);
  // out[k][16] = sum over rows of tile[row] * powers[row][k], k < 6; powers Montgomery.
  void (*evaluate)(std::uint32_t* out, const std::uint32_t* tile, std::size_t count,
                   const std::uint32_t* powers);
  // out[r][k] = sum over tiles and columns of in[r * stride + 16 t + c] * weights[t][k][c], k < 6;
  // weights Montgomery.
  void (*combine)(std::uint32_t* out, const std::uint32_t* in, std::size_t count,
                  std::size_t stride, std::size_t tiles, const std::uint32_t* weights);
  void (*compose)(const ConstraintGroup* group);
};

extern const ProofKernel kernel_portable;
extern const ProofKernel kernel_avx2;
extern const ProofKernel kernel_avx512;

}  // namespace v100::proof
