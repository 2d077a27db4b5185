// What ACME needs of JOSE: an ES256 account key, its JWK and thumbprint, flattened JWS, and a CSR.
#pragma once

#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace v100::acme {

struct PkeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;

Pkey make_p256_key();
Result<Pkey> read_key(std::string_view pem);
std::string write_key(EVP_PKEY* key);  // PKCS#8 PEM

// RFC 7517 JWK of a P-256 key, members in the order of RFC 7638.
std::string jwk(EVP_PKEY* key);
// RFC 7638 thumbprint, base64url: with a token it makes the key authorization (RFC 8555 §8.1).
std::string thumbprint(EVP_PKEY* key);

// RFC 7515 §7.2.2 flattened JSON, alg ES256. `protected_header` and `payload` are JSON texts; an
// empty payload makes a POST-as-GET (RFC 8555 §6.3).
std::string sign_jws(EVP_PKEY* key, std::string_view protected_header, std::string_view payload);

// A PKCS#10 request, DER, signed with `key`, naming the domains in subjectAltName.
std::string make_csr(EVP_PKEY* key, const std::vector<std::string>& domains);

}  // namespace v100::acme
