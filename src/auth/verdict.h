// Why a request was let in or refused. One table gives each reason its name (for metrics), HTTP
// status and words (for RFC 9457 answers).
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::auth {

enum class Lane : std::uint8_t { unsigned_, header, fast, session };
inline constexpr std::size_t lanes = 4;
const char* name(Lane lane) noexcept;  // "unsigned", "header", "fast", "session"

enum class Reason : std::uint8_t {
  ok,
  // 400
  malformed_signature_input,
  malformed_signature,  // not base64, not COSE, not a session token
  malformed_digest,
  malformed_request,  // a target or header that cannot be signed unambiguously
  lanes_mixed,        // more than one lane's credentials
  header_repeated,    // a header that changes the meaning stands twice
  // 401
  component_missing,  // @method, @target-uri (or @authority, @path, @query), content-digest
  parameter_missing,  // created, expires, nonce, keyid, tag
  component_unknown,  // covers something that we cannot rebuild
  algorithm_mismatch,
  key_unknown,
  key_not_yet_valid,
  key_expired,
  key_revoked,
  signature_length,
  too_old,             // created more than 60 s ago
  too_new,             // created more than 2 s from now
  before_restart,      // created before this server started + 2 s: sign afresh
  expired,             // past its own `expires`
  replayed,            // nonce or sequence seen
  sequence_too_old,    // behind the sliding window
  claims_mismatch,     // fast lane: signed for another method, authority or target
  digest_mismatch,     // the body is not the one that was signed
  signature_encoding,  // hint not decodable: refused before the verification
  signature_invalid,
  session_unknown,
  session_expired,
  session_unbound,  // another connection than the one it is bound to: resume it by a signed request
  // 421
  wrong_authority,  // none of ours
  wrong_shard,      // this key has another owner shard
  // 429
  budget_address,  // failed verifications of this address
  budget_key,      // failed verifications of this key, and this address is not known to be its own
  // 503
  replay_store_full,
  sessions_full,
  count_  // not a reason
};
inline constexpr std::size_t reasons = static_cast<std::size_t>(Reason::count_);

struct ReasonInfo {
  const char* name;  // "too_old": a metric's label, and the end of the problem's type URI
  std::uint16_t status;
  const char* detail;  // one sentence for people
};
const ReasonInfo& info(Reason reason) noexcept;

}  // namespace v100::auth
