// The evaluation domain's tables, and the prover's memory.
#include "proof/field.h"
#include "proof/prover.h"

namespace v100::proof {
namespace {

std::vector<std::uint32_t> powers(Fp base, std::size_t count, Fp first) {
  std::vector<std::uint32_t> out(count);
  Fp x = first;
  for (std::uint32_t& word : out) {
    word = x.word;
    x = mul(x, base);
  }
  return out;
}

}  // namespace

Domain::Domain(unsigned log) : size(std::size_t{1} << log) {
  const Fp one = Fp::of(1);
  const Fp shift = Fp::of(generator);
  const Fp w = root_of_unity(log);
  Fp first = shift;
  for (std::size_t c = 0; c < cosets(); ++c, first = mul(first, w)) {
    const std::vector<std::uint32_t> row = powers(first, degree, one);
    shifts.insert(shifts.end(), row.begin(), row.end());
  }
  roots_32 = powers(root_of_unity(5), 16, one);
  roots_128 = powers(root_of_unity(7), 64, one);
  roots_512 = powers(root_of_unity(9), 256, one);
  shift_512 = powers(shift, compose_points, one);
  unshift_512 = powers(inverse(shift), compose_points, inverse(Fp::of(compose_points)));
  Fp x = shift;
  for (std::size_t i = 0; i < compose_points; ++i, x = mul(x, root_of_unity(9))) {
    inverse_vanishing.push_back(inverse(sub(power(x, rows), one)).value());
  }
}

std::size_t Domain::place(std::size_t index) const noexcept {
  const std::size_t k = index / cosets();
  std::size_t reversed = 0;
  for (unsigned bit = 0; bit < degree_log; ++bit) {
    reversed |= (k >> bit & 1) << (degree_log - 1 - bit);
  }
  return degree * (index % cosets()) + reversed;
}

ProverState::ProverState(const Params& parameters)
    : params(parameters),
      domain(parameters.domain_log),
      trace_rows(parameters.domain() * trace_stride),
      quotient_rows(parameters.domain() * quotient_stride),
      fri_rows(parameters.domain() * 16),
      trace_tree(parameters.domain_log),
      quotient_tree(parameters.domain_log) {
  fri_values.reserve(parameters.folds);
  for (unsigned round = 0; round < parameters.folds; ++round) {
    fri_trees.emplace_back(parameters.fri_leaves_log(round));
    fri_values.emplace_back(extension * fold << parameters.fri_leaves_log(round));
  }
}

// F is uniform and independent of the witness: its values may stay.
void ProverState::wipe_secrets() noexcept {
  for (Words* words : {&trace, &trace_coefficients, &quotient_coefficients, &composition,
                       &trace_rows, &quotient_rows}) {
    words->clear();
  }
}

}  // namespace v100::proof
