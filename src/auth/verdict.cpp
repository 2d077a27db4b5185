#include "auth/verdict.h"

#include "base/check.h"

namespace v100::auth {
namespace {

// In the order of Reason.
constexpr ReasonInfo table[reasons] = {
    {"ok", 200, "The request was let in."},
    {"malformed_signature_input", 400, "Signature-Input cannot be read."},
    {"malformed_signature", 400, "The signature or token cannot be read."},
    {"malformed_digest", 400, "Content-Digest cannot be read."},
    {"malformed_request", 400, "A part of the request cannot stand in a signature."},
    {"lanes_mixed", 400, "The request carries credentials of more than one kind."},
    {"header_repeated", 400, "A header that changes the request's meaning stands twice."},
    {"component_missing", 401,
     "The signature must cover @method, @target-uri (or @authority, @path and @query) and, with a "
     "body, content-digest."},
    {"parameter_missing", 401,
     "The signature needs created, expires, nonce, keyid and the tag \"v100\"."},
    {"component_unknown", 401, "The signature covers a component that this server cannot rebuild."},
    {"algorithm_mismatch", 401, "The signature's algorithm is not its key's."},
    {"key_unknown", 401, "No such key is registered."},
    {"key_not_yet_valid", 401, "The key is not valid yet."},
    {"key_expired", 401, "The key is no longer valid."},
    {"key_revoked", 401, "The key was revoked."},
    {"signature_length", 401, "The signature has a wrong length for its key."},
    {"too_old", 401, "Created more than 60 seconds ago: sign afresh."},
    {"too_new", 401, "Created in the future: check the clock."},
    {"before_restart", 401, "Created before this server started: sign afresh."},
    {"expired", 401, "The signature has expired: sign afresh."},
    {"replayed", 401, "This request was let in before: sign afresh."},
    {"sequence_too_old", 401, "The sequence number is too far behind: sign afresh with a new one."},
    {"claims_mismatch", 401, "Signed for another method, authority or target."},
    {"digest_mismatch", 401, "The body is not the one that was signed."},
    {"signature_encoding", 401, "The signature is not an encoding of one."},
    {"signature_invalid", 401, "The signature does not verify."},
    {"session_unknown", 401, "No such session: open one."},
    {"session_expired", 401, "The session is over: open a new one."},
    {"session_unbound", 401, "The session belongs to another connection: resume it."},
    {"wrong_authority", 421, "This server does not answer for that authority."},
    {"wrong_shard", 421, "Another shard owns this key."},
    {"budget_address", 429, "Too many failed signatures from this address: try later."},
    {"budget_key", 429, "Too many failed signatures of this key: try later."},
    {"replay_store_full", 503, "The replay store is full: try later."},
    {"sessions_full", 503, "No room for a further session: try later."},
};
static_assert(table[reasons - 1].status == 503);

}  // namespace

const char* name(Lane lane) noexcept {
  constexpr const char* names[lanes] = {"unsigned", "header", "fast", "session"};
  return names[static_cast<std::size_t>(lane)];
}

const ReasonInfo& info(Reason reason) noexcept {
  CHECK(reason < Reason::count_);
  return table[static_cast<std::size_t>(reason)];
}

}  // namespace v100::auth
