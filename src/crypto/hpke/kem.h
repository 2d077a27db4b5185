// The KEMs of HPKE behind one door: RFC 9180 §4.1 (DHKEM), draft-ietf-hpke-pq (ML-KEM and the
// hybrids). Internal to hpke.
#pragma once

#include "crypto/hpke/hpke.h"

namespace v100::hpke {

struct KemOutput {
  SecretBytes shared_secret;
  Buffer enc;
};

std::size_t private_key_bytes(Kem kem) noexcept;
// Bytes that encapsulation needs (ikmE of the vectors).
std::size_t randomness_bytes(Kem kem) noexcept;
bool has_auth(Kem kem) noexcept;

// `sender_private` empty: Encap, else AuthEncap.
Result<KemOutput> encapsulate(Kem kem, Bytes public_key, Bytes sender_private, Bytes randomness);
// `sender_public` empty: Decap, else AuthDecap.
Result<SecretBytes> decapsulate(Kem kem, Bytes enc, Bytes private_key, Bytes sender_public);

}  // namespace v100::hpke
