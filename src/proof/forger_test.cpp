// If this fails, a constraint is missing or does not bind: for each one there is a prover who
// breaks it and nothing else, and takes root and pseudonym from the forged trace.
#include <gtest/gtest.h>
#include <optional>
#include <set>

#include "proof/field.h"
#include "proof/poseidon2.h"
#include "proof/poseidon2.inl.h"
#include "proof/prover.h"
#include "proof/statement.h"
#include "proof/test_case.h"
#include "proof/trace.h"
#include "proof/verifier.h"

namespace v100::proof {
namespace {

// What the forger does otherwise. Rows and columns by number.
struct Forgery {
  std::optional<std::size_t> pin{};  // on the last row, this column is one more than computed
  std::optional<std::pair<unsigned, std::size_t>> input{};  // row, element: one more
  bool swapped_leaf = false;  // leaf halves swapped, and the side says so
  unsigned accept = 1;
  std::uint32_t level = 7;
  std::uint32_t tag = leaf_domain;
  std::optional<std::uint32_t> rest{};            // instead of level - L on the leaf's row
  std::optional<std::uint32_t> next_rest{};       // what the next row goes on with
  std::uint32_t stray_side = 0, stray_range = 0;  // on the last row
  std::optional<std::size_t> root{}, name{};      // the statement's digest, one element off
};

class Forger {
 public:
  Forger(const TestCase& test, const Forgery& forgery) : test_(test), forgery_(forgery) {}

  Statement forge(Words& trace) {
    trace.clear();
    trace_ = trace.data();
    Block block{};
    read_elements(std::span(block).first<8>(), test_.key.expose());
    const std::array<std::uint32_t, 8> context = context_elements(test_.statement.context);
    Block named = block;
    std::copy(context.begin(), context.end(), named.begin() + 8);
    const std::array<std::uint32_t, 8> name = add(named);
    block[8] = owner_domain;
    std::array<std::uint32_t, 8> digest = add(block);
    digest = add(leaf_block(digest));
    digest = add(last_leaf_block(digest));
    for (unsigned level = 0; level < test_.statement.depth; ++level) {
      digest = add(node(digest, level));
    }
    Statement out = test_.statement;
    out.root = bytes(digest, forgery_.root);
    out.pseudonym = bytes(name, forgery_.name);
    while (row_ < rows) {
      add(Block{});
    }
    fill_rest();
    return out;
  }

 private:
  std::array<std::uint32_t, 8> add(Block block) {
    std::uint32_t* row = trace_ + columns * row_;
    if (forgery_.input && forgery_.input->first == row_) {
      std::uint32_t& x = block[forgery_.input->second];
      x = (x + 1) % modulus;
    }
    Fp s[16];
    for (std::size_t i = 0; i < 16; ++i) {
      row[i] = block[i];
      s[i] = Fp::of(block[i]);
    }
    compress_pinned(s, [&](std::size_t column, Fp value) {
      if (row_ + 1 == rows && forgery_.pin == column) {
        value = proof::add(value, Fp::of(1));
      }
      row[column] = value.value();
      return value;
    });
    ++row_;
    std::array<std::uint32_t, 8> digest;
    std::copy_n(row + col_digest, 8, digest.begin());
    return digest;
  }
  Block leaf_block(const std::array<std::uint32_t, 8>& owner) {
    Block block;
    std::copy(owner.begin(), owner.end(), block.begin());
    read_elements(std::span(block).last<8>(), test_.leaf.attested);
    if (forgery_.swapped_leaf) {
      std::swap_ranges(block.begin(), block.begin() + 8, block.begin() + 8);
      trace_[columns * row_ + col_side] = 1;
    }
    return block;
  }
  Block last_leaf_block(const std::array<std::uint32_t, 8>& first) {
    Block block{};
    std::copy(first.begin(), first.end(), block.begin());
    read_elements(std::span(block).subspan<leaf_salt, 5>(), test_.leaf.salt);
    block[leaf_accept] = forgery_.accept;
    block[leaf_level] = forgery_.level;
    block[leaf_tag] = forgery_.tag;
    return block;
  }
  Block node(const std::array<std::uint32_t, 8>& child, unsigned level) {
    const std::uint32_t side = test_.index >> level & 1;
    trace_[columns * row_ + col_side] = side;
    Block block;
    read_elements(std::span(block).subspan(side == 1 ? 0 : 8, 8), test_.path[level]);
    std::copy(child.begin(), child.end(), block.begin() + (side == 1 ? 8 : 0));
    return block;
  }
  void fill_rest() {
    std::uint32_t rest = (forgery_.level + modulus - test_.statement.level_min) % modulus;
    rest = forgery_.rest.value_or(rest);
    trace_[columns * row_leaf_last + col_rest] = rest;
    rest = forgery_.next_rest.value_or(rest);
    for (unsigned row = row_node; row <= row_range_last; ++row) {
      trace_[columns * row + col_range] = rest & 1;
      rest >>= 1;
      trace_[columns * row + col_rest] = rest;
    }
    trace_[columns * (rows - 1) + col_side] = forgery_.stray_side;
    trace_[columns * (rows - 1) + col_range] = forgery_.stray_range;
  }
  static Digest bytes(std::array<std::uint32_t, 8> digest, std::optional<std::size_t> off) {
    if (off) {
      digest[*off] = (digest[*off] + 1) % modulus;
    }
    Digest out;
    for (std::size_t i = 0; i < 8; ++i) {
      store_le(out.data() + 4 * i, digest[i]);
    }
    return out;
  }

