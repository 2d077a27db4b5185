// Gate, the two lanes with signatures: what is signed is put together, everything that needs no
// verification is checked, and the rest waits for flush().
#include "auth/gate_state.h"
#include "auth/key_id.h"

namespace v100::auth {
namespace {

constexpr std::size_t signature_bytes_max = mldsa::Mldsa87::signature_bytes;

// Which of the components that we insist on are covered.
struct Coverage {
  bool method = false, target_uri = false, authority = false, path = false, query = false;
  bool digest = false;
  bool meaning[meanings] = {};

  bool request_is_named() const noexcept {
    return method && (target_uri || (authority && path && query));
  }
};

void note(Coverage& coverage, std::string_view name) noexcept {
  struct Row {
    std::string_view name;
    bool Coverage::* member;
  };
  constexpr Row rows[] = {
      {"@method", &Coverage::method},       {"@target-uri", &Coverage::target_uri},
      {"@authority", &Coverage::authority}, {"@path", &Coverage::path},
      {"@query", &Coverage::query},         {"content-digest", &Coverage::digest}};
  for (const Row& row : rows) {
    if (name == row.name) {
      coverage.*row.member = true;
      return;
    }
  }
  for (std::size_t i = 0; i < meanings; ++i) {
    coverage.meaning[i] = coverage.meaning[i] || name == meaning_names[i];
  }
}

bool algorithm_by_signature_name(std::string_view name, keys::Algorithm& out) noexcept {
  for (const keys::Algorithm a :
       {keys::Algorithm::mldsa65, keys::Algorithm::mldsa44, keys::Algorithm::mldsa87}) {
    if (name == signature_name(a)) {
      out = a;
      return true;
    }
  }
  return false;
}

}  // namespace

// What the signature must cover, and which headers that change the meaning it does cover.
Reason Gate::State::check_coverage(const RequestView& request, const Credentials& c,
                                   Waiting& w) const {
  Coverage coverage;
  for (const Component& component : input.components()) {
    // With parameters it is another component, which says less than the whole.
    if (component.identifier.size() == component.name.size() + 2) {
      note(coverage, component.name);
    }
  }
  if (!coverage.request_is_named() || (!request.body.empty() && !coverage.digest)) {
    return Reason::component_missing;
  }
  for (std::size_t i = 0; i < meanings; ++i) {
    w.answer.meanings_[i] = coverage.meaning[i] ? c.meaning[i] : std::string_view();
  }
  w.has_digest = coverage.digest;
  if (coverage.digest) {
    const Result<ContentDigest> digest = read_content_digest(c.content_digest);
    if (!digest) {
      return Reason::malformed_digest;
    }
    w.digest = *digest;
  }
  return Reason::ok;
}

// Decodes the signature and rebuilds what it signs, both in the arena.
Reason Gate::State::take_signature(const RequestView& request, const Credentials& c, Waiting& w) {
  const MutBytes room = MutBytes(arena).subspan(arena_used, arena_need_max);
  // Rounded up, since base64 is decoded in groups of three bytes.
  const MutBytes signature_room = room.first(signature_bytes_max + 2);
  const Result<std::size_t> size = read_signature(
      c.signature, input.label(), signature_room.first((signature_bytes_max + 2) / 3 * 3));
  if (!size) {
    return size.error().code == Errc::too_large ? Reason::signature_length
                                                : Reason::malformed_signature;
  }
  if (*size != keys::info(w.algorithm).output_bytes) {
    return Reason::signature_length;
  }
  w.signature = room.first(*size);
  if (const Reason reason = check_hint(w); reason != Reason::ok) {
    return reason;
  }
  BoundedText base(room.subspan(*size));
  const Reason reason = append_signature_base(base, MessageView{.request = &request},
                                              input.components(), input.params());
  if (reason != Reason::ok) {
    return reason;
  }
  w.message = base.written();
  arena_used += *size + base.size();
  return Reason::ok;
}

Reason Gate::State::submit_header(const RequestView& request, const Credentials& c, Waiting& w) {
  if (!input.has_created || !input.has_expires || !input.has_nonce || !input.has_keyid) {
    return Reason::parameter_missing;
  }
  if (input.nonce.empty() || input.nonce.size() > nonce_bytes_max ||
      c.signature.data() == nullptr) {
    return Reason::malformed_signature_input;
  }
  const Result<KeyId> id = parse_key_id(input.keyid);
  if (!id) {
    return Reason::key_unknown;
  }
  w.created = input.created;
  if (const Reason reason = check_window(input.created, input.expires, true);
      reason != Reason::ok) {
    return reason;
  }
  if (const Reason reason = check_coverage(request, c, w); reason != Reason::ok) {
    return reason;
  }
  // Without `alg` it is the key's: RFC 9421 §3.2, step 6.
  const KeyRecord* const record = directory.find(*id);
  keys::Algorithm algorithm = record != nullptr ? record->algorithm : keys::Algorithm::mldsa65;
  if (input.has_alg && !algorithm_by_signature_name(input.alg, algorithm)) {
    return Reason::algorithm_mismatch;
  }
  if (const Reason reason = admit_key(w, *id, algorithm); reason != Reason::ok) {
    return reason;
  }
  w.answer.unique = hash(*id, as_bytes(input.nonce));
  nonces.prefetch(w.answer.unique);
  if (const Reason reason = take_signature(request, c, w); reason != Reason::ok) {
    return reason;
  }
  if (nonces.peek(w.answer.unique, now_s) == NonceStore::Answer::seen) {
    return Reason::replayed;
  }
  return queue(w);
}

Reason Gate::State::submit_fast(const FastMessage& message, std::string_view scheme,
                                std::string_view authority, Waiting& w) {
  const FastClaims& claims = message.claims;
  if (!same_authority(scheme, authority, claims.authority)) {
    return Reason::claims_mismatch;
  }
  w.answer.content = message.content;
  for (std::size_t i = 0; i < meanings; ++i) {
    w.answer.meanings_[i] = claims.meaning[i];
  }
  w.created = claims.created;
  if (const Reason reason = check_window(claims.created, claims.expires, true);
      reason != Reason::ok) {
    return reason;
  }
  if (const Reason reason = admit_key(w, claims.key, claims.algorithm); reason != Reason::ok) {
    return reason;
  }
  w.answer.unique = claims.sequence;
  const SequenceWindow::Answer seen = w.slot->window.peek(claims.sequence);
  if (seen != SequenceWindow::Answer::fresh) {
    return seen == SequenceWindow::Answer::seen ? Reason::replayed : Reason::sequence_too_old;
  }
  w.signature = message.signature;
  if (const Reason reason = check_hint(w); reason != Reason::ok) {
    return reason;
  }
  BoundedText structure(MutBytes(arena).subspan(arena_used, arena_need_max));
  append_fast_structure(structure, message.header, message.digest);
  if (structure.overflowed()) {
    return Reason::malformed_request;
  }
  w.message = structure.written();
  arena_used += structure.size();
  w.has_digest = true;
  w.digest = {};
  w.digest.has_sha256 = true;
  copy(w.digest.sha256, message.digest);
  return queue(w);
}

Reason Gate::State::queue(Waiting& w) {
  ++w.slot->pins;
  w.step = Waiting::Step::signature;
  return Reason::ok;
}

}  // namespace v100::auth
