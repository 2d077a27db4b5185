#include "main/acme/jose.h"

#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/text.h"

namespace v100::acme {
namespace {

struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  ByteArray<32> bytes{};
  CHECK(BN_bn2binpad(number, bytes.data(), bytes.size()) == static_cast<int>(bytes.size()));
  BN_free(number);
  return to_base64url(bytes);
}

// RFC 7518 §3.4: R and S, 32 bytes each, instead of the DER that libcrypto makes.
std::string signature(EVP_PKEY* key, std::string_view input) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  CHECK(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1);
  ByteArray<80> der{};  // P-256: at most 72
  std::size_t size = der.size();
  CHECK(EVP_DigestSign(context, der.data(), &size,
                       reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1);
  EVP_MD_CTX_free(context);
  const unsigned char* cursor = der.data();
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(size));
  CHECK(pair != nullptr);
  ByteArray<64> raw{};
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw.data(), 32) == 32);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw.data() + 32, 32) == 32);
  ECDSA_SIG_free(pair);
  return to_base64url(raw);
}

}  // namespace

Pkey make_p256_key() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  CHECK(key != nullptr);
  return Pkey(key);
}

Result<Pkey> read_key(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) {
    return fail(Errc::malformed, "acme: the account key is no PEM elliptic-curve key");
  }
  return key;
}

std::string write_key(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return contents(bio.get());
}

std::string jwk(EVP_PKEY* key) {
  return fmt::format(R"({{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}})",
                     coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X),
                     coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y));
}

std::string thumbprint(EVP_PKEY* key) {
  const std::string text = jwk(key);
  ByteArray<32> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_base64url(digest);
}

std::string sign_jws(EVP_PKEY* key, std::string_view protected_header, std::string_view payload) {
  const std::string head = to_base64url(as_bytes(protected_header));
  const std::string body = to_base64url(as_bytes(payload));
  return fmt::format(R"({{"protected":"{}","payload":"{}","signature":"{}"}})", head, body,
                     signature(key, head + "." + body));
}

std::string make_csr(EVP_PKEY* key, const std::vector<std::string>& domains) {
  X509_REQ* request = X509_REQ_new();
  X509_NAME* subject = X509_REQ_get_subject_name(request);
  CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(domains.front().c_str()),
                                   -1, -1, 0) == 1);
  std::string names;
  for (const std::string& domain : domains) {
    names += (names.empty() ? "DNS:" : ",DNS:") + domain;
  }
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  CHECK(san != nullptr);
  sk_X509_EXTENSION_push(extensions, san);
  CHECK(X509_REQ_add_extensions(request, extensions) == 1);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  CHECK(X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request, &der);
  CHECK(size > 0);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  X509_REQ_free(request);
  return out;
}

}  // namespace v100::acme
