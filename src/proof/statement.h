// What prover and verifier both make of a statement.
#pragma once

#include <array>

#include "proof/columns.h"
#include "proof/field.h"
#include "proof/proof.h"

namespace v100::proof {

// `malformed` when it cannot be a statement.
Result<void> check_statement(const Statement& statement) noexcept;

// The public values of the constraints, Montgomery.
std::array<std::uint32_t, publics> public_values(const Statement& statement) noexcept;

// The composition at z out of the row there and the row at z / g: the constraints, folded by alpha
// (Horner, the first constraint gets the highest power) and divided by z^32 - 1, plus the mask.
Fe compose_at(const Fe& z, const Fe& alpha, const Fe* row, const Fe* back,
              const Statement& statement) noexcept;

// Each constraint on one row of a trace (32 rows of `columns` numbers), for the tests.
std::array<Fp, constraints> constraints_on_row(const std::uint32_t* trace, unsigned row,
                                               const Statement& statement) noexcept;

}  // namespace v100::proof
