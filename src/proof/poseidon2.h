// The compression of two digests, or of any sixteen elements, into one: Tr_8(P(x) + x) with
// Poseidon2 over KoalaBear, width 16. Sixteen at a time.
#pragma once

#include <span>

#include "proof/proof.h"

namespace v100::proof {

using Block = std::array<std::uint32_t, 16>;  // canonical elements

// out[i] is the digest of in[i]; one size.
void compress_blocks(std::span<Digest> out, std::span<const Block> in) noexcept;

// Elements of 4 n bytes: each little-endian word modulo p. Two words may give one element; the
// bytes are keys and hashes, where that costs half a bit a word.
void read_elements(std::span<std::uint32_t> out, Bytes in) noexcept;

// The elements of a context: those of SHA3-256("V100 pseudonym context" || context).
std::array<std::uint32_t, 8> context_elements(Bytes context) noexcept;

bool is_digest(const Digest& digest) noexcept;

}  // namespace v100::proof
