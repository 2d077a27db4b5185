// Keys into files, provider-encoder(7): SubjectPublicKeyInfo, PKCS#8 (plain or encrypted) in DER
// and PEM, and text for people.
#include <new>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "crypto/tls/library_scope.h"
#include "ossl_provider/key.h"
#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

struct Encoder {
  const Provider& provider;
  Structure structure;
  Output output;
  std::string cipher;  // empty: the private key is not encrypted
};

template <Structure S, Output O>
void* encoder_new(void* provider) {
  return new (std::nothrow) Encoder{*provider_of(provider), S, O, {}};
}
void encoder_free(void* encoder) { delete static_cast<Encoder*>(encoder); }

template <Structure S>
int does_selection(void* /*provider*/, int selection) {
  return serves(S, selection) ? 1 : 0;
}

int set_params(void* encoder, const OSSL_PARAM params[]) {
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_ENCODER_PARAM_CIPHER);
  if (p == nullptr) {
    return 1;
  }
  const char* name = nullptr;
  if (p->data != nullptr && OSSL_PARAM_get_utf8_string_ptr(p, &name) != 1) {
    return 0;
  }
  static_cast<Encoder*>(encoder)->cipher = name != nullptr ? name : "";
  return 1;
}
const OSSL_PARAM* settable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, nullptr, 0), OSSL_PARAM_END};
  return table;
}

// Keys of other providers come as parameters.
template <keys::Algorithm A>
void* import_key(void* encoder, int selection, const OSSL_PARAM params[]) {
  auto* key = new (std::nothrow) Key(static_cast<Encoder*>(encoder)->provider, A);
  if (key == nullptr) {
    return nullptr;
  }
  KeyParts parts;
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
  bool good = p == nullptr || octets(p, parts.public_key);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
    good = good && (p == nullptr || octets(p, parts.expanded));
    p = OSSL_PARAM_locate_const(params, "seed");
    good = good && (p == nullptr || octets(p, parts.seed));
  }
  if (!good || !fill(*key, parts)) {
    key->release();
    return nullptr;
  }
  return key;
}
void free_key(void* key) { static_cast<Key*>(key)->release(); }

// ---- Private keys ----

// The form that is wanted, or what can be had: keys from elsewhere may lack the seed.
Result<keys::SecretBytes> pkcs8_of(const Key& key) {
  const keys::PrivateKey& secret = *key.private_key();
  const bool seeded = !secret.seed().empty() || key.info().seed_bytes == 0;
  return keys::write_pkcs8(secret, seeded ? key.provider().form : keys::Form::expanded);
}

// PKCS#8 in libcrypto's encryption (PBES2), as its own keys have it.
Result<keys::SecretBytes> encrypt(const Encoder& self, Bytes pkcs8, Bytes passphrase) {
  const crypto::LibraryScope scope(self.provider.base.library);
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, self.cipher.c_str(), nullptr);
  const std::uint8_t* at = pkcs8.data();
  PKCS8_PRIV_KEY_INFO* info =
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8.size()));
  X509_SIG* sealed = nullptr;
  if (cipher != nullptr && info != nullptr) {
    sealed = PKCS8_encrypt_ex(-1, cipher, reinterpret_cast<const char*>(passphrase.data()),
                              static_cast<int>(passphrase.size()), nullptr, 0, 0, info,
                              self.provider.base.library, nullptr);
  }
  std::uint8_t* der = nullptr;
  const int size = sealed != nullptr ? i2d_X509_SIG(sealed, &der) : -1;
  Buffer out;
  if (size > 0) {
    out.assign(der, der + size);
  }
  OPENSSL_free(der);
  X509_SIG_free(sealed);
  PKCS8_PRIV_KEY_INFO_free(info);
  EVP_CIPHER_free(cipher);
  if (size <= 0) {
    return fail(Errc::unsupported, "key: it could not be encrypted with this cipher");
  }
  return keys::SecretBytes(std::move(out));
}

struct Asking {
  OSSL_PASSPHRASE_CALLBACK* callback;
  void* arg;
};

Result<keys::SecretBytes> ask_and_encrypt(const Encoder& self, Bytes pkcs8, const Asking& asking) {
  Secret<1024, struct PassphraseTag> passphrase;
  std::size_t size = 0;
  const OSSL_PARAM none[] = {OSSL_PARAM_construct_end()};
  if (asking.callback == nullptr ||
      asking.callback(reinterpret_cast<char*>(passphrase.fill().data()), passphrase.size, &size,
                      none, asking.arg) != 1 ||
      size > passphrase.size) {
    return fail(Errc::not_found, "key: no passphrase was given");
  }
  return encrypt(self, pkcs8, Bytes(passphrase.expose()).first(size));
}

