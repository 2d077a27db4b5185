// The fast lane's message: a COSE_Sign1 (RFC 9052) whose payload is the SHA-256 of the content (RFC
// 9995, COSE Hash Envelope) and whose protected header carries what a request is. The content lies
// in the unprotected header, so the whole is one COSE object; the signature is its last bytes.
//
//   d2 84                                       tag 18, four elements
//   bstr { 1: -49, 4: kid, 15: { 4: expires, 6: created, "seq": n, "method": …, "target": …,
//          "headers": {…}, "authority": … }, 16: "v100-request", 258: -16 }
//   a0 | a1 "content" bstr                      the content, where there is any
//   58 20 digest                                SHA-256 of the content
//   59 0c ed signature                          3,309 bytes (-49, ML-DSA-65)
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/bounded_text.h"
#include "auth/directory.h"
#include "auth/request.h"
#include "auth/verdict.h"
#include "base/bytes.h"

namespace v100::auth {

inline constexpr std::string_view fast_content_type = "application/cose; cose-type=\"cose-sign1\"";

struct FastClaims {
  keys::Algorithm algorithm = keys::Algorithm::mldsa65;
  KeyId key{};
  std::int64_t created = 0, expires = 0;  // seconds since 1970
  std::uint64_t sequence = 0;
  std::string_view method, authority, target;
  std::string_view meaning[meanings];  // empty: not claimed
};

// What a message holds, in place.
struct FastMessage {
  FastClaims claims;
  Bytes header;   // the protected header, encoded
  Bytes content;  // what the application gets
  Bytes digest;   // 32 bytes, to be compared with the content's
  Bytes signature;
};

// ok, malformed_signature, algorithm_mismatch (none of ours), signature_length.
Reason read_fast(Bytes message, FastMessage& out);

// Whether a Content-Type names this lane.
bool is_fast_content_type(std::string_view value) noexcept;

Buffer write_fast_header(const FastClaims& claims);
// RFC 9052 §4.4, Sig_structure: ["Signature1", header, h'', digest]. What is signed.
void append_fast_structure(BoundedText& out, Bytes header, Bytes digest);
Buffer write_fast(Bytes header, Bytes content, Bytes digest, Bytes signature);

}  // namespace v100::auth
