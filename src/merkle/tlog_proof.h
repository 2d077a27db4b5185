// Proofs as text that can be checked offline (c2sp.org/tlog-proof): an index, an inclusion proof
// and the checkpoint that it leads to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "merkle/merkle.h"
#include "merkle/note.h"

namespace v100::merkle {

inline constexpr std::size_t tlog_proof_hashes_max = 63;
inline constexpr std::size_t tlog_proof_extra_max = 16 * 1024;
inline constexpr std::size_t tlog_proof_bytes_max = note_bytes_max + 32 * 1024;

struct TlogProof {
  std::optional<Buffer> extra;  // the application's; nothing vouches for it
  std::uint64_t index = 0;
  Proof hashes;
  std::string checkpoint;  // the signed note, as the log issued it; not looked into here
};

// malformed: not as the specification writes it; too_large. What it takes, write_tlog_proof()
// writes back byte for byte.
Result<TlogProof> parse_tlog_proof(std::string_view text);
std::string write_tlog_proof(const TlogProof& proof);

}  // namespace v100::merkle
