// Merkle trees with the hashing of RFC 9162 §2.1 (0x00 before a leaf, 0x01 before a node): roots,
// proofs and their checks. Two trees share the shape: SHA-256, which every log tool checks, and
// SHA3-256, whose nodes are hashed side by side. Functions are pure and may be called from any
// thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::merkle {

using Hash = ByteArray<32>;
using Proof = std::vector<Hash>;

// A range of leaves [start, end) of a log that forms a subtree: start is a multiple of the smallest
// power of two that is at least end - start (draft-ietf-plants-merkle-tree-certs §4.1).
struct Subtree {
  std::uint64_t start;
  std::uint64_t end;
  bool valid() const noexcept;
};

// Hashes of one tree kind: Sha256 (RFC 9162's) or Sha3 (ours).
struct Sha256 {
  static Hash empty() noexcept;  // the root of no leaves: the hash of nothing
  static Hash leaf(Bytes data) noexcept;
  static Hash node(const Hash& left, const Hash& right) noexcept;
  // out[i] = node(pairs[2i], pairs[2i + 1])
  static void nodes(std::span<Hash> out, std::span<const Hash> pairs) noexcept;
};
struct Sha3 {
  static Hash empty() noexcept;
  static Hash leaf(Bytes data) noexcept;
  static Hash node(const Hash& left, const Hash& right) noexcept;
  static void nodes(std::span<Hash> out, std::span<const Hash> pairs) noexcept;
};

// SHA-256 of parts as if they stood in one buffer.
Hash sha256(std::initializer_list<Bytes> parts) noexcept;

// RFC 9162 §2.1.1, over leaf hashes.
template <class H>
Hash root(std::span<const Hash> leaves);

// RFC 9162 §2.1.3.1. The proof that leaves[index] is in root(leaves); index < leaves.size().
template <class H>
Proof prove_inclusion(std::span<const Hash> leaves, std::uint64_t index);

// RFC 9162 §2.1.4.1. That root(leaves.first(size)) is a prefix of root(leaves); 0 < size <=
// leaves.size().
template <class H>
Proof prove_consistency(std::span<const Hash> leaves, std::uint64_t size);

// RFC 9162 §2.1.3.2. Says no with `forbidden` when the proof does not lead to the root, `malformed`
// when it cannot be one (wrong length, index outside the tree).
template <class H>
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                              std::span<const Hash> proof, const Hash& root);

// RFC 9162 §2.1.4.2; errors as above. Size 0 is consistent with everything by an empty proof.
template <class H>
Result<void> verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                                const Hash& root2, std::span<const Hash> proof);

// That the subtree's hash is what a tree of `size` leaves and this root holds there
// (draft-ietf-plants-merkle-tree-certs §4.4.3). An empty range, whose hash is H::empty(), is part
// of every tree by an empty proof. Errors as above.
template <class H>
Result<void> verify_subtree(Subtree subtree, std::uint64_t size, const Hash& subtree_hash,
                            const Hash& root, std::span<const Hash> proof);

}  // namespace v100::merkle
