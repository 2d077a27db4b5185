#include "auth/sign.h"

#include "auth/fast_lane.h"
#include "auth/key_id.h"
#include "base/text.h"

namespace v100::auth {

// One of the three is set.
struct Signer::Prepared {
  keys::PublicKey key;
  KeyId id{};
  std::string id_text;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa44>> p44;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa65>> p65;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa87>> p87;
};

namespace {

template <class P>
Result<std::unique_ptr<mldsa::PreparedSigner<P>>> prepare(const keys::PrivateKey& key) {
  const mldsa::PrivateKey<P> parsed = TRY(mldsa::PrivateKey<P>::parse(key.expanded()));
  return std::make_unique<mldsa::PreparedSigner<P>>(parsed);
}

template <class P>
Result<std::vector<Buffer>> sign_with(const mldsa::PreparedSigner<P>& signer,
                                      std::span<const Bytes> messages, Random* hedge) {
  std::vector<Buffer> out(messages.size());
  std::vector<mldsa::Hedge> hedges;
  std::vector<mldsa::SignItem<P>> items;
  std::vector<mldsa::Verdict> verdicts(messages.size());
  hedges.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    hedges.push_back(hedge != nullptr ? mldsa::Hedge::fresh(*hedge)
                                      : mldsa::Hedge::deterministic());
    out[i].resize(P::signature_bytes);
    items.push_back(
        {.signer = &signer, .message = messages[i], .hedge = &hedges[i], .out = out[i]});
  }
  mldsa::sign_batch<P>(items, verdicts);
  for (const mldsa::Verdict verdict : verdicts) {
    if (verdict != mldsa::Verdict::valid) {
      return fail(Errc::unavailable, "signature: the signer gave none");
    }
  }
  return out;
}

}  // namespace

Signer::Signer(std::unique_ptr<Prepared> prepared) noexcept : prepared_(std::move(prepared)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::from(const keys::PrivateKey& key) {
  auto prepared = std::make_unique<Prepared>();
  prepared->key = key.public_key();
  switch (key.algorithm()) {
    case keys::Algorithm::mldsa44:
      prepared->p44 = TRY(prepare<mldsa::Mldsa44>(key));
      break;
    case keys::Algorithm::mldsa65:
      prepared->p65 = TRY(prepare<mldsa::Mldsa65>(key));
      break;
    case keys::Algorithm::mldsa87:
      prepared->p87 = TRY(prepare<mldsa::Mldsa87>(key));
      break;
    default:
      return fail(Errc::unsupported, "signature: requests are signed by ML-DSA keys");
  }
  prepared->id = key_id_of(prepared->key);
  prepared->id_text = to_text(prepared->id);
  return Signer(std::move(prepared));
}

keys::Algorithm Signer::algorithm() const noexcept { return prepared_->key.algorithm; }
const KeyId& Signer::id() const noexcept { return prepared_->id; }
const std::string& Signer::id_text() const noexcept { return prepared_->id_text; }
const keys::PublicKey& Signer::public_key() const noexcept { return prepared_->key; }

Result<std::vector<Buffer>> Signer::sign_all(std::span<const Bytes> messages, Random* hedge) const {
  return prepared_->p44 != nullptr   ? sign_with(*prepared_->p44, messages, hedge)
         : prepared_->p65 != nullptr ? sign_with(*prepared_->p65, messages, hedge)
                                     : sign_with(*prepared_->p87, messages, hedge);
}

Result<Buffer> Signer::sign(Bytes message, Random* hedge) const {
  std::vector<Buffer> one = TRY(sign_all({&message, 1}, hedge));
  return std::move(one[0]);
}

// ---- Fast lane

Result<FastDraft> draft_fast(const Signer& signer, const RequestView& request,
                             const FastTerms& terms) {
  std::uint8_t room[512];
  BoundedText authority(room);
  append_authority(authority, request.scheme, request.authority);
  FastClaims claims{.algorithm = signer.algorithm(),
                    .key = signer.id(),
                    .created = terms.created,
                    .expires = terms.expires,
                    .sequence = terms.sequence,
                    .method = request.method,
                    .authority = as_text(authority.written()),
                    .target = request.target,
                    .meaning = {}};
  for (std::size_t i = 0; i < meanings; ++i) {
    claims.meaning[i] = request.header(meaning_names[i]);
  }
  FastDraft draft{write_fast_header(claims), sha256(request.body), {}};
  if (authority.overflowed() || draft.header.size() > 16 * 1024) {
    return fail(Errc::too_large, "signature: claims over 16 KiB");
  }
  draft.structure.resize(draft.header.size() + 64);
  BoundedText structure(draft.structure);
  append_fast_structure(structure, draft.header, draft.digest);
  draft.structure.resize(structure.size());
  return draft;
}

Buffer fast_body(const FastDraft& draft, Bytes content, Bytes signature) {
  return write_fast(draft.header, content, draft.digest, signature);
}

// ---- Session lane

ClientSession::ClientSession(const xwing::Ciphertext& ciphertext,
                             xwing::SharedSecret secret) noexcept
    : ciphertext_(ciphertext.bytes()), secret_(std::move(secret)), mac_({}, {}) {}

ClientSession ClientSession::begin(const xwing::PublicKey& kem, Random& random) {
  xwing::Encapsulated made = xwing::encapsulate(kem, random);
  return ClientSession(made.ciphertext, std::move(made.secret));
}

void ClientSession::opened(const SessionId& id, const KeyId& key, Bytes exporter) noexcept {
  id_ = id;
  mac_ = start_session_mac(derive_session_key(secret_, id, key, exporter));
}

SessionToken ClientSession::token(const RequestView& request, std::string_view scheme,
                                  std::int64_t created) {
  SessionToken token{id_, ++sequence_, created, {}};
  const ByteArray<32> digest = sha256(request.body);
  MacClaims claims{.token = token,
                   .method = request.method,
                   .scheme = scheme,
                   .authority = request.authority,
                   .target = request.target,
                   .meaning = {},
                   .digest = digest};
  for (std::size_t i = 0; i < meanings; ++i) {
    claims.meaning[i] = request.header(meaning_names[i]);
  }
  token.mac = session_mac(mac_, claims);
  return token;
}

std::string ClientSession::authorize(const RequestView& request, std::int64_t created) noexcept {
  return write_session_token(token(request, request.scheme, created));
}

Result<Buffer> ClientSession::frame(const RequestView& request, std::int64_t created) {
  SessionFrame frame{.token = token(request, request.scheme, created),
                     .method = request.method,
                     .target = request.target,
                     .meaning = {},
                     .content = request.body};
  for (std::size_t i = 0; i < meanings; ++i) {
    frame.meaning[i] = request.header(meaning_names[i]);
  }
  return write_session_frame(frame);
}

}  // namespace v100::auth
