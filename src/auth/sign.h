// The other side of the Gate: signed requests of every lane, and signed answers and webhooks. A
// draft holds what is to be signed, so that many are signed together (Signer::sign_all) and long
// before they are sent.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/digest.h"
#include "auth/directory.h"
#include "auth/request.h"
#include "auth/session_mac.h"
#include "auth/signature_base.h"
#include "auth/verdict.h"
#include "base/result.h"
#include "base/world.h"
#include "keys/keys.h"

namespace v100::auth {

// An ML-DSA key, prepared. Const use by several threads.
class Signer {
 public:
  static Result<Signer> from(const keys::PrivateKey& key);  // unsupported: not ML-DSA
  Signer(Signer&&) noexcept;
  ~Signer();

  keys::Algorithm algorithm() const noexcept;
  const KeyId& id() const noexcept;
  const std::string& id_text() const noexcept;  // 43 characters
  const keys::PublicKey& public_key() const noexcept;

  // `hedge` null: deterministic (FIPS 204, Algorithm 2 with rnd of zeros).
  Result<Buffer> sign(Bytes message, Random* hedge) const;
  // signatures[i] over messages[i]; eight side by side.
  Result<std::vector<Buffer>> sign_all(std::span<const Bytes> messages, Random* hedge) const;

 private:
  struct Prepared;
  explicit Signer(std::unique_ptr<Prepared> prepared) noexcept;
  std::unique_ptr<Prepared> prepared_;
};

// ---- Header lane, RFC 9421

struct HeaderTerms {
  std::int64_t created = 0, expires = 0;  // seconds since 1970
  std::string_view nonce = {};            // empty: none
  std::string_view label = "sig1";
  std::string_view tag = "v100";  // empty: none
  DigestAlgorithm digest = DigestAlgorithm::sha256;
  bool split_target = false;  // @authority, @path and @query instead of @target-uri
  // Fields besides, lower case; of those that the message does not have, none is covered.
  std::span<const std::string_view> fields = {};
};

struct HeaderDraft {
  std::string content_digest;   // value of Content-Digest; empty: no body, no field
  std::string signature_input;  // value of Signature-Input
  std::string label;
  Buffer base;  // to be signed
};
// malformed: a message that cannot be signed unambiguously.
Result<HeaderDraft> draft_header(const Signer& signer, const RequestView& request,
                                 const HeaderTerms& terms);
std::string signature_field(const HeaderDraft& draft, Bytes signature);  // value of Signature

// An answer, or with request null a message on its own such as a webhook's answer. It covers
// @status, content-digest with a body, terms.fields, and of the request @method, @target-uri and,
// where it was signed, its signature (RFC 9421 §2.4, ;req): one answer fits one request.
struct ResponseView {
  int status = 200;
  std::span<const wire::HttpHeader> headers;
  Bytes body;
};
Result<HeaderDraft> draft_response(const Signer& signer, const ResponseView& response,
                                   const RequestView* request, const HeaderTerms& terms);

// ---- Fast lane

struct FastTerms {
  std::int64_t created = 0, expires = 0;  // seconds since 1970
  std::uint64_t sequence = 0;
};
struct FastDraft {
  Buffer header;
  ByteArray<32> digest;
  Buffer structure;  // to be signed
};
// The request's body is the content; its meaning headers become claims.
Result<FastDraft> draft_fast(const Signer& signer, const RequestView& request,
                             const FastTerms& terms);
// The HTTP body, or the WebSocket message. Content-Type: fast_content_type.
Buffer fast_body(const FastDraft& draft, Bytes content, Bytes signature);

// ---- Session lane

class ClientSession {
 public:
  // The ciphertext goes to POST /v1/sessions in a signed request.
  static ClientSession begin(const xwing::PublicKey& kem, Random& random);
  const ByteArray<xwing::ciphertext_bytes>& ciphertext() const noexcept { return ciphertext_; }
  // With the server's answer; again after each resumption, with the new connection's exporter.
  void opened(const SessionId& id, const KeyId& key, Bytes exporter) noexcept;

  // The value of Authorization for a request; each call takes the next sequence number.
  std::string authorize(const RequestView& request, std::int64_t created) noexcept;
  // A WebSocket message. too_large: a text over 65,535 bytes.
  Result<Buffer> frame(const RequestView& request, std::int64_t created);

 private:
  ClientSession(const xwing::Ciphertext& ciphertext, xwing::SharedSecret secret) noexcept;
  SessionToken token(const RequestView& request, std::string_view scheme, std::int64_t created);
  ByteArray<xwing::ciphertext_bytes> ciphertext_;
  xwing::SharedSecret secret_;
  SessionId id_{};
  keccak::Kmac256 mac_;
  std::uint64_t sequence_ = 0;
};

// ---- Checking a signed answer or webhook

struct Expected {
  std::string_view tag = "v100";
  std::int64_t now = 0;            // seconds since 1970
  std::int64_t window_back = 300;  // created at most so long ago; 2 s ahead
  Bytes body = {};                 // with a body, content-digest must be covered and right
  std::span<const std::string_view> components = {};  // identifiers that must be covered
};
struct Checked {
  KeyId key{};
  std::string nonce;
};
// `message` as the signer saw it, its own headers in headers (responses) or request (requests). The
// key is found by `keys`. Replay is the caller's care: Checked has the nonce.
Reason check_message(const MessageView& message, const KeyDirectory& keys, const Expected& expected,
                     Checked& out);

}  // namespace v100::auth
