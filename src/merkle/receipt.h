// The receipt of one leaf (docs/spec/attestation.md §5): a tlog-proof whose extra data hold the
// leaf's content and its place in the batch's SHA3 tree. Everything needed to check it offline but
// the pinned keys.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "merkle/checkpoint.h"
#include "merkle/leaf.h"
#include "merkle/tlog_proof.h"

namespace v100::merkle {

struct ReceiptExtra {
  LeafContent content;
  Proof batch_path;  // SHA3-256, from the leaf to the batch's root
};
// version 1 | content 132 | count u8 | 32 bytes each
Buffer encode_extra(const ReceiptExtra& extra);
Result<ReceiptExtra> decode_extra(Bytes bytes);

struct VerifiedReceipt {
  SaltedLeaf leaf;
  Hash entry;
  std::uint64_t index = 0;
  OpenedCheckpoint opened;
  bool batch = false;  // also proven by the ML-DSA-65 line and the SHA3 tree
};
// Signatures by `keys` over the checkpoint, the leaf in its SHA-256 tree and, where the batch's key
// is among them, in the batch's SHA3 tree. Errors: malformed; unauthenticated (signatures);
// forbidden (the leaf is not where the receipt says).
Result<VerifiedReceipt> verify_receipt(std::string_view text, std::span<const Vkey> keys);

}  // namespace v100::merkle
