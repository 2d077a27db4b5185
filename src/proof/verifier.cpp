// The verifier: docs/spec/membership-proof.md, section 9, in its order. The openings of some claims
// are hashed together at the end.
#include "proof/verifier.h"

#include <algorithm>
#include <array>

#include "proof/format.h"
#include "proof/hash_tree.h"
#include "proof/pick.h"
#include "proof/statement.h"
#include "proof/transcript.h"
#include "proof/words.h"

namespace v100::proof {
namespace {

constexpr std::size_t trace_tiles = 11;
constexpr std::size_t quotient_tiles = 3;

// Inverses of all, none of which is zero, for the price of one.
void invert_all(std::span<Fe> values) {
  std::vector<Fe> before(values.size());
  Fe product = Fe::one();
  for (std::size_t i = 0; i < values.size(); ++i) {
    before[i] = product;
    product = mul(product, values[i]);
  }
  Fe rest = inverse(product);
  for (std::size_t i = values.size(); i-- > 0;) {
    const Fe value = values[i];
    values[i] = mul(rest, before[i]);
    rest = mul(rest, value);
  }
}

bool outside_base_field(const Fe& z) noexcept {
  std::uint32_t upper = 0;
  for (std::size_t k = 1; k < extension; ++k) {
    upper |= z.c[k].word;
  }
  return upper != 0;
}

// Weights of columns in F, laid out for the kernel's combine.
struct Weights {
  explicit Weights(std::size_t tiles) : words(tiles * 16 * extension) {}
  void put(std::size_t column, const Fe& weight) {
    for (std::size_t k = 0; k < extension; ++k) {
      words[column / 16 * 96 + 16 * k + column % 16] = weight.c[k].word;
    }
  }
  std::vector<std::uint32_t> words;
};

class Verifying {
 public:
  Verifying(const Params& params, const Statement& statement, Bytes proof)
      : p_(params),
        layout_{params},
        statement_(statement),
        proof_(proof),
        transcript_(params, statement) {}

  // Everything but the openings' hashes, which are left in `openings`.
  Result<void> run(std::vector<Opening>& openings, std::size_t owner) {
    replay();
    if (!outside_base_field(z_) || !identity_holds()) {
      return fail(Errc::forbidden, "the constraints do not hold");
    }
    if (!transcript_.absorb_nonce(load_le<std::uint64_t>(proof_.data() + layout_.nonce()),
                                  p_.grinding_bits)) {
      return fail(Errc::forbidden, "no work was done");
    }
    positions_ = transcript_.positions(p_);
    combine_queries();
    for (std::size_t q = 0; q < p_.queries; ++q) {
      if (!folds_to_final(q)) {
        return fail(Errc::forbidden, "an opened value is not of the polynomial");
      }
    }
    for (std::size_t q = 0; q < p_.queries; ++q) {
      add_openings(openings, owner, q);
    }
    return {};
  }

 private:
  Bytes cap_at(std::size_t at) const { return proof_.subspan(at, cap * hash_bytes); }
  Bytes query(std::size_t q) const {
    return proof_.subspan(layout_.query(q), layout_.query_bytes());
  }

  void replay() noexcept {
    transcript_.absorb(Sent::trace, cap_at(layout_.trace_cap()));
    alpha_ = transcript_.challenge();
    transcript_.absorb(Sent::quotient, cap_at(layout_.quotient_cap()));
    z_ = transcript_.challenge();
    const std::size_t at = layout_.evaluations_at();
    for (std::size_t i = 0; i < evaluations; ++i) {
      values_[i] = load_element(proof_.data() + at + extension_bytes * i);
    }
    transcript_.absorb(Sent::values, proof_.subspan(at, evaluations * extension_bytes));
    beta_ = transcript_.challenge();
    for (unsigned round = 0; round < p_.folds; ++round) {
      transcript_.absorb(Sent::fri, cap_at(layout_.fri_cap(round)));
      gammas_[round] = transcript_.challenge();
    }
    const std::size_t count = p_.final_degree();
    for (std::size_t j = 0; j < count; ++j) {
      final_[j] = load_element(proof_.data() + layout_.final_at() + extension_bytes * j);
    }
    transcript_.absorb(Sent::final, proof_.subspan(layout_.final_at(), count * extension_bytes));
  }

  bool identity_holds() const noexcept {
    Fe sum;
    const Fe step = power(z_, segment_step);
    for (std::size_t s = segments; s-- > 0;) {
      sum = add(mul(sum, step), values_[columns + backs + s]);
    }
    return sum == compose_at(z_, alpha_, values_.data(), values_.data() + columns, statement_);
  }

