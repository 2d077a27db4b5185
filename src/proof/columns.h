// The trace's columns, rows and constraints by number. One permutation a row, 32 rows:
//   0 pseudonym, 1 owner tag, 2 and 3 leaf, 4.. nodes from the leaf up, the rest unused.
#pragma once

#include <cstddef>

namespace v100::proof {

inline constexpr std::size_t rows = 32;

// Columns of a row.
inline constexpr std::size_t col_in = 0;        // 16: what is permuted
inline constexpr std::size_t col_first = 16;    // 64: state after each of the first full rounds
inline constexpr std::size_t col_partial = 80;  // 20: the cube of each partial round
inline constexpr std::size_t col_last = 100;    // 48: state after three of the last full rounds
inline constexpr std::size_t col_digest = 148;  // 8: Tr_8(P(x) + x)
inline constexpr std::size_t col_side = 156;    // 1: the node below is the right child
inline constexpr std::size_t col_rest = 157;    // 1: what is left of level - L
inline constexpr std::size_t col_range = 158;   // 1: bits of level - L
inline constexpr std::size_t columns_used = 159;
inline constexpr std::size_t col_mask = 159;  // 6: the coordinates of the mask U
inline constexpr std::size_t columns = 165;

// Columns that are also looked at one row back: digest, first half of the input, rest, mask.
inline constexpr std::size_t back_digest = 0;
inline constexpr std::size_t back_in = 8;
inline constexpr std::size_t back_rest = 16;
inline constexpr std::size_t back_mask = 17;
inline constexpr std::size_t backs = 23;
constexpr std::size_t back_column(std::size_t back) {
  return back < back_in     ? col_digest + back
         : back < back_rest ? col_in + back - back_in
         : back < back_mask ? col_rest
                            : col_mask + back - back_mask;
}

// Rows of the statement.
inline constexpr unsigned row_pseudonym = 0;
inline constexpr unsigned row_owner = 1;
inline constexpr unsigned row_leaf = 2;
inline constexpr unsigned row_leaf_last = 3;
inline constexpr unsigned row_node = 4;
inline constexpr unsigned row_range_last = row_leaf_last + 8;

// Selectors: polynomials that are 1 on their rows of the trace and 0 on the others.
enum Selector : std::size_t {
  sel_link,      // leaf rows and nodes: the first or second half is the digest one row back
  sel_straight,  // leaf rows: it is the first
  sel_pseudonym,
  sel_owner,
  sel_leaf_last,
  sel_range,  // eight rows after the leaf
  sel_range_last,
  sel_root,
  selectors,
};
constexpr bool selected(std::size_t selector, unsigned row, unsigned depth) {
  const unsigned root = row_leaf_last + depth;
  switch (selector) {
    case sel_link:
      return row >= row_leaf && row <= root;
    case sel_straight:
      return row == row_leaf || row == row_leaf_last;
    case sel_pseudonym:
      return row == row_pseudonym;
    case sel_owner:
      return row == row_owner;
    case sel_leaf_last:
      return row == row_leaf_last;
    case sel_range:
      return row >= row_node && row <= row_range_last;
    case sel_range_last:
      return row == row_range_last;
    default:
      return row == root;
  }
}

// Public values, in this order.
inline constexpr std::size_t pub_context = 0;
inline constexpr std::size_t pub_pseudonym = 8;
inline constexpr std::size_t pub_root = 16;
inline constexpr std::size_t pub_level = 24;
inline constexpr std::size_t publics = 25;

// Constants of the hash inputs. The owner tag is the digest of key and owner_domain; a pseudonym
// that of key and eight elements of SHA3-256, which are never owner_domain.
inline constexpr unsigned owner_domain = 0x76313030;  // then seven zeros
inline constexpr unsigned leaf_domain = 0x6c656166;
inline constexpr std::size_t leaf_salt = 8;  // of the second leaf block: 5 elements of salt,
inline constexpr std::size_t leaf_accept = 13;
inline constexpr std::size_t leaf_level = 14;
inline constexpr std::size_t leaf_tag = 15;

// Constraints: 140 of the permutation, then those of proof/air.inl.h.
inline constexpr std::size_t constraints = 140 + 2 + 8 + 1 + 8 + 16 + 8 + 3 + 2 + 8;

}  // namespace v100::proof
