// The prover: trace, quotient, evaluations at z, FRI, openings. The order and every formula are
// those of docs/spec/membership-proof.md, sections 5 to 8; the work is done on coefficients, where
// the polynomials are short, and only what is committed is extended.
#include "proof/prover.h"

#include <algorithm>

#include "proof/expander.h"
#include "proof/pick.h"
#include "proof/statement.h"
#include "proof/transcript.h"

namespace v100::proof {
namespace {

using Coefficients = std::array<Fe, degree>;

std::size_t reversed(std::size_t at, unsigned bits) noexcept {
  std::size_t out = 0;
  for (unsigned bit = 0; bit < bits; ++bit) {
    out |= (at >> bit & 1) << (bits - 1 - bit);
  }
  return out;
}
std::uint32_t plus(std::uint32_t a, std::uint32_t b) noexcept { return add(Fp{a}, Fp{b}).word; }
std::uint32_t minus(std::uint32_t a, std::uint32_t b) noexcept { return sub(Fp{a}, Fp{b}).word; }
// A canonical number times a Montgomery one.
std::uint32_t times(std::uint32_t a, std::uint32_t b) noexcept { return mul(Fp{a}, Fp{b}).word; }

Fe basis(std::size_t k) noexcept {
  Fe out;
  out.c[k] = Fp::of(1);
  return out;
}

// One proof under way. The state outlives it.
class Proving {
 public:
  Proving(ProverState& state, const Statement& statement, FixedBytes<64> seed, Lie lie)
      : s_(state),
        p_(state.params),
        layout_{state.params},
        statement_(statement),
        transcript_(state.params, statement),
        random_(seed),
        lie_(lie),
        out_(layout_.bytes()) {}

  Buffer run() {
    out_[0] = version;
    out_[1] = p_.id;
    commit_trace();
    const Fe alpha = transcript_.challenge();
    compose(alpha);
    commit_quotient();
    z_ = transcript_.challenge();
    evaluate(alpha);
    combine(transcript_.challenge());
    fold_down();
    const std::uint64_t nonce = transcript_.grind(p_.grinding_bits);
    store_le(out_.data() + layout_.nonce(), nonce);
    CHECK(transcript_.absorb_nonce(nonce, p_.grinding_bits));
    open(transcript_.positions(p_));
    wipe_object(f_);
    return std::move(out_);
  }

 private:
  // Coefficients of a column: the polynomial through its rows, plus (x^32 - 1) times a random one.
  void interpolate_tile(std::size_t tile) noexcept {
    alignas(64) std::uint32_t values[16 * rows] = {};
    const std::size_t count = std::min<std::size_t>(16, columns - 16 * tile);
    for (std::size_t row = 0; row < rows; ++row) {
      std::copy_n(s_.trace.data() + columns * row + 16 * tile, count, values + 16 * row);
    }
    kernel().transform(values, 5, s_.domain.roots_32.data());
    std::uint32_t* out = s_.trace_coefficients.data() + tile * tile_words;
    const std::uint32_t over_32 = inverse(Fp::of(rows)).word;
    for (std::size_t j = 0; j < rows; ++j) {
      for (std::size_t c = 0; c < 16; ++c) {
        out[16 * j + c] = times(values[16 * reversed((rows - j) % rows, 5) + c], over_32);
      }
    }
    std::fill(out + 16 * rows, out + tile_words, 0);
    wipe_object(values);
    for (std::size_t c = 0; c < count; ++c) {
      const bool mask = 16 * tile + c >= col_mask;
      for (std::size_t j = 0; j < (mask ? degree : blinds); ++j) {
        const std::uint32_t r = random_.element();
        std::uint32_t& low = out[16 * j + c];
        if (mask) {
          low = r;
          continue;
        }
        std::uint32_t& high = out[16 * (j + rows) + c];
        low = minus(low, r);
        high = plus(high, r);
      }
    }
  }