  // F at every queried point, out of the opened rows.
  void combine_queries() {
    Weights here(trace_tiles), back(trace_tiles), pieces(quotient_tiles);
    const Fe w{{{}, {montgomery_one}, {}, {}, {}, {}}};
    Fe weight = beta_;
    Fe at_z, at_back;
    for (std::size_t i = 0; i < columns; ++i, weight = mul(weight, beta_)) {
      here.put(i, weight);
      at_z = add(at_z, mul(weight, values_[i]));
    }
    for (std::size_t i = 0; i < backs; ++i, weight = mul(weight, beta_)) {
      back.put(back_column(i), weight);
      at_back = add(at_back, mul(weight, values_[columns + i]));
    }
    for (std::size_t s = 0; s < segments; ++s, weight = mul(weight, beta_)) {
      Fe part = weight;
      for (std::size_t k = 0; k < extension; ++k, part = mul(part, w)) {
        pieces.put(extension * s + k, part);
      }
      at_z = add(at_z, mul(weight, values_[columns + backs + s]));
    }
    const std::size_t count = p_.queries;
    Words trace_rows(count * 16 * trace_tiles);
    Words quotient_rows(count * 16 * quotient_tiles);
    std::vector<Fe> inverses(2 * count);
    const Fe z_back = scale(z_, inverse(root_of_unity(5)));
    const Fp root = root_of_unity(p_.domain_log);
    for (std::size_t q = 0; q < count; ++q) {
      std::memcpy(trace_rows.data() + q * 16 * trace_tiles, query(q).data(), 4 * trace_words);
      std::memcpy(quotient_rows.data() + q * 16 * quotient_tiles,
                  query(q).data() + layout_.quotient_in_query(), 4 * quotient_words);
      points_.push_back(mul(Fp::of(generator), power(root, positions_[q])));
      inverses[2 * q] = sub(Fe::of(points_[q]), z_);
      inverses[2 * q + 1] = sub(Fe::of(points_[q]), z_back);
    }
    invert_all(inverses);
    std::vector<std::uint32_t> a(extension * count), b(extension * count), c(extension * count);
    const ProofKernel& k = kernel();
    k.combine(a.data(), trace_rows.data(), count, 16 * trace_tiles, trace_tiles, here.words.data());
    k.combine(b.data(), trace_rows.data(), count, 16 * trace_tiles, trace_tiles, back.words.data());
    k.combine(c.data(), quotient_rows.data(), count, 16 * quotient_tiles, quotient_tiles,
              pieces.words.data());
    for (std::size_t q = 0; q < count; ++q) {
      const std::size_t at = extension * q;
      const Fe first = sub(add(from_canonical(&a[at]), from_canonical(&c[at])), at_z);
      const Fe second = sub(from_canonical(&b[at]), at_back);
      const Fe mask =
          from_canonical(quotient_rows.data() + q * 16 * quotient_tiles + extension * segments);
      f_.push_back(add(mask, add(mul(first, inverses[2 * q]), mul(second, inverses[2 * q + 1]))));
    }
  }

  // The value at x^8 of the polynomial folded by gamma, from those at x w^0, x w^1, ... with w of
  // order 8: sum over k of (gamma / x)^k / 8 times sum over t of w^(-k t) v_t.
  static Fe fold_coset(const std::array<Fe, fold>& v, const Fe& gamma, Fp x) noexcept {
    static_assert(fold == 8);
    static constexpr std::array<Fp, fold> roots = [] {
      std::array<Fp, fold> out{Fp::of(1)};
      for (std::size_t i = 1; i < fold; ++i) {
        out[i] = mul(out[i - 1], inverse(root_of_unity(fold_log)));
      }
      return out;
    }();
    static constexpr Fp over_8 = inverse(Fp::of(fold));
    const Fe ratio = scale(gamma, inverse(x));
    Fe out;
    for (std::size_t k = fold; k-- > 0;) {
      Fe sum = v[0];
      for (std::size_t t = 1; t < fold; ++t) {
        sum = add(sum, k == 0 ? v[t] : scale(v[t], roots[k * t % fold]));
      }
      out = add(mul(out, ratio), sum);
    }
    return scale(out, over_8);
  }

  // Follows F(x) through the cosets that the proof opens, down to the final polynomial.
  bool folds_to_final(std::size_t q) const noexcept {
    Fe value = f_[q];
    std::size_t index = positions_[q];
    for (unsigned round = 0; round < p_.folds; ++round) {
      const unsigned leaves_log = p_.fri_leaves_log(round);
      std::array<Fe, fold> coset;
      for (std::size_t t = 0; t < fold; ++t) {
        coset[t] =
            load_element(query(q).data() + layout_.fri_in_query(round) + extension_bytes * t);
      }
      if (!(coset[index >> leaves_log] == value)) {
        return false;
      }
      index &= (std::size_t{1} << leaves_log) - 1;
      const Fp x = mul(power(Fp::of(generator), std::size_t{1} << (fold_log * round)),
                       power(root_of_unity(leaves_log + fold_log), index));
      value = fold_coset(coset, gammas_[round], x);
    }
    const Fp x = mul(power(Fp::of(generator), std::size_t{1} << (fold_log * p_.folds)),
                     power(root_of_unity(p_.domain_log - fold_log * p_.folds), index));
    Fe expected;
    for (std::size_t j = p_.final_degree(); j-- > 0;) {
      expected = add(scale(expected, x), final_[j]);
    }
    return expected == value;
  }

