#include "merkle/merkle.h"

#include <bit>

namespace v100::merkle {
namespace {

// The largest power of two smaller than n; n > 1 (RFC 9162's k).
std::uint64_t split(std::uint64_t n) noexcept { return std::bit_floor(n - 1); }

template <class H>
void prove_inclusion_into(Proof& out, std::span<const Hash> leaves, std::uint64_t index) {
  if (leaves.size() <= 1) {
    return;
  }
  const std::uint64_t k = split(leaves.size());
  if (index < k) {
    prove_inclusion_into<H>(out, leaves.first(k), index);
    out.push_back(root<H>(leaves.subspan(k)));
  } else {
    prove_inclusion_into<H>(out, leaves.subspan(k), index - k);
    out.push_back(root<H>(leaves.first(k)));
  }
}

// SUBPROOF of RFC 9162 §2.1.4.1; `whole` is its b: the old tree is this very subtree.
template <class H>
void prove_consistency_into(Proof& out, std::span<const Hash> leaves, std::uint64_t size,
                            bool whole) {
  if (size == leaves.size()) {
    if (!whole) {
      out.push_back(root<H>(leaves));
    }
    return;
  }
  const std::uint64_t k = split(leaves.size());
  if (size <= k) {
    prove_consistency_into<H>(out, leaves.first(k), size, whole);
    out.push_back(root<H>(leaves.subspan(k)));
  } else {
    prove_consistency_into<H>(out, leaves.subspan(k), size - k, false);
    out.push_back(root<H>(leaves.first(k)));
  }
}

constexpr Error wrong_length{Errc::malformed, "merkle: proof of the wrong length"};

Result<void> expect(const Hash& found, const Hash& wanted) {
  if (found != wanted) {
    return fail(Errc::forbidden, "merkle: the proof leads to another root");
  }
  return {};
}

}  // namespace

bool Subtree::valid() const noexcept {
  return start < end && start % std::bit_ceil(end - start) == 0;
}

template <class H>
Hash root(std::span<const Hash> leaves) {
  if (leaves.empty()) {
    return H::empty();
  }
  // Level by level: all pairs of a level are hashed together, an odd last node goes up as it is.
  std::vector<Hash> level(leaves.begin(), leaves.end());
  std::vector<Hash> above;
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    above.resize(pairs);
    H::nodes(above, std::span<const Hash>(level).first(2 * pairs));
    if (level.size() % 2 != 0) {
      above.push_back(level.back());
    }
    level.swap(above);
  }
  return level.front();
}

template <class H>
Proof prove_inclusion(std::span<const Hash> leaves, std::uint64_t index) {
  CHECK(index < leaves.size());
  Proof out;
  prove_inclusion_into<H>(out, leaves, index);
  return out;
}

template <class H>
Proof prove_consistency(std::span<const Hash> leaves, std::uint64_t size) {
  CHECK(size > 0 && size <= leaves.size());
  Proof out;
  prove_consistency_into<H>(out, leaves, size, true);
  return out;
}

template <class H>
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                              std::span<const Hash> proof, const Hash& root) {
  if (index >= size) {
    return fail(Errc::malformed, "merkle: index outside the tree");
  }
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash r = leaf;
  for (const Hash& p : proof) {
    if (sn == 0) {
      return std::unexpected(wrong_length);
    }
    if ((fn & 1) != 0 || fn == sn) {
      r = H::node(p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = H::node(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) {
    return std::unexpected(wrong_length);
  }
  return expect(r, root);
}

template <class H>
Result<void> verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                                const Hash& root2, std::span<const Hash> proof) {
  if (size1 > size2) {
    return fail(Errc::malformed, "merkle: the older tree is the larger one");
  }
  return verify_subtree<H>({0, size1}, size2, root1, root2, proof);
}

template <class H>
Result<void> verify_subtree(Subtree subtree, std::uint64_t size, const Hash& subtree_hash,
                            const Hash& root, std::span<const Hash> proof) {
  if (subtree.start == subtree.end && subtree.end <= size) {
    return proof.empty() ? expect(subtree_hash, H::empty()) : std::unexpected(wrong_length);
  }
  if (!subtree.valid() || subtree.end > size) {
    return fail(Errc::malformed, "merkle: not a subtree of this tree");
  }
  std::uint64_t fn = subtree.start;
  std::uint64_t sn = subtree.end - 1;
  std::uint64_t tn = size - 1;
  const auto up = [&] {
    fn >>= 1;
    sn >>= 1;
    tn >>= 1;
  };
  // To the largest node that the subtree and the tree have in common.
  while (fn != sn && (sn == tn || (sn & 1) != 0)) {
    up();
  }
  if (fn != sn && proof.empty()) {
    return std::unexpected(wrong_length);
  }
  Hash fr = fn == sn ? subtree_hash : proof.front();
  Hash sr = fr;
  for (const Hash& c : fn == sn ? proof : proof.subspan(1)) {
    if (tn == 0) {
      return std::unexpected(wrong_length);
    }
    if ((sn & 1) != 0 || sn == tn) {
      if (fn < sn) {
        fr = H::node(c, fr);
      }
      sr = H::node(c, sr);
      while ((sn & 1) == 0 && sn != 0) {
        up();
      }
    } else {
      sr = H::node(sr, c);
    }
    up();
  }
  if (tn != 0) {
    return std::unexpected(wrong_length);
  }
  TRY(expect(fr, subtree_hash));
  return expect(sr, root);
}

template Hash root<Sha256>(std::span<const Hash>);
template Proof prove_inclusion<Sha256>(std::span<const Hash>, std::uint64_t);
template Proof prove_consistency<Sha256>(std::span<const Hash>, std::uint64_t);
template Result<void> verify_inclusion<Sha256>(std::uint64_t, std::uint64_t, const Hash&,
                                               std::span<const Hash>, const Hash&);
template Result<void> verify_consistency<Sha256>(std::uint64_t, std::uint64_t, const Hash&,
                                                 const Hash&, std::span<const Hash>);
template Result<void> verify_subtree<Sha256>(Subtree, std::uint64_t, const Hash&, const Hash&,
                                             std::span<const Hash>);
template Hash root<Sha3>(std::span<const Hash>);
template Proof prove_inclusion<Sha3>(std::span<const Hash>, std::uint64_t);
template Proof prove_consistency<Sha3>(std::span<const Hash>, std::uint64_t);
template Result<void> verify_inclusion<Sha3>(std::uint64_t, std::uint64_t, const Hash&,
                                             std::span<const Hash>, const Hash&);
template Result<void> verify_consistency<Sha3>(std::uint64_t, std::uint64_t, const Hash&,
                                               const Hash&, std::span<const Hash>);
template Result<void> verify_subtree<Sha3>(Subtree, std::uint64_t, const Hash&, const Hash&,
                                           std::span<const Hash>);

}  // namespace v100::merkle