  // Extends tiles to rows of `stride` words, appends the salts, hashes them to leaves.
  void extend_and_hash(HashTree& tree, Words& out, std::size_t stride, const Words& coefficients,
                       std::size_t words) noexcept {
    const Domain& d = s_.domain;
    std::array<Bytes, degree> in;
    std::vector<FixedMutBytes<32>> outs;
    outs.reserve(degree);
    for (std::size_t coset = 0; coset < d.cosets(); ++coset) {
      std::uint32_t* at = out.data() + coset * degree * stride;
      for (std::size_t tile = 0; tile < stride / 16; ++tile) {
        kernel().extend(at + 16 * tile, stride, coefficients.data() + tile * tile_words,
                        d.shifts.data() + coset * degree, d.roots_128.data());
      }
      outs.clear();
      for (std::size_t r = 0; r < degree; ++r) {
        for (std::size_t i = 0; i < salt_words; ++i) {
          at[r * stride + words + i] = random_.word();
        }
        in[r] = out.bytes((coset * degree + r) * stride, words + salt_words);
        outs.emplace_back(tree.leaves()[coset + d.cosets() * reversed(r, degree_log)]);
      }
      keccak::sha3_256_batch(outs, in);
    }
    tree.build();
  }

  void commit(const HashTree& tree, std::size_t at, Sent what) noexcept {
    copy(std::span(out_).subspan(at, cap * hash_bytes), tree.commitment());
    transcript_.absorb(what, tree.commitment());
  }

  void commit_trace() noexcept {
    for (std::size_t tile = 0; tile < trace_tiles; ++tile) {
      interpolate_tile(tile);
    }
    extend_and_hash(s_.trace_tree, s_.trace_rows, trace_stride, s_.trace_coefficients, trace_words);
    commit(s_.trace_tree, layout_.trace_cap(), Sent::trace);
  }

  // The selectors on 512 points: tile columns are selectors, rows in bit-reversed order.
  void extend_selectors() noexcept {
    const Domain& d = s_.domain;
    std::uint32_t* tile = s_.selected.data();
    std::fill(tile, tile + s_.selected.size(), 0);
    alignas(64) std::uint32_t values[16 * rows] = {};
    for (unsigned row = 0; row < rows; ++row) {
      for (std::size_t k = 0; k < selectors; ++k) {
        values[16 * row + k] = selected(k, row, statement_.depth) ? 1 : 0;
      }
    }
    kernel().transform(values, 5, d.roots_32.data());
    const Fp over_32 = inverse(Fp::of(rows));
    for (std::size_t j = 0; j < rows; ++j) {
      const std::uint32_t by = mul(over_32, Fp{d.shift_512[j]}).word;
      for (std::size_t k = 0; k < selectors; ++k) {
        tile[16 * j + k] = times(values[16 * reversed((rows - j) % rows, 5) + k], by);
      }
    }
    kernel().transform(tile, 9, d.roots_512.data());
  }

  // The composition on 512 points of the domain, from there its coefficients and the segments.
  void compose(const Fe& alpha) noexcept {
    extend_selectors();
    std::vector<std::uint32_t> alphas(constraints * extension);
    Fe power = Fe::one();
    for (std::size_t i = constraints; i-- > 0; power = mul(power, alpha)) {
      for (std::size_t k = 0; k < extension; ++k) {
        alphas[extension * i + k] = power.c[k].word;
      }
    }
    const std::array<std::uint32_t, publics> values = public_values(statement_);
    Words current(16 * columns);
    Words back(16 * backs);
    alignas(64) std::uint32_t chosen[16 * selectors];
    alignas(64) std::uint32_t out[16 * extension];
    const ConstraintGroup group{current.data(), back.data(),   chosen, nullptr,
                                alphas.data(),  values.data(), out};
    for (std::size_t first = 0; first < compose_points; first += 16) {
      for (std::size_t lane = 0; lane < 16; ++lane) {
        gather(current, back, chosen, first + lane, lane);
      }
      ConstraintGroup here = group;
      here.inverse_vanishing = s_.domain.inverse_vanishing.data() + first;
      kernel().compose(&here);
      for (std::size_t lane = 0; lane < 16; ++lane) {
        for (std::size_t k = 0; k < extension; ++k) {
          s_.composition[16 * (first + lane) + k] = out[16 * k + lane];
        }
      }
    }
    cut_in_segments();
  }