  const TestCase& test_;
  const Forgery& forgery_;
  std::uint32_t* trace_ = nullptr;
  unsigned row_ = 0;
};

// In the order of the constraints.
std::vector<Forgery> forgeries() {
  std::vector<Forgery> out;
  for (std::size_t column = col_first; column < col_side; ++column) {
    out.push_back({.pin = column});
  }
  out.push_back({.stray_side = 2});
  out.push_back({.stray_range = 2});
  for (std::size_t i = 0; i < 8; ++i) {  // the node's child; the second node is a right child
    out.push_back({.input = std::pair(row_node + 1, 8 + i)});
  }
  out.push_back({.swapped_leaf = true});
  for (std::size_t i = 0; i < 8; ++i) {  // another key for the pseudonym
    out.push_back({.input = std::pair(row_pseudonym, i)});
  }
  for (std::size_t i = 0; i < 8; ++i) {  // another context
    out.push_back({.input = std::pair(row_pseudonym, 8 + i)});
  }
  for (std::size_t i = 0; i < 8; ++i) {
    out.push_back({.name = i});
  }
  for (std::size_t i = 0; i < 8; ++i) {
    out.push_back({.input = std::pair(row_owner, 8 + i)});
  }
  out.push_back({.accept = 0});
  out.push_back({.tag = leaf_domain + 1});
  out.push_back({.level = 2, .rest = 4});
  out.push_back({.level = 2, .next_rest = 4});
  out.push_back({.level = 303});
  for (std::size_t i = 0; i < 8; ++i) {
    out.push_back({.root = i});
  }
  return out;
}

std::set<std::size_t> broken(const Words& trace, const Statement& statement) {
  std::set<std::size_t> out;
  for (unsigned row = 0; row < rows; ++row) {
    const std::array<Fp, constraints> values = constraints_on_row(trace.data(), row, statement);
    for (std::size_t i = 0; i < constraints; ++i) {
      if (values[i].word != 0) {
        out.insert(i);
      }
    }
  }
  return out;
}

bool accepted(const Params& params, const Statement& statement, Bytes proof) {
  const Claim claim{statement, proof};
  const Trial trial{&params, &claim};
  return verify_trials({&trial, 1})[0].has_value();
}

TEST(Forger, honest_it_makes_the_provers_trace) {
  const TestCase test(7, 2, 11);
  ProverState state(params_100);
  Words honest(rows * columns);
  ASSERT_TRUE(fill_trace(honest, test.statement, test.witness()).has_value());
  const Statement statement = Forger(test, {}).forge(state.trace);
  EXPECT_TRUE(same(honest.bytes(0, honest.size()), state.trace.bytes(0, honest.size())));
  EXPECT_EQ(statement.root, test.statement.root);
  EXPECT_TRUE(broken(state.trace, statement).empty());
  EXPECT_TRUE(accepted(params_100, statement, prove_trace(state, statement, ByteArray<64>{})));
}

TEST(Forger, every_constraint_is_broken_alone_and_refused) {
  const TestCase test(7, 2, 12);
  const std::vector<Forgery> all = forgeries();
  ASSERT_EQ(all.size(), constraints);
  ProverState state(params_100);
  for (std::size_t i = 0; i < constraints; ++i) {
    const Statement statement = Forger(test, all[i]).forge(state.trace);
    EXPECT_EQ(broken(state.trace, statement), std::set<std::size_t>{i});
    for (const Lie lie : {Lie::none, Lie::evaluation}) {
      const Buffer proof = prove_trace(state, statement, ByteArray<64>{1}, lie);
      EXPECT_FALSE(accepted(params_100, statement, proof)) << i;
    }
  }
}

}  // namespace
}  // namespace v100::proof
