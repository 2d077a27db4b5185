// The self-made certificate, and what a given one says.
#include <arpa/inet.h>
#include <ctime>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "io/tls.h"

namespace v100::io {
namespace {

bool is_ip(const std::string& name) noexcept {
  unsigned char raw[16];
  return inet_pton(AF_INET, name.c_str(), raw) == 1 || inet_pton(AF_INET6, name.c_str(), raw) == 1;
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Not by X509V3_EXT_conf: a name with a comma must not become two.
void add_alternative_names(X509* certificate, std::span<const std::string> names) {
  GENERAL_NAMES* list = sk_GENERAL_NAME_new_null();
  for (const std::string& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    CHECK(list != nullptr && entry != nullptr);
    if (is_ip(name)) {
      GENERAL_NAME_set0_value(entry, GEN_IPADD, a2i_IPADDRESS(name.c_str()));
    } else {
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
      GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    sk_GENERAL_NAME_push(list, entry);
  }
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT) == 1);
  GENERAL_NAMES_free(list);
}

X509* build_certificate(EVP_PKEY* key, std::span<const std::string> names, int days) {
  X509* certificate = X509_new();
  CHECK(certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1);
  unsigned char serial[16];
  CHECK(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] &= 0x7f;  // positive, RFC 5280 §4.1.2.2
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(days) * 86400);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("V100 self-made"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, NID_ext_key_usage, "serverAuth");
  add_alternative_names(certificate, names);
  CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  return certificate;
}

std::string take_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

bool covers(X509* certificate, const std::string& name) noexcept {
  return is_ip(name) ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
                     : X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
}

}  // namespace

Result<TlsIdentity> make_self_signed(std::span<const std::string> names, int days) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  if (key == nullptr) {
    return fail(Errc::unavailable, "tls: OpenSSL makes no P-256 key");
  }
  X509* certificate = build_certificate(key, names, days);
  TlsIdentity identity;
  BIO* bio = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_X509(bio, certificate) == 1);
  identity.certificate_pem = take_text(bio);
  bio = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  identity.key_pem = take_text(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

Result<CertificateInfo> inspect_certificate(const TlsIdentity& identity,
                                            std::span<const std::string> names) {
  BIO* bio = BIO_new_mem_buf(identity.certificate_pem.data(),
                             static_cast<int>(identity.certificate_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (certificate == nullptr) {
    ERR_clear_error();
    return fail(Errc::malformed, "tls: no PEM certificate");
  }
  CertificateInfo info;
  info.self_signed =
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  info.covers_all = true;
  for (const std::string& name : names) {
    info.covers_all = info.covers_all && covers(certificate, name);
  }
  ByteArray<32> digest;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    for (const std::uint8_t byte : digest) {
      constexpr const char* digits = "0123456789ABCDEF";
      info.fingerprint.append(info.fingerprint.empty() ? "" : ":");
      info.fingerprint.append({digits[byte >> 4], digits[byte & 15]});
    }
  }
  std::tm expires{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) == 1) {
    info.expires_s = static_cast<std::int64_t>(timegm(&expires));
  }
  X509_free(certificate);
  return info;
}

}  // namespace v100::io