int write_der(const Encoder& self, OSSL_CORE_BIO* out, const char* label, Bytes der) {
  if (self.output == Output::der) {
    return write_all(self.provider, out, der) ? 1 : 0;
  }
  std::string pem = keys::write_pem(label, der);
  const bool written = write_all(self.provider, out, as_bytes(pem));
  wipe({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
  return written ? 1 : 0;
}

int encode_private(const Encoder& self, OSSL_CORE_BIO* out, const Key& key, const Asking& asking) {
  const bool sealed = !self.cipher.empty();
  if (key.private_key() == nullptr ||
      (self.structure == Structure::encrypted_private_key_info && !sealed)) {
    return raise(self.provider, {Errc::conflict, "key: there is no private key, or no cipher"});
  }
  const auto plain = pkcs8_of(key);
  if (!plain) {
    return raise(self.provider, plain.error());
  }
  if (!sealed) {
    return write_der(self, out, keys::pem_private, plain->expose());
  }
  const auto encrypted = ask_and_encrypt(self, plain->expose(), asking);
  return encrypted ? write_der(self, out, "ENCRYPTED PRIVATE KEY", encrypted->expose())
                   : raise(self.provider, encrypted.error());
}

// ---- Text ----

// Colon-separated hex, fifteen bytes a line, as libcrypto prints its own.
void put_hex(std::string& out, const char* label, Bytes bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  out.append(label).append(":\n");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 15 == 0) {
      out.append("    ");
    }
    out.push_back(digits[bytes[i] >> 4]);
    out.push_back(digits[bytes[i] & 15]);
    const bool last = i + 1 == bytes.size();
    out.append(last ? "\n" : i % 15 == 14 ? ":\n" : ":");
  }
}

int encode_text(const Encoder& self, OSSL_CORE_BIO* out, const Key& key, int selection) {
  const bool kem = key.info().kind == keys::Kind::mlkem;
  const keys::PrivateKey* secret =
      (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? key.private_key() : nullptr;
  std::string text;
  text.reserve(8 * keys::key_file_bytes_max);  // one block, so that no copy stays behind
  text.append(key.info().name).append(secret != nullptr ? " Private-Key:\n" : " Public-Key:\n");
  if (secret != nullptr) {
    if (!secret->seed().empty()) {
      put_hex(text, "seed", secret->seed());
    }
    put_hex(text, kem ? "dk" : "priv", secret->expanded());
  }
  put_hex(text, kem ? "ek" : "pub", key.public_key()->bytes);
  const bool written = write_all(self.provider, out, as_bytes(text));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return written ? 1 : 0;
}

int encode(void* encoder, OSSL_CORE_BIO* out, const void* object, const OSSL_PARAM abstract[],
           int selection, OSSL_PASSPHRASE_CALLBACK* callback, void* arg) {
  const auto& self = *static_cast<const Encoder*>(encoder);
  const auto* key = static_cast<const Key*>(object);
  if (abstract != nullptr || key == nullptr || key->empty()) {
    return raise(self.provider, {Errc::conflict, "key: nothing is set that could be written"});
  }
  switch (self.structure) {
    case Structure::text:
      return encode_text(self, out, *key, selection);
    case Structure::spki:
      return write_der(self, out, keys::pem_public, keys::write_spki(*key->public_key()));
    default:
      return encode_private(self, out, *key, {callback, arg});
  }
}

template <keys::Algorithm A, Structure S, Output O>
struct Make {
  static const OSSL_DISPATCH table[];
};
template <keys::Algorithm A, Structure S, Output O>
const OSSL_DISPATCH Make<A, S, O>::table[] = {
    row(OSSL_FUNC_ENCODER_NEWCTX, encoder_new<S, O>),
    row(OSSL_FUNC_ENCODER_FREECTX, encoder_free),
    row(OSSL_FUNC_ENCODER_DOES_SELECTION, does_selection<S>),
    row(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, set_params),
    row(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, settable),
    row(OSSL_FUNC_ENCODER_IMPORT_OBJECT, import_key<A>),
    row(OSSL_FUNC_ENCODER_FREE_OBJECT, free_key),
    row(OSSL_FUNC_ENCODER_ENCODE, encode),
    last_row,
};

template <keys::Algorithm A>
using MakePrivateDer = Make<A, Structure::private_key_info, Output::der>;
template <keys::Algorithm A>
using MakePrivatePem = Make<A, Structure::private_key_info, Output::pem>;
template <keys::Algorithm A>
using MakeSealedDer = Make<A, Structure::encrypted_private_key_info, Output::der>;
template <keys::Algorithm A>
using MakeSealedPem = Make<A, Structure::encrypted_private_key_info, Output::pem>;
template <keys::Algorithm A>
using MakeSpkiDer = Make<A, Structure::spki, Output::der>;
template <keys::Algorithm A>
using MakeSpkiPem = Make<A, Structure::spki, Output::pem>;
template <keys::Algorithm A>
using MakeText = Make<A, Structure::text, Output::text>;

}  // namespace

const OSSL_DISPATCH* encoder_table(keys::Algorithm algorithm, Structure structure,
                                   Output output) noexcept {
  const bool der = output == Output::der;
  switch (structure) {
    case Structure::private_key_info:
      return der ? pick<MakePrivateDer>(algorithm) : pick<MakePrivatePem>(algorithm);
    case Structure::encrypted_private_key_info:
      return der ? pick<MakeSealedDer>(algorithm) : pick<MakeSealedPem>(algorithm);
    case Structure::spki:
      return der ? pick<MakeSpkiDer>(algorithm) : pick<MakeSpkiPem>(algorithm);
    default:
      return pick<MakeText>(algorithm);
  }
}

}  // namespace v100::ossl
