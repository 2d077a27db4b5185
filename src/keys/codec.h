// Key files: SPKI and PKCS#8 in DER and PEM (RFC 9881 ML-DSA, RFC 9935 ML-KEM, RFC 9909 SLH-DSA),
// JWK (kty AKP, RFC 9964, and its ML-KEM and SLH-DSA siblings as OpenSSL 3.5's users write them)
// with thumbprints (RFC 7638), and COSE_Key (RFC 9964). Readers are bounded, take the one encoding
// that DER or deterministic CBOR allows, and check that all parts of a key belong together.
#pragma once

#include <optional>
#include <string>

#include "keys/keys.h"

namespace v100::keys {

inline constexpr std::size_t key_file_bytes_max = 64 * 1024;

// Which forms of a private key go into PKCS#8. `seed` is the shortest, and what OpenSSL writes;
// keys without a known seed can only be written `expanded`. SLH-DSA keys have one form.
enum class Form : std::uint8_t { seed, expanded, both };

// malformed: not this format, or parts that disagree; unsupported: another algorithm.
Result<PublicKey> read_spki(Bytes der);
Buffer write_spki(const PublicKey& key);
Result<PrivateKey> read_pkcs8(Bytes der);
Result<SecretBytes> write_pkcs8(const PrivateKey& key, Form form);  // not_found: no seed known

// AlgorithmIdentifier, which for all of them is the object identifier alone: what a certificate
// names.
Buffer write_algorithm(Algorithm algorithm);
// What an SPKI or a PKCS#8 names, without a look at the key behind it.
Result<Algorithm> spki_algorithm(Bytes der);
Result<Algorithm> pkcs8_algorithm(Bytes der);

// One block of RFC 7468; text before it is passed over, as OpenSSL does.
struct PemBlock {
  std::string label;
  SecretBytes der;
};
Result<PemBlock> read_pem(Bytes text);
std::string write_pem(std::string_view label, Bytes der);
inline constexpr const char* pem_public = "PUBLIC KEY";
inline constexpr const char* pem_private = "PRIVATE KEY";

// A key as a file holds it: `secret` is set where the file has the private part.
struct Key {
  PublicKey key;
  std::optional<PrivateKey> secret;
};

Result<Key> read_jwk(Bytes json);
std::string write_jwk(const PublicKey& key);
Result<SecretBytes> write_jwk(const PrivateKey& key);  // not_found: no seed known
// SHA-256 over the required members, base64url.
std::string thumbprint(const PublicKey& key);

Result<Key> read_cose(Bytes cbor);
Result<Buffer> write_cose(const PublicKey& key);        // unsupported: no number registered
Result<SecretBytes> write_cose(const PrivateKey& key);  // also not_found: no seed known

// Any of the formats, told apart by their first bytes.
Result<Key> read_key(Bytes file);

}  // namespace v100::keys
