#include "proof/trace.h"

#include "base/ct.h"
#include "proof/columns.h"
#include "proof/field.h"
#include "proof/poseidon2.h"
#include "proof/poseidon2.inl.h"

namespace v100::proof {
namespace {

class Rows {
 public:
  explicit Rows(Words& trace) : trace_(trace) {}
  ~Rows() { wipe_object(digest_); }

  // Fills the permutation's columns of the next row; its digest becomes digest().
  void add(const Block& in) noexcept {
    std::uint32_t* row = current();
    Fp s[16];
    for (std::size_t i = 0; i < 16; ++i) {
      row[col_in + i] = in[i];
      s[i] = Fp::of(in[i]);
    }
    compress_pinned(s, [&](std::size_t column, const Fp& value) {
      row[column] = value.value();
      return value;
    });
    std::copy(row + col_digest, row + col_digest + 8, digest_.begin());
    wipe_object(s);
    ++count_;
  }
  std::uint32_t* current() noexcept { return trace_.data() + columns * count_; }
  std::uint32_t* row(std::size_t index) noexcept { return trace_.data() + columns * index; }
  std::size_t count() const noexcept { return count_; }
  const std::array<std::uint32_t, 8>& digest() const noexcept { return digest_; }

 private:
  Words& trace_;
  std::size_t count_ = 0;
  std::array<std::uint32_t, 8> digest_{};
};

void add_node(Rows& out, const Digest& sibling, std::uint32_t side) noexcept {
  std::uint32_t other[8];
  read_elements(other, sibling);
  Block block;
  const std::uint32_t mask = ct::Mask::from_bit(side).bits();
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint32_t swap = (out.digest()[i] ^ other[i]) & mask;
    block[i] = out.digest()[i] ^ swap;
    block[8 + i] = other[i] ^ swap;
  }
  out.current()[col_side] = side;
  out.add(block);
  wipe_object(block);
}

// level - L and its bits, on the eight rows after the leaf.
void fill_range(Rows& out, std::uint32_t difference) noexcept {
  out.row(row_leaf_last)[col_rest] = difference;
  for (unsigned row = row_node; row <= row_range_last; ++row) {
    out.row(row)[col_range] = difference & 1;
    difference >>= 1;
    out.row(row)[col_rest] = difference;
  }
}

ct::Mask row_digest_is(const std::uint32_t* row, const Digest& digest) noexcept {
  Digest have;
  for (std::size_t i = 0; i < 8; ++i) {
    store_le(have.data() + 4 * i, row[col_digest + i]);
  }
  return ct::equal(have, digest);
}

}  // namespace

Result<void> fill_trace(Words& trace, const Statement& statement, const Witness& witness) noexcept {
  trace.clear();
  Rows out(trace);
  Block block{};
  read_elements(std::span(block).first<8>(), witness.key.expose());
  const std::array<std::uint32_t, 8> context = context_elements(statement.context);
  std::copy(context.begin(), context.end(), block.begin() + 8);
  out.add(block);  // row_pseudonym
  std::fill(block.begin() + 8, block.end(), 0);
  block[8] = owner_domain;
  out.add(block);  // row_owner
  std::copy(out.digest().begin(), out.digest().end(), block.begin());
  read_elements(std::span(block).last<8>(), witness.attested);
  out.add(block);  // row_leaf
  std::copy(out.digest().begin(), out.digest().end(), block.begin());
  read_elements(std::span(block).subspan<leaf_salt, 5>(), witness.salt);
  block[leaf_accept] = 1;
  block[leaf_level] = witness.level;
  block[leaf_tag] = leaf_domain;
  out.add(block);  // row_leaf_last
  wipe_object(block);
  for (unsigned level = 0; level < statement.depth; ++level) {
    add_node(out, witness.path[level], static_cast<std::uint32_t>(witness.index >> level & 1));
  }
  const std::uint32_t* last = out.row(out.count() - 1);
  const std::uint32_t difference = std::uint32_t{witness.level} - statement.level_min;
  const ct::Mask enough = ct::Mask::from_bit(1 ^ (difference >> 31));
  const ct::Mask good = row_digest_is(last, statement.root) & enough &
                        row_digest_is(out.row(row_pseudonym), statement.pseudonym);
  while (out.count() < rows) {
    out.add(Block{});
  }
  fill_range(out, difference & 0xff & enough.bits());
  if (!ct::declassify(good, "that there is nothing to prove is the answer")) {
    return fail(Errc::forbidden, "the statement is not true of this witness");
  }
  return {};
}

}  // namespace v100::proof