  void gather(Words& current, Words& back, std::uint32_t* chosen, std::size_t point,
              std::size_t lane) const noexcept {
    const std::size_t step = s_.domain.size / compose_points;
    const std::size_t before = (point + compose_points - compose_points / rows) % compose_points;
    const std::uint32_t* row = s_.trace_rows.data() + trace_stride * s_.domain.place(step * point);
    const std::uint32_t* row_before =
        s_.trace_rows.data() + trace_stride * s_.domain.place(step * before);
    for (std::size_t i = 0; i < columns; ++i) {
      current[16 * i + lane] = row[i];
    }
    for (std::size_t i = 0; i < backs; ++i) {
      back[16 * i + lane] = row_before[back_column(i)];
    }
    for (std::size_t i = 0; i < selectors; ++i) {
      chosen[16 * i + lane] = s_.selected[16 * reversed(point, 9) + i];
    }
  }

  // S_i = Q_i + x^70 M_i - M_(i-1), where Q = sum of x^(70 i) Q_i: the masks cancel in the sum.
  void cut_in_segments() noexcept {
    const Domain& d = s_.domain;
    kernel().transform(s_.composition.data(), 9, d.roots_512.data());
    std::uint32_t* out = s_.quotient_coefficients.data();
    std::fill(out, out + s_.quotient_coefficients.size(), 0);
    const auto coefficient = [&](std::size_t segment, std::size_t k,
                                 std::size_t j) -> std::uint32_t& {
      const std::size_t column = extension * segment + k;
      return out[column / 16 * tile_words + 16 * j + column % 16];
    };
    for (std::size_t j = 0; j < segments * segment_step; ++j) {
      const std::size_t at = reversed((compose_points - j) % compose_points, 9);
      for (std::size_t k = 0; k < extension; ++k) {
        coefficient(j / segment_step, k, j % segment_step) =
            times(s_.composition[16 * at + k], d.unshift_512[j]);
      }
    }
    for (std::size_t segment = 0; segment + 1 < segments; ++segment) {
      for (std::size_t k = 0; k < extension; ++k) {
        for (std::size_t j = 0; j < degree - segment_step; ++j) {
          const std::uint32_t r = random_.element();
          coefficient(segment, k, segment_step + j) =
              plus(coefficient(segment, k, segment_step + j), r);
          coefficient(segment + 1, k, j) = minus(coefficient(segment + 1, k, j), r);
        }
      }
    }
    for (std::size_t k = 0; k < extension; ++k) {
      for (std::size_t j = 0; j < degree; ++j) {
        coefficient(segments, k, j) = random_.element();  // R
      }
    }
  }

  void commit_quotient() noexcept {
    extend_and_hash(s_.quotient_tree, s_.quotient_rows, quotient_stride, s_.quotient_coefficients,
                    quotient_words);
    commit(s_.quotient_tree, layout_.quotient_cap(), Sent::quotient);
  }

  // The values at a point of all columns of some tiles.
  void evaluate_tiles(Fe* out, const Words& coefficients, std::size_t tiles, const Fe& point) {
    std::vector<std::uint32_t> powers;
    powers.reserve(degree * extension);
    Fe power = Fe::one();
    for (std::size_t j = 0; j < degree; ++j, power = mul(power, point)) {
      for (const Fp& c : power.c) {
        powers.push_back(c.word);
      }
    }
    alignas(64) std::uint32_t sums[16 * extension];
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      kernel().evaluate(sums, coefficients.data() + tile * tile_words, degree, powers.data());
      for (std::size_t c = 0; c < 16; ++c) {
        for (std::size_t k = 0; k < extension; ++k) {
          out[16 * tile + c].c[k] = Fp::of(sums[16 * k + c]);
        }
      }
    }
  }

  void evaluate(const Fe& alpha) {
    const Fe z_back = scale(z_, inverse(root_of_unity(5)));
    std::array<Fe, trace_stride> at_z;
    std::array<Fe, trace_stride> at_back;
    std::array<Fe, quotient_stride> pieces;
    evaluate_tiles(at_z.data(), s_.trace_coefficients, trace_tiles, z_);
    evaluate_tiles(at_back.data(), s_.trace_coefficients, trace_tiles, z_back);
    evaluate_tiles(pieces.data(), s_.quotient_coefficients, quotient_tiles, z_);
    Fe* out = values_.data();
    out = std::copy_n(at_z.begin(), columns, out);
    for (std::size_t i = 0; i < backs; ++i) {
      *out++ = at_back[back_column(i)];
    }
    Fe sum;
    for (std::size_t s = 0; s < segments; ++s) {
      Fe value;
      for (std::size_t k = 0; k < extension; ++k) {
        value = add(value, mul(basis(k), pieces[extension * s + k]));
      }
      out[s] = value;
      sum = add(sum, mul(value, power(z_, segment_step * s)));
    }
    if (lie_ == Lie::evaluation) {
      const Fe wanted = compose_at(z_, alpha, values_.data(), values_.data() + columns, statement_);
      out[0] = add(out[0], sub(wanted, sum));
    }
    const std::size_t at = layout_.evaluations_at();
    for (std::size_t i = 0; i < evaluations; ++i) {
      store_element(out_.data() + at + extension_bytes * i, values_[i]);
    }
    transcript_.absorb(Sent::values, Bytes(out_).subspan(at, evaluations * extension_bytes));
  }

