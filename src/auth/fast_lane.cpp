#include "auth/fast_lane.h"

#include "wire/cbor.h"

namespace v100::auth {
namespace {

using wire::CborHead;
using wire::CborMajor;
using wire::CborReader;
using wire::CborWriter;

// COSE header parameters: RFC 9052 §3.1, RFC 9596 (typ), RFC 9597 (CWT claims), RFC 9995.
constexpr std::int64_t label_alg = 1, label_content_type = 3, label_kid = 4, label_claims = 15;
constexpr std::int64_t label_typ = 16, label_hash = 258, label_preimage_type = 259;
constexpr std::int64_t claim_expires = 4, claim_created = 6;  // RFC 8392 §3.1
constexpr std::int64_t hash_sha256 = -16;                     // RFC 9054 §2.1
constexpr std::string_view typ = "v100-request", content_key = "content";
constexpr std::uint8_t tag_sign1 = 0xd2;
constexpr std::uint64_t members_max = 16;
constexpr std::size_t header_bytes_max = 16 * 1024;

bool algorithm_of(std::int64_t cose, keys::Algorithm& out) noexcept {
  for (const keys::Algorithm a :
       {keys::Algorithm::mldsa44, keys::Algorithm::mldsa65, keys::Algorithm::mldsa87}) {
    if (keys::info(a).cose == cose) {
      out = a;
      return true;
    }
  }
  return false;
}

std::unexpected<Error> bad(const char* what) noexcept { return fail(Errc::malformed, what); }

// Marks a member as seen; an error when it was already.
Result<void> once(std::uint32_t& seen, unsigned bit) noexcept {
  if ((seen >> bit & 1) != 0) {
    return bad("cose: a member that stands twice");
  }
  seen |= 1u << bit;
  return {};
}

Result<void> read_meanings(CborReader& in, FastClaims& claims) {
  const std::uint64_t count = TRY(in.map());
  if (count > meanings) {
    return bad("cose: headers that are not claims");
  }
  std::uint32_t seen = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = TRY(in.text());
    unsigned which = 0;
    while (which < meanings && meaning_names[which] != name) {
      ++which;
    }
    if (which == meanings) {
      return bad("cose: headers that are not claims");
    }
    TRY(once(seen, which));
    claims.meaning[which] = TRY(in.text());
  }
  return {};
}

enum ClaimBit : unsigned { expires, created, sequence, method, target, authority, headers };
constexpr std::uint32_t claims_needed = (1u << headers) - 1;

Result<void> read_claim(CborReader& in, FastClaims& claims, std::uint32_t& seen) {
  if (!in.empty() && in.rest()[0] >> 5 == static_cast<unsigned>(CborMajor::positive)) {
    const std::int64_t label = TRY(in.integer());
    if (label != claim_expires && label != claim_created) {
      return bad("cose: an unknown claim");
    }
    TRY(once(seen, label == claim_expires ? expires : created));
    (label == claim_expires ? claims.expires : claims.created) = TRY(in.integer());
    return {};
  }
  const std::string_view name = TRY(in.text());
  if (name == "seq") {
    TRY(once(seen, sequence));
    claims.sequence = TRY(in.positive());
  } else if (name == "method") {
    TRY(once(seen, method));
    claims.method = TRY(in.text());
  } else if (name == "target") {
    TRY(once(seen, target));
    claims.target = TRY(in.text());
  } else if (name == "authority") {
    TRY(once(seen, authority));
    claims.authority = TRY(in.text());
  } else if (name == "headers") {
    TRY(once(seen, headers));
    TRY(read_meanings(in, claims));
  } else {
    return bad("cose: an unknown claim");
  }
  return {};
}

Result<void> read_claims(CborReader& in, FastClaims& claims) {
  const std::uint64_t count = TRY(in.map());
  if (count > members_max) {
    return bad("cose: too many claims");
  }
  std::uint32_t seen = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY(read_claim(in, claims, seen));
  }
  return (seen & claims_needed) == claims_needed ? Result<void>{} : bad("cose: a claim is missing");
}

