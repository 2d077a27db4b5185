// Where what stands in a proof. Fixed by the preset alone:
//
//   version (1) | preset (1) | trace cap | quotient cap | evaluations | a cap for each FRI round |
//   final coefficients | nonce (8) | queries
//   query: trace row, salt, path | segments, R, salt, path | for each FRI round: coset, path
//
// Numbers are little-endian, field elements 4 bytes, elements of K 24, hashes 32.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "proof/field.h"
#include "proof/params.h"

namespace v100::proof {

inline constexpr std::uint8_t version = 1;
inline constexpr std::size_t hash_bytes = 32;
inline constexpr std::size_t salt_words = 4;
inline constexpr std::size_t evaluations = columns + backs + segments;
inline constexpr std::size_t trace_words = columns;
inline constexpr std::size_t quotient_words = extension * (segments + 1);
inline constexpr std::size_t trace_leaf_bytes = 4 * (trace_words + salt_words);
inline constexpr std::size_t quotient_leaf_bytes = 4 * (quotient_words + salt_words);
inline constexpr std::size_t fri_leaf_bytes = fold * extension_bytes;
// No leaf can be taken for a node.
static_assert(trace_leaf_bytes != 64 && quotient_leaf_bytes != 64 && fri_leaf_bytes != 64);

struct Layout {
  Params params;

  constexpr std::size_t trace_cap() const { return 2; }
  constexpr std::size_t quotient_cap() const { return trace_cap() + cap * hash_bytes; }
  constexpr std::size_t evaluations_at() const { return quotient_cap() + cap * hash_bytes; }
  constexpr std::size_t fri_cap(unsigned round) const {
    return evaluations_at() + evaluations * extension_bytes + round * cap * hash_bytes;
  }
  constexpr std::size_t final_at() const { return fri_cap(params.folds); }
  constexpr std::size_t nonce() const {
    return final_at() + params.final_degree() * extension_bytes;
  }
  constexpr unsigned path_length() const {
    return params.domain_log - static_cast<unsigned>(cap_log);
  }
  constexpr unsigned fri_path_length(unsigned round) const {
    return params.fri_leaves_log(round) - static_cast<unsigned>(cap_log);
  }
  constexpr std::size_t fri_query_bytes(unsigned round) const {
    return fri_leaf_bytes + fri_path_length(round) * hash_bytes;
  }
  // Offsets in a query.
  constexpr std::size_t quotient_in_query() const {
    return trace_leaf_bytes + path_length() * hash_bytes;
  }
  constexpr std::size_t fri_in_query(unsigned round) const {
    std::size_t at = quotient_in_query() + quotient_leaf_bytes + path_length() * hash_bytes;
    for (unsigned r = 0; r < round; ++r) {
      at += fri_query_bytes(r);
    }
    return at;
  }
  constexpr std::size_t query_bytes() const { return fri_in_query(params.folds); }
  constexpr std::size_t query(std::size_t index) const {
    return nonce() + 8 + index * query_bytes();
  }
  constexpr std::size_t bytes() const { return query(params.queries); }
};

static_assert(Layout{params_100}.bytes() <= 140 * 1024);
static_assert(Layout{params_128}.bytes() <= 140 * 1024);

// The preset's parameters; nothing for a number that is none.
const Params* find_params(std::uint8_t id) noexcept;

// Length and numbers of a proof with these parameters: `malformed` where they are not as they must.
Result<void> check_format(const Params& params, Bytes proof) noexcept;

}  // namespace v100::proof
