// A tree of SHA3-256(left || right) whose commitment is a level of 32 nodes.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "proof/params.h"

namespace v100::proof {

using Hash = ByteArray<32>;

class HashTree {
 public:
  explicit HashTree(unsigned log) : log_(log), nodes_(std::size_t{2} << log) {}

  std::span<Hash> leaves() noexcept { return std::span(nodes_).subspan(std::size_t{1} << log_); }
  // Once all leaves are written.
  void build() noexcept;
  Bytes commitment() const noexcept { return {nodes_[cap].data(), cap * sizeof(Hash)}; }
  // Siblings from the leaf up to below the commitment.
  void write_path(MutBytes out, std::size_t leaf) const noexcept;

 private:
  unsigned log_;
  std::vector<Hash> nodes_;  // node i is over 2i and 2i + 1; the root would be 1
};

// The hashes of pairs that lie one after another: out.size() == pairs.size() / 64.
void hash_pairs(std::span<Hash> out, Bytes pairs) noexcept;

// One position of one tree, as a proof opens it.
struct Opening {
  Bytes leaf;
  Bytes path;        // 32 bytes a level
  Bytes commitment;  // cap of them
  std::size_t index;
  std::size_t owner;  // the caller's
  Hash node;          // on the way up
};
// Sets wrong[owner] where an opening does not lead to its commitment. All are hashed side by side.
void check_openings(std::span<Opening> openings, std::span<std::uint8_t> wrong) noexcept;

}  // namespace v100::proof