struct HeaderParts {
  std::int64_t algorithm = 0;
  std::uint32_t seen = 0;
};
enum HeaderBit : unsigned {
  has_alg,
  has_kid,
  has_claims,
  has_typ,
  has_hash,
  has_type,
  has_preimage
};
constexpr std::uint32_t header_needed = (1u << has_type) - 1;

Result<void> read_header_member(CborReader& in, FastClaims& claims, HeaderParts& parts) {
  switch (TRY(in.integer())) {
    case label_alg:
      TRY(once(parts.seen, has_alg));
      parts.algorithm = TRY(in.integer());
      return {};
    case label_kid: {
      TRY(once(parts.seen, has_kid));
      const Bytes kid = TRY(in.bytes());
      if (kid.size() != claims.key.size()) {
        return bad("cose: kid is not a thumbprint");
      }
      copy(claims.key, kid);
      return {};
    }
    case label_claims:
      TRY(once(parts.seen, has_claims));
      return read_claims(in, claims);
    case label_typ:
      TRY(once(parts.seen, has_typ));
      return TRY(in.text()) == typ ? Result<void>{} : bad("cose: signed for something else");
    case label_hash:
      TRY(once(parts.seen, has_hash));
      return TRY(in.integer()) == hash_sha256 ? Result<void>{} : bad("cose: another hash");
    case label_content_type:
      TRY(once(parts.seen, has_type));
      return in.skip();
    case label_preimage_type:
      TRY(once(parts.seen, has_preimage));
      return in.skip();
    default:
      return bad("cose: an unknown header parameter");
  }
}

Result<void> read_header(Bytes header, FastClaims& claims, std::int64_t& algorithm) {
  CborReader in(header);
  HeaderParts parts;
  const std::uint64_t count = TRY(in.map());
  if (count > members_max || header.size() > header_bytes_max) {
    return bad("cose: the protected header is too large");
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY(read_header_member(in, claims, parts));
  }
  if ((parts.seen & header_needed) != header_needed || !in.empty()) {
    return bad("cose: a header parameter is missing");
  }
  algorithm = parts.algorithm;
  return {};
}

Result<void> read_parts(Bytes message, FastMessage& out, std::int64_t& algorithm) {
  if (message.empty() || message[0] != tag_sign1) {
    return bad("cose: not a tagged COSE_Sign1");
  }
  CborReader in(message.subspan(1));
  if (TRY(in.array()) != 4) {
    return bad("cose: not a COSE_Sign1");
  }
  out.header = TRY(in.bytes());
  const std::uint64_t unprotected = TRY(in.map());
  out.content = {};
  if (unprotected == 1 && TRY(in.text()) == content_key) {
    out.content = TRY(in.bytes());
  } else if (unprotected != 0) {
    return bad("cose: an unknown unprotected header parameter");
  }
  out.digest = TRY(in.bytes());
  out.signature = TRY(in.bytes());
  if (!in.empty() || out.digest.size() != 32) {
    return bad("cose: the payload is not a digest, or bytes follow");
  }
  return read_header(out.header, out.claims, algorithm);
}

}  // namespace

Reason read_fast(Bytes message, FastMessage& out) {
  out.claims = {};
  std::int64_t algorithm = 0;
  if (!read_parts(message, out, algorithm)) {
    return Reason::malformed_signature;
  }
  if (!algorithm_of(algorithm, out.claims.algorithm)) {
    return Reason::algorithm_mismatch;
  }
  return out.signature.size() == keys::info(out.claims.algorithm).output_bytes
             ? Reason::ok
             : Reason::signature_length;
}

