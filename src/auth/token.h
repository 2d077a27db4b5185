// Tokens for third parties: JWT (RFC 7519) signed by ML-DSA (RFC 9964), and the JWK set that they
// are checked with. One algorithm a key: what the header names must be what the key is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/directory.h"
#include "auth/sign.h"
#include "base/result.h"

namespace v100::auth {

inline constexpr std::size_t token_bytes_max = 16 * 1024;

struct TokenClaims {
  std::string issuer, subject, audience;  // iss, sub, aud (one)
  std::int64_t issued = 0;                // iat, seconds since 1970
  std::int64_t expires = 0;               // exp
  std::int64_t not_before = 0;            // nbf; 0: absent
  std::string id;                         // jti; empty: absent
  std::string scope;  // RFC 8693 §4.2: words with a space between; empty: absent
};

// Compact form: header {"alg":"ML-DSA-65","kid":…,"typ":"JWT"}, claims, signature.
Result<std::string> issue_token(const Signer& signer, const TokenClaims& claims, Random* hedge);

struct TokenTerms {
  std::string_view issuer;    // must be it
  std::string_view audience;  // must be it, or among them
  std::int64_t now = 0;       // seconds since 1970
  std::int64_t skew = 2;      // how far clocks may be apart
};
struct VerifiedToken {
  TokenClaims claims;
  KeyId key{};
};
// unauthenticated: not by a key of the directory, not valid now, or for somebody else; malformed;
// too_large; unsupported: an algorithm that is no ML-DSA ("none" among them).
Result<VerifiedToken> verify_token(std::string_view token, const KeyDirectory& keys,
                                   const TokenTerms& terms);

// {"keys":[…]}, for /.well-known/jwks.json: each with kid (its thumbprint), use "sig" and alg.
std::string write_jwks(std::span<const keys::PublicKey* const> keys);

}  // namespace v100::auth