  void add_openings(std::vector<Opening>& openings, std::size_t owner, std::size_t q) const {
    const Bytes from = query(q);
    std::size_t index = positions_[q];
    const std::size_t path = layout_.path_length() * hash_bytes;
    const std::size_t at = layout_.quotient_in_query();
    openings.push_back({from.first(trace_leaf_bytes),
                        from.subspan(trace_leaf_bytes, path),
                        cap_at(layout_.trace_cap()),
                        index,
                        owner,
                        {}});
    openings.push_back({from.subspan(at, quotient_leaf_bytes),
                        from.subspan(at + quotient_leaf_bytes, path),
                        cap_at(layout_.quotient_cap()),
                        index,
                        owner,
                        {}});
    for (unsigned round = 0; round < p_.folds; ++round) {
      index &= (std::size_t{1} << p_.fri_leaves_log(round)) - 1;
      const Bytes coset = from.subspan(layout_.fri_in_query(round), layout_.fri_query_bytes(round));
      openings.push_back({coset.first(fri_leaf_bytes),
                          coset.subspan(fri_leaf_bytes),
                          cap_at(layout_.fri_cap(round)),
                          index,
                          owner,
                          {}});
    }
  }

  const Params& p_;
  Layout layout_;
  const Statement& statement_;
  Bytes proof_;
  Transcript transcript_;
  Fe alpha_, z_, beta_;
  std::array<Fe, degree_log> gammas_;
  std::array<Fe, evaluations> values_;
  std::array<Fe, degree> final_;
  std::vector<std::uint32_t> positions_;
  std::vector<Fp> points_;
  std::vector<Fe> f_;
};

Result<void> check_trial(const Trial& trial, std::vector<Opening>& openings, std::size_t owner) {
  TRY(check_statement(trial.claim->statement));
  TRY(check_format(*trial.params, trial.claim->proof));
  return Verifying(*trial.params, trial.claim->statement, trial.claim->proof).run(openings, owner);
}

Result<const Params*> params_of(Bytes proof, Preset minimum) noexcept {
  if (proof.size() < 2) {
    return fail(Errc::malformed, "a proof of another length");
  }
  const Params* params = find_params(proof[1]);
  if (proof[0] != version || params == nullptr) {
    return fail(Errc::unsupported, "an unknown version or preset");
  }
  if (params->bits < find_params(static_cast<std::uint8_t>(minimum))->bits) {
    return fail(Errc::unsupported, "a preset weaker than asked for");
  }
  return params;
}

}  // namespace

std::vector<Result<void>> verify_trials(std::span<const Trial> trials) {
  constexpr std::size_t group = 4;  // their proofs stay in the second-level cache
  std::vector<Opening> openings;
  std::vector<Result<void>> out;
  out.reserve(trials.size());
  for (std::size_t first = 0; first < trials.size(); first += group) {
    const std::size_t end = std::min(first + group, trials.size());
    openings.clear();
    for (std::size_t i = first; i < end; ++i) {
      out.push_back(check_trial(trials[i], openings, i - first));
    }
    std::array<std::uint8_t, group> wrong{};
    check_openings(openings, wrong);
    for (std::size_t i = first; i < end; ++i) {
      if (wrong[i - first] != 0) {
        out[i] = fail(Errc::forbidden, "an opening does not lead to its commitment");
      }
    }
  }
  return out;
}

std::vector<Result<void>> verify_batch(std::span<const Claim> claims, Preset minimum) {
  std::vector<Result<void>> out(claims.size());
  std::vector<Trial> trials;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Result<const Params*> params = params_of(claims[i].proof, minimum);
    if (!params) {
      out[i] = std::unexpected(params.error());
      continue;
    }
    trials.push_back({*params, &claims[i]});
    places.push_back(i);
  }
  const std::vector<Result<void>> results = verify_trials(trials);
  for (std::size_t i = 0; i < places.size(); ++i) {
    out[places[i]] = results[i];
  }
  return out;
}

Result<void> verify(const Statement& statement, Bytes proof, Preset minimum) {
  const Claim claim{statement, proof};
  return verify_batch({&claim, 1}, minimum)[0];
}

}  // namespace v100::proof
