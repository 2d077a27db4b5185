#include "merkle/receipt.h"

namespace v100::merkle {
namespace {

constexpr std::uint8_t extra_version = 1;
constexpr std::size_t batch_path_max = 16;  // a batch of 65,536 leaves
constexpr std::size_t path_at = 1 + leaf_bytes + 1;

Result<void> verify_batch(const ReceiptExtra& extra, const Hash& entry, std::uint64_t index,
                          const BatchClaim& claim, std::uint64_t size) {
  if (index < claim.start) {
    return fail(Errc::forbidden, "receipt: the leaf is not in the batch that was signed");
  }
  return verify_inclusion<Sha3>(index - claim.start, size - claim.start, entry, extra.batch_path,
                                claim.sha3_root);
}

}  // namespace

Buffer encode_extra(const ReceiptExtra& extra) {
  CHECK(extra.batch_path.size() <= batch_path_max);
  Buffer out;
  out.push_back(extra_version);
  append(out, extra.content);
  out.push_back(static_cast<std::uint8_t>(extra.batch_path.size()));
  for (const Hash& hash : extra.batch_path) {
    append(out, hash);
  }
  return out;
}

Result<ReceiptExtra> decode_extra(Bytes bytes) {
  if (bytes.size() < path_at || bytes[0] != extra_version) {
    return fail(Errc::malformed, "receipt: extra data of no version 1");
  }
  const std::size_t count = bytes[path_at - 1];
  if (count > batch_path_max || bytes.size() != path_at + count * sizeof(Hash)) {
    return fail(Errc::malformed, "receipt: extra data of the wrong length");
  }
  ReceiptExtra out;
  copy(out.content, bytes.subspan(1, leaf_bytes));
  for (std::size_t i = 0; i < count; ++i) {
    copy(out.batch_path.emplace_back(), bytes.subspan(path_at + i * sizeof(Hash), sizeof(Hash)));
  }
  return out;
}

Result<VerifiedReceipt> verify_receipt(std::string_view text, std::span<const Vkey> keys) {
  const TlogProof proof = TRY(parse_tlog_proof(text));
  if (!proof.extra) {
    return fail(Errc::malformed, "receipt: no leaf in it");
  }
  const ReceiptExtra extra = TRY(decode_extra(*proof.extra));
  const SaltedLeaf leaf = TRY(decode_leaf(extra.content));
  const Hash entry = entry_of(extra.content);
  VerifiedReceipt out{leaf, entry, proof.index, TRY(open_checkpoint(proof.checkpoint, keys))};
  const Checkpoint& checkpoint = out.opened.checkpoint;
  TRY(verify_inclusion<Sha256>(proof.index, checkpoint.size, Sha256::leaf(entry), proof.hashes,
                               checkpoint.root));
  if (const VerifiedLine* line = out.opened.line_of(SignatureType::mldsa65_batch)) {
    TRY(verify_batch(extra, entry, proof.index, *line->batch, checkpoint.size));
    out.batch = true;
  }
  return out;
}

}  // namespace v100::merkle
