// Checkpoints of a log (c2sp.org/tlog-checkpoint) and the signatures that stand under them: the
// log's and witnesses' ML-DSA-44 and Ed25519 cosignatures (c2sp.org/tlog-cosignature), and our two
// lines, a batch's ML-DSA-65 and a day's SLH-DSA (docs/spec/attestation.md §4).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "merkle/merkle.h"
#include "merkle/note.h"

namespace v100::merkle {

struct Checkpoint {
  std::string origin;  // 1 to 255 bytes
  std::uint64_t size = 0;
  Hash root{};  // of the SHA-256 tree
  bool operator==(const Checkpoint&) const = default;
};

// A note's text. Extension lines are taken and left out: no signature that we check covers them.
// malformed: otherwise.
Result<Checkpoint> parse_checkpoint(std::string_view note_text);
std::string checkpoint_text(const Checkpoint& checkpoint);

// ---- What is signed ----

// c2sp.org/tlog-cosignature, cosigned_message. `timestamp` in seconds; 0 unless start is 0.
struct Cosigned {
  std::string_view cosigner;
  std::uint64_t timestamp = 0;
  std::string_view origin;
  Subtree subtree;
  Hash hash;
};
Buffer cosigned_message(const Cosigned& cosigned);

// What a batch's ML-DSA-65 signature says beside the checkpoint it ends with: which leaves, and
// their root in the SHA3 tree.
struct BatchClaim {
  std::uint64_t time_ms = 0;
  std::uint64_t start = 0;  // the batch is the leaves [start, checkpoint.size)
  Hash sha3_root{};
};
Buffer batch_message(std::string_view signer, const BatchClaim& claim,
                     const Checkpoint& checkpoint);
// What a day's SLH-DSA signature is over.
Buffer daily_message(std::string_view signer, std::uint64_t time_ms, const Checkpoint& checkpoint);

// ---- Lines made ----

// signature: 2,420, 3,309 or 17,088 bytes over the message above.
NoteSignature cosignature_line(const Vkey& key, std::uint64_t timestamp, Bytes signature);
NoteSignature batch_line(const Vkey& key, const BatchClaim& claim, Bytes signature);
NoteSignature daily_line(const Vkey& key, std::uint64_t time_ms, Bytes signature);

// ---- Lines checked ----

struct VerifiedLine {
  const Vkey* key;
  std::uint64_t time_ms = 0;  // 0: the signer says none
  std::optional<BatchClaim> batch;
};
// One line of a key, over this checkpoint and note text. unauthenticated: not this key's;
// malformed: cannot be one.
Result<VerifiedLine> verify_line(const Vkey& key, const Checkpoint& checkpoint,
                                 std::string_view note_text, const NoteSignature& line);
// A subtree's ML-DSA-44 cosignature that stands outside of a note.
Result<void> verify_subtree_cosignature(const Vkey& key, std::string_view origin, Subtree subtree,
                                        const Hash& hash, Bytes signature);

struct OpenedCheckpoint {
  Checkpoint checkpoint;
  std::vector<VerifiedLine> lines;  // one a known key that signed; `key` points into `keys`
  const VerifiedLine* line_of(SignatureType type) const noexcept;  // null: none
};
// c2sp.org/signed-note: each line of a known key must verify and one must be there; lines of others
// are ignored. unauthenticated: a known key's line does not verify, or no known key signed.
Result<OpenedCheckpoint> open_checkpoint(std::string_view note, std::span<const Vkey> keys);

}  // namespace v100::merkle
