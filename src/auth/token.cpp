#include "auth/token.h"

#include "auth/key_id.h"
#include "base/text.h"
#include "wire/json.h"

namespace v100::auth {
namespace {

std::unexpected<Error> refused(const char* what) noexcept {
  return fail(Errc::unauthenticated, what);
}

// A member that may be absent.
Result<std::string> text_or_empty(const wire::JsonValue& object, std::string_view name) {
  const wire::JsonValue value = object[name];
  return value.exists() ? std::string(TRY(value.text())) : std::string();
}

Result<std::int64_t> time_or_zero(const wire::JsonValue& object, std::string_view name) {
  const wire::JsonValue value = object[name];
  if (!value.exists()) {
    return std::int64_t{0};
  }
  // RFC 7519 §2: a NumericDate may have a fraction.
  const double seconds = TRY(value.number());
  if (!(seconds >= 0 && seconds < 9e15)) {
    return fail(Errc::malformed, "token: a time out of range");
  }
  return static_cast<std::int64_t>(seconds);
}

// RFC 7519 §4.1.3: one name or a list of them.
Result<std::string> read_audience(const wire::JsonValue& audience, std::string_view wanted) {
  if (audience.kind() != wire::JsonKind::array) {
    return std::string(TRY(audience.text()));
  }
  for (const wire::JsonValue one : audience) {
    if (TRY(one.text()) == wanted) {
      return std::string(wanted);
    }
  }
  return std::string();
}

Result<TokenClaims> read_claims(Bytes json, const TokenTerms& terms) {
  const wire::JsonDocument document = TRY(wire::JsonDocument::parse(json, token_bytes_max));
  const wire::JsonValue root = document.root();
  TokenClaims claims;
  claims.issuer = TRY(text_or_empty(root, "iss"));
  claims.subject = TRY(text_or_empty(root, "sub"));
  claims.audience = TRY(read_audience(root["aud"], terms.audience));
  claims.issued = TRY(time_or_zero(root, "iat"));
  claims.expires = TRY(time_or_zero(root, "exp"));
  claims.not_before = TRY(time_or_zero(root, "nbf"));
  claims.id = TRY(text_or_empty(root, "jti"));
  claims.scope = TRY(text_or_empty(root, "scope"));
  return claims;
}

Result<void> check_claims(const TokenClaims& claims, const TokenTerms& terms) {
  if (claims.issuer != terms.issuer || claims.audience != terms.audience) {
    return refused("token: by or for somebody else");
  }
  if (claims.expires == 0 || terms.now >= claims.expires + terms.skew) {
    return refused("token: expired, or without an end");
  }
  if (terms.now + terms.skew < claims.not_before || terms.now + terms.skew < claims.issued) {
    return refused("token: not valid yet");
  }
  return {};
}

struct Header {
  keys::Algorithm algorithm;
  KeyId key;
};

Result<Header> read_header(Bytes json) {
  const wire::JsonDocument document = TRY(wire::JsonDocument::parse(json, token_bytes_max));
  const wire::JsonValue root = document.root();
  const std::string_view name = TRY(root["alg"].text());
  // RFC 7515 §4.1.11: an extension that must be understood, and is not.
  if (root["crit"].exists()) {
    return fail(Errc::unsupported, "token: a critical extension");
  }
  for (const keys::Algorithm a :
       {keys::Algorithm::mldsa44, keys::Algorithm::mldsa65, keys::Algorithm::mldsa87}) {
    if (name == keys::info(a).name) {
      return Header{a, TRY(parse_key_id(TRY(root["kid"].text())))};
    }
  }
  return fail(Errc::unsupported, "token: not an ML-DSA signature");
}

}  // namespace

Result<std::string> issue_token(const Signer& signer, const TokenClaims& claims, Random* hedge) {
  wire::JsonWriter header;
  header.object().key("alg").text(keys::info(signer.algorithm()).name);
  header.key("kid").text(signer.id_text()).key("typ").text("JWT").end_object();
  wire::JsonWriter body;
  body.object().key("iss").text(claims.issuer).key("sub").text(claims.subject);
  body.key("aud").text(claims.audience).key("iat").integer(claims.issued);
  body.key("exp").integer(claims.expires);
  if (claims.not_before != 0) {
    body.key("nbf").integer(claims.not_before);
  }
  if (!claims.id.empty()) {
    body.key("jti").text(claims.id);
  }
  if (!claims.scope.empty()) {
    body.key("scope").text(claims.scope);
  }
  body.end_object();
  std::string token =
      to_base64url(as_bytes(header.view())) + "." + to_base64url(as_bytes(body.view()));
  const Buffer signature = TRY(signer.sign(as_bytes(token), hedge));
  token += "." + to_base64url(signature);
  if (token.size() > token_bytes_max) {
    return fail(Errc::too_large, "token: claims too large");
  }
  return token;
}

Result<VerifiedToken> verify_token(std::string_view token, const KeyDirectory& keys,
                                   const TokenTerms& terms) {
  if (token.size() > token_bytes_max) {
    return fail(Errc::too_large, "token: too large");
  }
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return fail(Errc::malformed, "token: not three parts");
  }
  const Header header = TRY(read_header(TRY(from_base64url(token.substr(0, first)))));
  const KeyRecord* const record = keys.find(header.key);
  if (record == nullptr || record->revoked || record->algorithm != header.algorithm ||
      terms.now * 1000 < record->not_before.value() ||
      terms.now * 1000 >= record->not_after.value()) {
    return refused("token: no such key now");
  }
  const Buffer signature = TRY(from_base64url(token.substr(second + 1)));
  const keys::PublicKey key{record->algorithm, record->public_key};
  if (!keys::verify(key, as_bytes(token.substr(0, second)), {}, signature)) {
    return refused("token: the signature does not verify");
  }
  const Buffer json = TRY(from_base64url(token.substr(first + 1, second - first - 1)));
  VerifiedToken out{TRY(read_claims(json, terms)), header.key};
  TRY(check_claims(out.claims, terms));
  return out;
}

std::string write_jwks(std::span<const keys::PublicKey* const> keys) {
  wire::JsonWriter writer;
  writer.object().key("keys").array();
  for (const keys::PublicKey* key : keys) {
    const char* const name = keys::info(key->algorithm).name;
    writer.object().key("kty").text("AKP").key("alg").text(name).key("use").text("sig");
    writer.key("kid").text(to_text(key_id_of(*key))).key("pub").base64url(key->bytes).end_object();
  }
  return writer.end_array().end_object().take();
}

}  // namespace v100::auth