  // sum += the tile's columns times their weights, coefficient by coefficient.
  void add_weighted(Coefficients& sum, const std::uint32_t* tile, const std::uint32_t* weights) {
    alignas(64) std::uint32_t products[degree * extension];
    kernel().combine(products, tile, degree, 16, 1, weights);
    for (std::size_t j = 0; j < degree; ++j) {
      sum[j] = add(sum[j], from_canonical(products + extension * j));
    }
    wipe_object(products);
  }

  // f_ += (sum - its value at the point) / (x - point)
  void add_quotient(const Coefficients& sum, const Fe& point) noexcept {
    Fe carry;
    for (std::size_t j = degree - 1; j > 0; --j) {
      carry = add(sum[j], mul(carry, point));
      f_[j - 1] = add(f_[j - 1], carry);
    }
  }

  // F, the polynomial that FRI is about (section 7 of the spec).
  void combine(const Fe& beta) {
    std::vector<std::uint32_t> here(trace_tiles * 96), back(trace_tiles * 96),
        pieces(quotient_tiles * 96), masks(quotient_tiles * 96);
    const auto put = [](std::vector<std::uint32_t>& to, std::size_t column, const Fe& weight) {
      for (std::size_t k = 0; k < extension; ++k) {
        std::uint32_t& word = to[column / 16 * 96 + 16 * k + column % 16];
        word = plus(word, weight.c[k].word);
      }
    };
    Fe weight = beta;
    for (std::size_t i = 0; i < columns; ++i, weight = mul(weight, beta)) {
      put(here, i, weight);
    }
    for (std::size_t i = 0; i < backs; ++i, weight = mul(weight, beta)) {
      put(back, back_column(i), weight);
    }
    for (std::size_t s = 0; s < segments; ++s, weight = mul(weight, beta)) {
      for (std::size_t k = 0; k < extension; ++k) {
        put(pieces, extension * s + k, mul(weight, basis(k)));
      }
    }
    for (std::size_t k = 0; k < extension; ++k) {
      put(masks, extension * segments + k, basis(k));
    }
    Coefficients at_z{}, at_back{};
    for (std::size_t t = 0; t < trace_tiles; ++t) {
      const std::uint32_t* tile = s_.trace_coefficients.data() + t * tile_words;
      add_weighted(at_z, tile, here.data() + 96 * t);
      add_weighted(at_back, tile, back.data() + 96 * t);
    }
    f_ = Coefficients{};
    for (std::size_t t = 0; t < quotient_tiles; ++t) {
      const std::uint32_t* tile = s_.quotient_coefficients.data() + t * tile_words;
      add_weighted(at_z, tile, pieces.data() + 96 * t);
      add_weighted(f_, tile, masks.data() + 96 * t);
    }
    add_quotient(at_z, z_);
    add_quotient(at_back, scale(z_, inverse(root_of_unity(5))));
    wipe_object(at_z);
    wipe_object(at_back);
  }

