// SPKI (RFC 5280), PKCS#8 (RFC 5958) and PEM (RFC 7468) of the algorithms of RFC 9881, 9935, 9909.
#include "base/secret.h"
#include "base/text.h"
#include "keys/codec.h"
#include "keys/der.h"

namespace v100::keys {
namespace {

// 2.16.840.1.101.3.4, before the last two arcs
constexpr std::uint8_t oid_head[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04};

// Parameters must be absent (each of the three RFCs, section 2 or 3).
Result<Algorithm> read_identifier(DerReader& reader) {
  DerReader inner(TRY(reader.take(tag::sequence)));
  const Bytes oid = TRY(inner.take(tag::oid));
  TRY(inner.end());
  if (oid.size() == sizeof oid_head + 2 && same(oid.first(sizeof oid_head), oid_head)) {
    for (const Info& row : algorithms()) {
      if (same(oid.last(2), row.oid)) {
        return row.algorithm;
      }
    }
  }
  return fail(Errc::unsupported, "key: an algorithm that this build does not have");
}

Result<Bytes> whole_bytes(Bytes bit_string) {
  if (bit_string.empty() || bit_string[0] != 0) {
    return fail(Errc::malformed, "key: a bit string that is not of whole bytes");
  }
  return bit_string.subspan(1);
}

// RFC 9881, section 6 and RFC 9935, section 6: CHOICE { seed, expandedKey, both }. RFC 9909,
// section 6: SLH-DSA keys stand bare.
Result<PrivateKey> read_choice(Algorithm algorithm, Bytes in) {
  if (info(algorithm).kind == Kind::slhdsa) {
    return PrivateKey::from_expanded(algorithm, in);
  }
  DerReader reader(in);
  if (reader.at(tag::seed)) {
    const Bytes seed = TRY(reader.take(tag::seed));
    TRY(reader.end());
    return PrivateKey::from_seed(algorithm, seed);
  }
  if (reader.at(tag::octet_string)) {
    const Bytes expanded = TRY(reader.take(tag::octet_string));
    TRY(reader.end());
    return PrivateKey::from_expanded(algorithm, expanded);
  }
  DerReader both(TRY(reader.take(tag::sequence)));
  TRY(reader.end());
  const Bytes seed = TRY(both.take(tag::octet_string));
  const Bytes expanded = TRY(both.take(tag::octet_string));
  TRY(both.end());
  return PrivateKey::from_both(algorithm, seed, expanded);
}

// The private key's contents; buffers on the way are wiped.
Result<SecretBytes> write_choice(const PrivateKey& key, Form form) {
  if (info(key.algorithm()).kind == Kind::slhdsa) {
    return SecretBytes(key.expanded());
  }
  if (form != Form::expanded && key.seed().empty()) {
    return fail(Errc::not_found, "key: its seed is not known; only the expanded form can be had");
  }
  Buffer out;
  if (form == Form::seed) {
    put_der(out, tag::seed, key.seed());
  } else if (form == Form::expanded) {
    put_der(out, tag::octet_string, key.expanded());
  } else {
    Buffer both;
    both.reserve(key_file_bytes_max);  // one block, so that no copy stays behind
    put_der(both, tag::octet_string, key.seed());
    put_der(both, tag::octet_string, key.expanded());
    put_der(out, tag::sequence, both);
    wipe(both);
  }
  return SecretBytes(std::move(out));
}

}  // namespace

Buffer write_algorithm(Algorithm algorithm) {
  Buffer oid(std::begin(oid_head), std::end(oid_head));
  append(oid, info(algorithm).oid);
  Buffer inner, out;
  put_der(inner, tag::oid, oid);
  put_der(out, tag::sequence, inner);
  return out;
}

Result<Algorithm> spki_algorithm(Bytes der) {
  DerReader outer(der);
  DerReader inner(TRY(outer.take(tag::sequence)));
  return read_identifier(inner);
}

Result<Algorithm> pkcs8_algorithm(Bytes der) {
  DerReader outer(der);
  DerReader inner(TRY(outer.take(tag::sequence)));
  TRY(inner.take(tag::integer));
  return read_identifier(inner);
}

Result<PublicKey> read_spki(Bytes der) {
  DerReader outer(der);
  DerReader inner(TRY(outer.take(tag::sequence)));
  TRY(outer.end());
  const Algorithm algorithm = TRY(read_identifier(inner));
  const Bytes key = TRY(whole_bytes(TRY(inner.take(tag::bit_string))));
  TRY(inner.end());
  return PublicKey::from(algorithm, key);
}

Buffer write_spki(const PublicKey& key) {
  Buffer bits = {0};
  append(bits, key.bytes);
  Buffer inner = write_algorithm(key.algorithm);
  put_der(inner, tag::bit_string, bits);
  Buffer out;
  put_der(out, tag::sequence, inner);
  return out;
}

Result<PrivateKey> read_pkcs8(Bytes der) {
  DerReader outer(der);
  DerReader inner(TRY(outer.take(tag::sequence)));
  TRY(outer.end());
  const Bytes version = TRY(inner.take(tag::integer));
  if (version.size() != 1 || version[0] > 1) {
    return fail(Errc::malformed, "key: PKCS#8 of an unknown version");
  }
  const Algorithm algorithm = TRY(read_identifier(inner));
  PrivateKey key = TRY(read_choice(algorithm, TRY(inner.take(tag::octet_string))));
  if (inner.at(tag::attributes)) {
    TRY(inner.take(tag::attributes));
  }
  if (inner.at(tag::public_key)) {
    const Bytes stated = TRY(whole_bytes(TRY(inner.take(tag::public_key))));
    if (version[0] != 1 || !same(stated, key.public_key().bytes)) {
      return fail(Errc::malformed, "key: the public key beside it is not its own");
    }
  }
  TRY(inner.end());
  return key;
}

Result<SecretBytes> write_pkcs8(const PrivateKey& key, Form form) {
  const SecretBytes choice = TRY(write_choice(key, form));
  Buffer inner;
  inner.reserve(key_file_bytes_max);
  const std::uint8_t version[] = {0};
  put_der(inner, tag::integer, version);
  append(inner, write_algorithm(key.algorithm()));
  put_der(inner, tag::octet_string, choice.expose());
  const SecretBytes kept(std::move(inner));
  Buffer out;
  out.reserve(kept.expose().size() + 8);
  put_der(out, tag::sequence, kept.expose());
  return SecretBytes(std::move(out));
}

Result<PemBlock> read_pem(Bytes text) {
  constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
  if (text.size() > key_file_bytes_max) {
    return fail(Errc::too_large, "key: the file is too large for a key");
  }
  const std::string_view all = as_text(text);
  const std::size_t start = all.find(begin);
  if (start == all.npos) {
    return fail(Errc::malformed, "key: no PEM block");
  }
  const std::size_t label_at = start + begin.size();
  const std::size_t label_end = all.find(dashes, label_at);
  if (label_end == all.npos || label_end - label_at > 64) {
    return fail(Errc::malformed, "key: a PEM line that does not end");
  }
  const std::string label(all.substr(label_at, label_end - label_at));
  const std::size_t body_at = label_end + dashes.size();
  const std::size_t body_end = all.find("-----END " + label + "-----", body_at);
  if (body_end == all.npos) {
    return fail(Errc::malformed, "key: a PEM block without its end");
  }
  std::string body;
  body.reserve(body_end - body_at);
  for (const char c : all.substr(body_at, body_end - body_at)) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') {
      body.push_back(c);
    }
  }
  auto der = from_base64(body);
  wipe({reinterpret_cast<std::uint8_t*>(body.data()), body.size()});
  return PemBlock{label, SecretBytes(TRY(std::move(der)))};
}

