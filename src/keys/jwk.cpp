// JWK of kty AKP (RFC 9964): "pub" is the public key, "priv" the seed, or SLH-DSA's whole key.
#include <openssl/evp.h>

#include "base/secret.h"
#include "base/text.h"
#include "keys/codec.h"
#include "keys/single_form.h"
#include "wire/json.h"

namespace v100::keys {
namespace {

// RFC 7638: the required members in the order of their names.
std::string required(const PublicKey& key) {
  wire::JsonWriter writer;
  writer.object().key("alg").text(info(key.algorithm).name).key("kty").text("AKP");
  return writer.key("pub").base64url(key.bytes).end_object().take();
}

}  // namespace

Result<Bytes> single_form(const PrivateKey& key) {
  const Bytes value = info(key.algorithm()).kind == Kind::slhdsa ? key.expanded() : key.seed();
  if (value.empty()) {
    return fail(Errc::not_found, "key: its seed is not known, which this format asks for");
  }
  return value;
}
Result<PrivateKey> from_single_form(Algorithm algorithm, Bytes value) {
  return info(algorithm).kind == Kind::slhdsa ? PrivateKey::from_expanded(algorithm, value)
                                              : PrivateKey::from_seed(algorithm, value);
}

Result<Key> read_jwk(Bytes json) {
  const wire::JsonDocument document = TRY(wire::JsonDocument::parse(json, key_file_bytes_max));
  const wire::JsonValue root = document.root();
  if (TRY(root["kty"].text()) != "AKP") {
    return fail(Errc::unsupported, "key: a JWK that is not of kty AKP");
  }
  const Algorithm algorithm = TRY(algorithm_by_name(TRY(root["alg"].text())));
  PublicKey key = TRY(PublicKey::from(algorithm, TRY(root["pub"].base64url())));
  if (!root["priv"].exists()) {
    return Key{std::move(key), std::nullopt};
  }
  const SecretBytes value(TRY(root["priv"].base64url()));
  PrivateKey secret = TRY(from_single_form(algorithm, value.expose()));
  if (!same(secret.public_key().bytes, key.bytes)) {
    return fail(Errc::malformed, "key: the public key beside it is not its own");
  }
  return Key{std::move(key), std::move(secret)};
}

std::string write_jwk(const PublicKey& key) {
  wire::JsonWriter writer;
  writer.object().key("kty").text("AKP").key("alg").text(info(key.algorithm).name);
  return writer.key("pub").base64url(key.bytes).end_object().take();
}

Result<SecretBytes> write_jwk(const PrivateKey& key) {
  const Bytes value = TRY(single_form(key));
  wire::JsonWriter writer;
  writer.object().key("kty").text("AKP").key("alg").text(info(key.algorithm()).name);
  writer.key("pub").base64url(key.public_key().bytes);
  std::string text = writer.key("priv").base64url(value).end_object().take();
  SecretBytes out(as_bytes(text));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return out;
}

std::string thumbprint(const PublicKey& key) {
  const std::string text = required(key);
  ByteArray<32> digest;
  std::size_t size = 0;
  CHECK(EVP_Q_digest(nullptr, "SHA2-256", nullptr, text.data(), text.size(), digest.data(),
                     &size) == 1);
  return to_base64url(digest);
}

}  // namespace v100::keys