bool is_fast_content_type(std::string_view value) noexcept {
  if (value == fast_content_type) {
    return true;
  }
  constexpr std::string_view type = "application/cose";
  std::string_view rest = value;
  if (rest.size() <= type.size() || !wire::same_token(rest.substr(0, type.size()), type)) {
    return false;
  }
  // The parameter, quoted or not; white space and other parameters may stand around it.
  rest.remove_prefix(type.size());
  constexpr std::string_view wanted = "cose-type=";
  for (std::size_t at = rest.find(';'); at != rest.npos; at = rest.find(';', at + 1)) {
    std::size_t from = at + 1;
    while (from < rest.size() && (rest[from] == ' ' || rest[from] == '\t')) {
      ++from;
    }
    std::string_view parameter = rest.substr(from, rest.find(';', from) - from);
    if (parameter.size() < wanted.size() ||
        !wire::same_token(parameter.substr(0, wanted.size()), wanted)) {
      continue;
    }
    parameter.remove_prefix(wanted.size());
    while (!parameter.empty() && (parameter.back() == ' ' || parameter.back() == '\t')) {
      parameter.remove_suffix(1);
    }
    if (parameter.size() >= 2 && parameter.front() == '"' && parameter.back() == '"') {
      parameter = parameter.substr(1, parameter.size() - 2);
    }
    return wire::same_token(parameter, "cose-sign1");
  }
  return false;
}

// Keys in the order of their encodings (RFC 8949 §4.2.1).
Buffer write_fast_header(const FastClaims& claims) {
  std::uint64_t claimed = 0;
  for (const std::string_view value : claims.meaning) {
    claimed += value.empty() ? 0 : 1;
  }
  Buffer out;
  out.reserve(160 + claims.authority.size() + claims.target.size());
  CborWriter writer(out);
  writer.map(5).integer(label_alg).integer(keys::info(claims.algorithm).cose);
  writer.integer(label_kid).bytes(claims.key);
  writer.integer(label_claims).map(claimed > 0 ? 7 : 6);
  writer.integer(claim_expires).integer(claims.expires);
  writer.integer(claim_created).integer(claims.created);
  writer.text("seq").positive(claims.sequence);
  writer.text("method").text(claims.method).text("target").text(claims.target);
  if (claimed > 0) {
    writer.text("headers").map(claimed);
    // Shorter names first: x-tenant, idempotency-key, x-http-method-override.
    for (const Meaning which :
         {Meaning::tenant, Meaning::idempotency_key, Meaning::method_override}) {
      const std::size_t i = static_cast<std::size_t>(which);
      if (!claims.meaning[i].empty()) {
        writer.text(meaning_names[i]).text(claims.meaning[i]);
      }
    }
  }
  writer.text("authority").text(claims.authority);
  writer.integer(label_typ).text(typ).integer(label_hash).integer(hash_sha256);
  return out;
}

void append_fast_structure(BoundedText& out, Bytes header, Bytes digest) {
  constexpr std::string_view begin = "\x84\x6aSignature1";
  const std::size_t head = wire::cbor_head_bytes(header.size());
  const std::uint8_t size[3] = {
      static_cast<std::uint8_t>(head == 1   ? 0x40 + header.size()
                                : head == 2 ? 0x58
                                            : 0x59),
      static_cast<std::uint8_t>(head == 2 ? header.size() : header.size() >> 8),
      static_cast<std::uint8_t>(header.size())};
  constexpr std::uint8_t between[3] = {0x40, 0x58, 0x20};  // no external data; 32 bytes follow
  CHECK(header.size() < 0x10000 && digest.size() == 32);
  out.add(begin).add(Bytes(size, head)).add(header).add(Bytes(between)).add(digest);
}

Buffer write_fast(Bytes header, Bytes content, Bytes digest, Bytes signature) {
  Buffer out;
  out.reserve(header.size() + content.size() + signature.size() + 64);
  out.push_back(tag_sign1);
  CborWriter writer(out);
  writer.array(4).bytes(header).map(content.empty() ? 0 : 1);
  if (!content.empty()) {
    writer.text(content_key).bytes(content);
  }
  writer.bytes(digest).bytes(signature);
  return out;
}

}  // namespace v100::auth
