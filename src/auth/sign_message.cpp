// RFC 9421 on messages: drafts for requests and responses, and the check of what others signed.
#include "auth/key_id.h"
#include "auth/sign.h"
#include "base/text.h"

namespace v100::auth {
namespace {

constexpr std::size_t base_bytes_max = 64 * 1024;
constexpr std::int64_t ahead_seconds = 2;

bool is_plain(std::string_view text) noexcept {
  for (const char c : text) {
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
      return false;
    }
  }
  return true;
}

std::string_view field(std::span<const wire::HttpHeader> headers, std::string_view name) {
  for (const wire::HttpHeader& one : headers) {
    if (wire::same_token(one.name, name)) {
      return one.value;
    }
  }
  return {};
}

// Builds `(…);created=…` and with it the base.
class Draft {
 public:
  void cover(std::string_view name, std::string_view parameters = {}) {
    list_ += list_.empty() ? "\"" : " \"";
    list_ += name;
    list_ += '"';
    list_ += parameters;
  }
  Result<HeaderDraft> finish(const Signer& signer, const MessageView& message,
                             const HeaderTerms& terms, std::string content_digest) {
    if (!is_plain(terms.nonce) || !is_plain(terms.tag) || terms.label.empty()) {
      return fail(Errc::malformed, "signature: a nonce or tag with a quote in it");
    }
    std::string params = "(" + list_ + ");created=" + std::to_string(terms.created);
    params += ";expires=" + std::to_string(terms.expires);
    const auto text = [&](const char* name, std::string_view value) {
      if (!value.empty()) {
        params.append(name).append(value) += '"';
      }
    };
    text(";nonce=\"", terms.nonce);
    text(";keyid=\"", signer.id_text());
    text(";alg=\"", signature_name(signer.algorithm()));
    text(";tag=\"", terms.tag);
    HeaderDraft draft{std::move(content_digest),
                      std::string(terms.label) + "=" + params,
                      std::string(terms.label),
                      {}};
    SignatureInput input;
    const SignatureInput::Found found = input.read(draft.signature_input, terms.tag);
    if (found != SignatureInput::Found::one && found != SignatureInput::Found::no_tag) {
      return fail(Errc::malformed, "signature: a component's name or the label is none");
    }
    draft.base.resize(base_bytes_max);
    BoundedText base(draft.base);
    if (append_signature_base(base, message, input.components(), input.params()) != Reason::ok) {
      return fail(Errc::malformed, "signature: a message that cannot be signed unambiguously");
    }
    draft.base.resize(base.size());
    return draft;
  }

 private:
  std::string list_;
};

// The message's headers with the Content-Digest that the draft brings.
std::vector<wire::HttpHeader> with_digest(std::span<const wire::HttpHeader> headers,
                                          const std::string& digest) {
  std::vector<wire::HttpHeader> out;
  for (const wire::HttpHeader& one : headers) {
    if (!wire::same_token(one.name, "content-digest")) {
      out.push_back(one);
    }
  }
  if (!digest.empty()) {
    out.push_back({"content-digest", digest});
  }
  return out;
}

void cover_fields(Draft& draft, std::span<const wire::HttpHeader> headers,
                  const HeaderTerms& terms) {
  for (const std::string_view name : terms.fields) {
    if (field(headers, name).data() != nullptr && name != "content-digest") {
      draft.cover(name);
    }
  }
}

}  // namespace

Result<HeaderDraft> draft_header(const Signer& signer, const RequestView& request,
                                 const HeaderTerms& terms) {
  Draft draft;
  draft.cover("@method");
  if (terms.split_target) {
    draft.cover("@authority");
    draft.cover("@path");
    draft.cover("@query");
  } else {
    draft.cover("@target-uri");
  }
  std::string digest;
  if (!request.body.empty()) {
    digest = write_content_digest(request.body, terms.digest);
    draft.cover("content-digest");
  }
  cover_fields(draft, request.headers, terms);
  const std::vector<wire::HttpHeader> headers = with_digest(request.headers, digest);
  RequestView sent = request;
  sent.headers = headers;
  return draft.finish(signer, {.request = &sent}, terms, std::move(digest));
}

