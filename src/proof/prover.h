// The prover behind proof.h, taken apart so that tests can be dishonest.
#pragma once

#include <vector>

#include "proof/format.h"
#include "proof/hash_tree.h"
#include "proof/proof.h"
#include "proof/words.h"

namespace v100::proof {

inline constexpr std::size_t tile_words = 16 * degree;
inline constexpr std::size_t trace_tiles = 11;
inline constexpr std::size_t quotient_tiles = 3;
inline constexpr std::size_t trace_stride = 16 * trace_tiles;
inline constexpr std::size_t quotient_stride = 16 * quotient_tiles;

// The points x_i = 3 w^i, i < 2^log, w the root of unity of that order, as 2^log / 128 cosets
// x_(c + k 2^log / 128), k < 128; and what the transforms over them take. All Montgomery.
struct Domain {
  explicit Domain(unsigned log);
  std::size_t cosets() const noexcept { return size / degree; }
  // Where in memory, coset after coset in bit-reversed order, row i lies.
  std::size_t place(std::size_t index) const noexcept;

  std::size_t size;
  std::vector<std::uint32_t> shifts;  // [coset][128]: powers of the coset's first point
  std::vector<std::uint32_t> roots_32, roots_128, roots_512;
  std::vector<std::uint32_t> shift_512;          // powers of 3
  std::vector<std::uint32_t> unshift_512;        // powers of 1/3, over 512
  std::vector<std::uint32_t> inverse_vanishing;  // 1 / (x^32 - 1) on 512 points, canonical
};

// Everything of one proof under way. Secret but for what is in `out`.
struct ProverState {
  explicit ProverState(const Params& parameters);
  void wipe_secrets() noexcept;

  Params params;
  Domain domain;
  Words trace{rows * columns};
  Words trace_coefficients{trace_tiles * tile_words};
  Words quotient_coefficients{quotient_tiles * tile_words};
  Words composition{16 * compose_points};
  Words selected{16 * compose_points};
  Words trace_rows;
  Words quotient_rows;
  Words fri_tile{tile_words};
  Words fri_rows;
  HashTree trace_tree, quotient_tree;
  std::vector<HashTree> fri_trees;
  std::vector<Words> fri_values;
};

// A lie that the trace cannot tell: for tests of the verifier.
enum class Lie : std::uint8_t {
  none,
  evaluation,  // the first segment's value at z is what the identity asks for
};

// Proves whatever stands in state.trace. `seed` is all its randomness.
Buffer prove_trace(ProverState& state, const Statement& statement, FixedBytes<64> seed,
                   Lie lie = Lie::none);

}  // namespace v100::proof