std::string write_pem(std::string_view label, Bytes der) {
  std::string body = to_base64(der);
  std::string out;
  out.reserve(body.size() + body.size() / 64 + 128);
  out.append("-----BEGIN ").append(label).append("-----\n");
  for (std::size_t at = 0; at < body.size(); at += 64) {
    out.append(body, at, 64).push_back('\n');
  }
  out.append("-----END ").append(label).append("-----\n");
  wipe({reinterpret_cast<std::uint8_t*>(body.data()), body.size()});
  return out;
}

Result<Key> read_key(Bytes file) {
  if (file.size() > key_file_bytes_max) {
    return fail(Errc::too_large, "key: the file is too large for a key");
  }
  const auto of_public = [](PublicKey&& key) { return Key{std::move(key), std::nullopt}; };
  const auto of_private = [](PrivateKey&& secret) {
    PublicKey key = secret.public_key();
    return Key{std::move(key), std::move(secret)};
  };
  const std::string_view text = as_text(file);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    return read_jwk(file);
  }
  if (!file.empty() && file[0] >= 0xa0 && file[0] <= 0xbf) {
    return read_cose(file);
  }
  // DER first: its bytes may hold anything, a PEM line too, but no text is DER to its last byte.
  DerReader outer(file);
  const Result<Bytes> inside = outer.take(tag::sequence);
  if (inside && outer.empty()) {
    if (DerReader(*inside).at(tag::integer)) {
      return of_private(TRY(read_pkcs8(file)));
    }
    return of_public(TRY(read_spki(file)));
  }
  if (text.find("-----BEGIN ") == text.npos) {
    return fail(Errc::malformed, "key: none of PEM, DER, JWK and COSE, or more than one key");
  }
  const PemBlock block = TRY(read_pem(file));
  if (block.label == pem_public) {
    return of_public(TRY(read_spki(block.der.expose())));
  }
  if (block.label == pem_private) {
    return of_private(TRY(read_pkcs8(block.der.expose())));
  }
  return fail(Errc::unsupported, "key: a PEM block that is neither PUBLIC KEY nor PRIVATE KEY");
}

}  // namespace v100::keys
