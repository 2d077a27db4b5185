// How ciphertexts and keys travel and are kept: docs/spec/bfv.md. Residues packed at their prime's
// width, seeds instead of what they expand to, the parameters' identity in front. What decode
// takes, encode writes back byte for byte.
#pragma once

#include "he/bfv/bfv.h"

namespace v100::he::bfv {

//  0        4   5    6     7     8           16
// | "V1BF" | 1 | kind | parts | limbs | parameters |  then, by kind:
//  ciphertext: parts · limbs packed polynomials
//  seeded: seed (32), then part 0
//  public key: seed (32), then b
//  secret key: n / 4 bytes, two bits a coefficient (0, 1, 2 for -1, 0, 1)
enum class Kind : std::uint8_t { ciphertext = 1, seeded = 2, public_key = 3, secret_key = 4 };
inline constexpr std::size_t head_bytes = 16;

Buffer encode(const Params& params, const Ciphertext& c);
Buffer encode(const Params& params, const PublicKey& key);
Buffer encode_secret(const Params& params, const SecretKey& key);  // the caller wipes it

// malformed: another magic, version, kind or length, residues not below their prime. unsupported:
// other parameters.
Result<Ciphertext> decode_ciphertext(const Params& params, Bytes bytes);
Result<PublicKey> decode_public_key(const Params& params, Bytes bytes);
Result<SecretKey> decode_secret_key(const Params& params, Bytes bytes);

// Parts of other formats: all limbs of a polynomial, packed.
std::size_t packed_bytes(const Params& params, std::size_t limbs) noexcept;
void append_packed(Buffer& out, const Params& params, const RnsPoly& x);
// `bytes` has packed_bytes(params, x.limbs()); malformed: a residue not below its prime.
Result<void> read_packed(RnsPoly& x, const Params& params, Bytes bytes);

}  // namespace v100::he::bfv
