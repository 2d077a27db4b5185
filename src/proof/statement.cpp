#include "proof/statement.h"

#include "proof/air.inl.h"
#include "proof/poseidon2.h"

namespace v100::proof {
namespace {

// The selectors at a point outside the trace domain: sums of Lagrange polynomials
// L_r(z) = g^r (z^32 - 1) / (32 (z - g^r)).
struct Selected {
  Fe by[selectors];
  Fe inverse_vanishing;  // 1 / (z^32 - 1)
};

Selected select_at(const Fe& z, unsigned depth) noexcept {
  const Fp g = root_of_unity(5);
  // Inverses of z - g^r and of z^32 - 1, all out of one.
  Fe points[rows + 1];
  Fe before[rows + 1];
  Fp x = Fp::of(1);
  Fe product = Fe::one();
  for (std::size_t r = 0; r <= rows; ++r) {
    points[r] = r < rows ? sub(z, Fe::of(x)) : sub(power(z, rows), Fe::one());
    before[r] = product;
    product = mul(product, points[r]);
    x = mul(x, g);
  }
  Fe rest = inverse(product);
  Selected out;
  const Fe factor = scale(points[rows], inverse(Fp::of(rows)));
  for (std::size_t r = rows + 1; r-- > 0;) {
    const Fe inverted = mul(rest, before[r]);
    rest = mul(rest, points[r]);
    if (r == rows) {
      out.inverse_vanishing = inverted;
      continue;
    }
    if (r > row_leaf_last + depth && r > row_range_last) {
      continue;  // no selector has it
    }
    const Fe lagrange = scale(mul(inverted, factor), power(g, r));
    for (std::size_t s = 0; s < selectors; ++s) {
      if (selected(s, static_cast<unsigned>(r), depth)) {
        out.by[s] = add(out.by[s], lagrange);
      }
    }
  }
  return out;
}

}  // namespace

Result<void> check_statement(const Statement& statement) noexcept {
  if (statement.depth < depth_min || statement.depth > depth_max) {
    return fail(Errc::malformed, "a depth outside 5 to 20");
  }
  if (statement.context.size() > context_bytes_max ||
      statement.message.size() > message_bytes_max) {
    return fail(Errc::malformed, "a context or message of more than 1024 bytes");
  }
  if (!is_digest(statement.root) || !is_digest(statement.pseudonym)) {
    return fail(Errc::malformed, "a root or pseudonym that is no digest");
  }
  return {};
}

std::array<std::uint32_t, publics> public_values(const Statement& statement) noexcept {
  std::array<std::uint32_t, publics> out;
  const std::array<std::uint32_t, 8> context = context_elements(statement.context);
  for (std::size_t i = 0; i < 8; ++i) {
    out[pub_context + i] = Fp::of(context[i]).word;
    out[pub_pseudonym + i] =
        Fp::of(load_le<std::uint32_t>(statement.pseudonym.data() + 4 * i)).word;
    out[pub_root + i] = Fp::of(load_le<std::uint32_t>(statement.root.data() + 4 * i)).word;
  }
  out[pub_level] = Fp::of(statement.level_min).word;
  return out;
}

Fe compose_at(const Fe& z, const Fe& alpha, const Fe* row, const Fe* back,
              const Statement& statement) noexcept {
  const std::array<std::uint32_t, publics> values = public_values(statement);
  const Selected chosen = select_at(z, statement.depth);
  Fe folded;
  std::size_t count = 0;
  emit_constraints(row, back, chosen.by, values.data(), [&](const Fe& value) {
    folded = add(mul(folded, alpha), value);
    ++count;
  });
  CHECK(count == constraints);
  Fe mask;
  Fe basis = Fe::one();
  const Fe w{{{}, {montgomery_one}, {}, {}, {}, {}}};
  for (std::size_t k = 0; k < extension; ++k, basis = mul(basis, w)) {
    mask = add(mask, mul(basis, back[back_mask + k]));
  }
  return add(mul(folded, chosen.inverse_vanishing), mask);
}

std::array<Fp, constraints> constraints_on_row(const std::uint32_t* trace, unsigned row,
                                               const Statement& statement) noexcept {
  Fp c[columns];
  Fp b[backs];
  Fp chosen[selectors];
  const std::uint32_t* before = trace + columns * ((row + rows - 1) % rows);
  for (std::size_t i = 0; i < columns; ++i) {
    c[i] = Fp::of(trace[columns * row + i]);
  }
  for (std::size_t i = 0; i < backs; ++i) {
    b[i] = Fp::of(before[back_column(i)]);
  }
  for (std::size_t s = 0; s < selectors; ++s) {
    chosen[s] = Fp::of(selected(s, row, statement.depth) ? 1 : 0);
  }
  std::array<Fp, constraints> out;
  std::size_t at = 0;
  const std::array<std::uint32_t, publics> values = public_values(statement);
  emit_constraints(c, b, chosen, values.data(), [&](const Fp& value) { out[at++] = value; });
  CHECK(at == constraints);
  return out;
}

}  // namespace v100::proof