Result<HeaderDraft> draft_response(const Signer& signer, const ResponseView& response,
                                   const RequestView* request, const HeaderTerms& terms) {
  Draft draft;
  draft.cover("@status");
  std::string digest;
  if (!response.body.empty()) {
    digest = write_content_digest(response.body, terms.digest);
    draft.cover("content-digest");
  }
  cover_fields(draft, response.headers, terms);
  if (request != nullptr) {
    draft.cover("@method", ";req");
    draft.cover("@target-uri", ";req");
    if (request->header("signature").data() != nullptr) {
      draft.cover("signature", ";req");
    }
  }
  const std::vector<wire::HttpHeader> headers = with_digest(response.headers, digest);
  return draft.finish(signer, {.request = request, .status = response.status, .headers = headers},
                      terms, std::move(digest));
}

std::string signature_field(const HeaderDraft& draft, Bytes signature) {
  return draft.label + "=:" + to_base64(signature) + ":";
}

// ---- Checking

namespace {

std::string joined(std::span<const wire::HttpHeader> headers, std::string_view name) {
  std::string out;
  for (const wire::HttpHeader& one : headers) {
    if (wire::same_token(one.name, name)) {
      out += out.empty() ? "" : ", ";
      out += one.value;
    }
  }
  return out;
}

Reason check_terms(const SignatureInput& input, const Expected& expected) {
  if (!input.has_created || !input.has_keyid) {
    return Reason::parameter_missing;
  }
  if (input.created < expected.now - expected.window_back) {
    return Reason::too_old;
  }
  if (input.created > expected.now + ahead_seconds) {
    return Reason::too_new;
  }
  if (input.has_expires && input.expires < expected.now) {
    return Reason::expired;
  }
  for (const std::string_view wanted : expected.components) {
    bool found = false;
    for (const Component& c : input.components()) {
      found = found || c.identifier == wanted;
    }
    if (!found) {
      return Reason::component_missing;
    }
  }
  return Reason::ok;
}

Reason check_body(const SignatureInput& input, std::span<const wire::HttpHeader> headers,
                  Bytes body) {
  if (!input.covers("content-digest")) {
    return body.empty() ? Reason::ok : Reason::component_missing;
  }
  const Result<ContentDigest> digest = read_content_digest(joined(headers, "content-digest"));
  if (!digest) {
    return Reason::malformed_digest;
  }
  const bool good =
      (!digest->has_sha256 || digest->sha256 == sha256(body)) && digest->matches_sha512(body);
  return good ? Reason::ok : Reason::digest_mismatch;
}

}  // namespace

Reason check_message(const MessageView& message, const KeyDirectory& keys, const Expected& expected,
                     Checked& out) {
  const std::span<const wire::HttpHeader> headers =
      message.status == 0 ? message.request->headers : message.headers;
  SignatureInput input;
  const std::string fields = joined(headers, "signature-input");
  const SignatureInput::Found found = input.read(fields, expected.tag);
  if (found != SignatureInput::Found::one) {
    return found == SignatureInput::Found::no_tag || found == SignatureInput::Found::none
               ? Reason::parameter_missing
               : Reason::malformed_signature_input;
  }
  if (const Reason reason = check_terms(input, expected); reason != Reason::ok) {
    return reason;
  }
  const Result<KeyId> id = parse_key_id(input.keyid);
  const KeyRecord* const record = id ? keys.find(*id) : nullptr;
  if (record == nullptr || record->revoked) {
    return record == nullptr ? Reason::key_unknown : Reason::key_revoked;
  }
  if (input.has_alg && input.alg != signature_name(record->algorithm)) {
    return Reason::algorithm_mismatch;
  }
  Buffer room(base_bytes_max);
  BoundedText base(room);
  const Reason rebuilt = append_signature_base(base, message, input.components(), input.params());
  if (rebuilt != Reason::ok) {
    return rebuilt;
  }
  Buffer signature((mldsa::Mldsa87::signature_bytes + 2) / 3 * 3);
  const Result<std::size_t> size =
      read_signature(joined(headers, "signature"), input.label(), signature);
  if (!size) {
    return Reason::malformed_signature;
  }
  const keys::PublicKey key{record->algorithm, record->public_key};
  if (!keys::verify(key, base.written(), {}, Bytes(signature).first(*size))) {
    return Reason::signature_invalid;
  }
  out = {*id, std::string(input.nonce)};
  return check_body(input, headers, expected.body);
}

}  // namespace v100::auth