  // The values of F on the domain, as cosets x, x w^(n/8), ... one after another.
  void extend_f(Words& values) noexcept {
    std::uint32_t* tile = s_.fri_tile.data();
    for (std::size_t j = 0; j < degree; ++j) {
      for (std::size_t k = 0; k < extension; ++k) {
        tile[16 * j + k] = f_[j].c[k].value();
      }
    }
    const Domain& d = s_.domain;
    for (std::size_t coset = 0; coset < d.cosets(); ++coset) {
      kernel().extend(s_.fri_rows.data() + coset * tile_words, 16, tile,
                      d.shifts.data() + coset * degree, d.roots_128.data());
    }
    const std::size_t leaves = d.size / fold;
    for (std::size_t i = 0; i < d.size; ++i) {
      std::copy_n(s_.fri_rows.data() + 16 * d.place(i), extension,
                  values.data() + extension * (fold * (i % leaves) + i / leaves));
    }
  }
  // The same for a later round, which is small.
  void extend_folded(Words& values, unsigned round, std::size_t count) noexcept {
    const unsigned log = p_.domain_log - fold_log * round;
    const std::size_t leaves = (std::size_t{1} << log) / fold;
    const Fp w = root_of_unity(log);
    Fp x = power(Fp::of(generator), std::size_t{1} << (fold_log * round));
    for (std::size_t i = 0; i < leaves * fold; ++i, x = mul(x, w)) {
      Fe value;
      for (std::size_t j = count; j-- > 0;) {
        value = add(scale(value, x), f_[j]);
      }
      for (std::size_t k = 0; k < extension; ++k) {
        values[extension * (fold * (i % leaves) + i / leaves) + k] = value.c[k].value();
      }
    }
  }

  void fold_down() {
    std::size_t count = degree;
    for (unsigned round = 0; round < p_.folds; ++round) {
      Words& values = s_.fri_values[round];
      HashTree& tree = s_.fri_trees[round];
      if (round == 0) {
        extend_f(values);
      } else {
        extend_folded(values, round, count);
      }
      std::vector<Bytes> in;
      std::vector<FixedMutBytes<32>> outs;
      for (std::size_t leaf = 0; leaf < tree.leaves().size(); ++leaf) {
        in.push_back(values.bytes(leaf * fold * extension, fold * extension));
        outs.emplace_back(tree.leaves()[leaf]);
      }
      keccak::sha3_256_batch(outs, in);
      tree.build();
      commit(tree, layout_.fri_cap(round), Sent::fri);
      const Fe gamma = transcript_.challenge();
      count /= fold;
      for (std::size_t j = 0; j < count; ++j) {
        Fe sum;
        for (std::size_t k = fold; k-- > 0;) {
          sum = add(mul(sum, gamma), f_[fold * j + k]);
        }
        f_[j] = sum;
      }
    }
    const std::size_t at = layout_.final_at();
    for (std::size_t j = 0; j < count; ++j) {
      store_element(out_.data() + at + extension_bytes * j, f_[j]);
    }
    transcript_.absorb(Sent::final, Bytes(out_).subspan(at, count * extension_bytes));
  }

  void open(const std::vector<std::uint32_t>& positions) {
    const std::size_t path = layout_.path_length() * hash_bytes;
    for (std::size_t q = 0; q < positions.size(); ++q) {
      const MutBytes to = std::span(out_).subspan(layout_.query(q), layout_.query_bytes());
      std::size_t index = positions[q];
      const std::size_t place = s_.domain.place(index);
      copy(to.first(trace_leaf_bytes),
           s_.trace_rows.bytes(place * trace_stride, trace_words + salt_words));
      s_.trace_tree.write_path(to.subspan(trace_leaf_bytes, path), index);
      const std::size_t at = layout_.quotient_in_query();
      copy(to.subspan(at, quotient_leaf_bytes),
           s_.quotient_rows.bytes(place * quotient_stride, quotient_words + salt_words));
      s_.quotient_tree.write_path(to.subspan(at + quotient_leaf_bytes, path), index);
      for (unsigned round = 0; round < p_.folds; ++round) {
        index %= std::size_t{1} << p_.fri_leaves_log(round);
        const MutBytes coset =
            to.subspan(layout_.fri_in_query(round), layout_.fri_query_bytes(round));
        copy(coset.first(fri_leaf_bytes),
             s_.fri_values[round].bytes(index * fold * extension, fold * extension));
        s_.fri_trees[round].write_path(coset.subspan(fri_leaf_bytes), index);
      }
    }
  }

  ProverState& s_;
  const Params& p_;
  Layout layout_;
  const Statement& statement_;
  Transcript transcript_;
  Expander random_;
  Lie lie_;
  Buffer out_;
  Fe z_;
  std::array<Fe, evaluations> values_;
  Coefficients f_{};
};

}  // namespace

Buffer prove_trace(ProverState& state, const Statement& statement, FixedBytes<64> seed, Lie lie) {
  return Proving(state, statement, seed, lie).run();
}

}  // namespace v100::proof
