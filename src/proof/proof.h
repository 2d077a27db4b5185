// Membership proofs: "I own a leaf of this attested root with accept = 1 and policy level at least
// L, and my pseudonym in this context is H(k, context)", without saying which leaf. A transparent,
// hash-based STARK of our own (AIR, DEEP-ALI, FRI): docs/spec/membership-proof.md has the bytes,
// docs/spec/membership-soundness.md the sums. All functions are pure and may be called from any
// thread; objects are not shared between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/world.h"

namespace v100::proof {

// Eight elements of the field p = 2^31 - 2^24 + 1, each 4 bytes little-endian and below p.
using Digest = ByteArray<32>;

// Kept by the leaf's owner and nobody else. 32 uniformly random bytes.
struct OwnerKeyTag;
using OwnerKey = Secret<32, OwnerKeyTag>;

inline constexpr unsigned depth_min = 5;
inline constexpr unsigned depth_max = 20;
inline constexpr std::size_t context_bytes_max = 1024;
inline constexpr std::size_t message_bytes_max = 1024;

// The kernel in use: "portable", "avx2" or "avx512". Picked once, from base/cpu.h.
const char* kernel_name() noexcept;

// What the owner tells the key holder, to stand in the leaf. Says nothing about the key and is not
// linked to its pseudonyms.
Digest owner_tag(const OwnerKey& key) noexcept;

// H(k, context): the same for one key in one context, unlinkable between contexts.
Digest pseudonym(const OwnerKey& key, Bytes context) noexcept;

// What the key holder puts into the tree.
struct Leaf {
  Digest owner;            // owner_tag of the owner's key
  ByteArray<32> attested;  // the leaf's hash in the SHA3 tree beside this one
  ByteArray<20> salt;      // random; hides the leaf from those who hold its siblings' paths
  bool accept = false;     // the key holder's decision
  std::uint8_t level = 0;  // the policy level that the decision satisfies
};

// Refused with `malformed` when an owner tag is not a digest. out and leaves have one size.
Result<void> hash_leaves(std::span<Digest> out, std::span<const Leaf> leaves) noexcept;

// Siblings from the leaf up.
using Path = std::vector<Digest>;

// The Poseidon2 tree of 2^depth places of which the first are taken; empty places hold the zero
// digest. 32 leaves with their hashing take some 15 us.
class Tree {
 public:
  // `malformed` for a depth over depth_max (any smaller one is good: a tree of a day may stand over
  // trees of a batch) or a leaf that is no digest, `too_large` for more leaves than places.
  static Result<Tree> make(std::span<const Digest> leaves, unsigned depth);

  const Digest& root() const noexcept { return levels_.back()[0]; }
  unsigned depth() const noexcept { return static_cast<unsigned>(levels_.size() - 1); }
  std::size_t size() const noexcept { return levels_[0].size(); }
  // index < size(). The path in a tree of roots is appended to the path in the tree below it, the
  // index there is shifted left by the lower tree's depth.
  Path path(std::size_t index) const;

 private:
  std::vector<std::vector<Digest>> levels_;  // the taken places of each level; at least one
  std::vector<Digest> empty_;                // what an empty place of each level holds
};

// The bytes of a root as a leaf of the signed trees: label, depth, number of leaves, root.
Buffer encode_root(const Digest& root, unsigned depth, std::uint64_t leaves);

// What is proven. All of it is public and bound into the proof.
struct Statement {
  Digest root{};               // of the Poseidon2 tree, as attested
  unsigned depth = depth_max;  // of the tree: depth_min..depth_max
  std::uint8_t level_min = 0;  // L
  Bytes context;               // at most context_bytes_max; names verifier, purpose and occasion
  Digest pseudonym{};          // pseudonym(key, context)
  // What the proof signs, at most message_bytes_max: a device's key, a verifier's nonce. Unlike the
  // context it does not change the pseudonym, and a proof is worth nothing with another message.
  Bytes message{};
};

// What the prover knows. References are borrowed for the call.
struct Witness {
  const OwnerKey& key;
  ByteArray<32> attested;
  ByteArray<20> salt;
  std::uint8_t level;
  std::uint64_t index;
  std::span<const Digest> path;  // as long as the depth
};

// Proven soundness (docs/spec/membership-soundness.md; Johnson bound, no conjecture).
enum class Preset : std::uint8_t {
  bits100 = 1,  // the default
  bits128 = 2,
};

// Bytes of every proof of this preset; it depends on nothing else.
std::size_t proof_bytes(Preset preset) noexcept;

// Makes proofs; keeps its workspace (8 MiB; 16 for bits128) from one to the next, wiped after each.
class Prover {
 public:
  explicit Prover(Preset preset);
  Prover(Prover&&) noexcept;
  Prover& operator=(Prover&&) noexcept;
  ~Prover();

  // `malformed` when the statement cannot be one (depth, context, digests), `forbidden` when it is
  // not true of the witness: then there is nothing to prove.
  Result<Buffer> prove(const Statement& statement, const Witness& witness, Random& random);

 private:
  struct Workspace;
  std::unique_ptr<Workspace> work_;
};

// One proof with a workspace of its own.
Result<Buffer> prove(Preset preset, const Statement& statement, const Witness& witness,
                     Random& random);

// `malformed` when the bytes cannot be a proof or the statement cannot be one, `unsupported` for a
// version or preset that is unknown or below `minimum`, `forbidden` when the proof does not hold.
Result<void> verify(const Statement& statement, Bytes proof, Preset minimum = Preset::bits100);

struct Claim {
  Statement statement;
  Bytes proof;
};
// Each as verify would say it. The hashing of all claims shares the lanes of the batched Keccak.
std::vector<Result<void>> verify_batch(std::span<const Claim> claims,
                                       Preset minimum = Preset::bits100);

}  // namespace v100::proof
