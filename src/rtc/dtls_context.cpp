// The process's certificate: made anew at each start, for nobody needs to know it beforehand.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "rtc/dtls_shared.h"

namespace v100::rtc {
namespace {

constexpr std::int64_t day_seconds = 86400;

// ASN.1 serial number: random, as RFC 5280 §4.1.2.2 wants it (some stacks refuse a repeated one).
bool set_serial(X509* certificate) {
  Owned<BIGNUM, BN_free> number(BN_new());
  return number != nullptr && BN_rand(number.get(), 63, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_dates(X509* certificate, std::int64_t now) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), now - day_seconds) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now + 365 * day_seconds) != nullptr;
}

bool set_names(X509* certificate) {
  // The name says nothing: a peer must not learn more from it than from the address.
  constexpr unsigned char name[] = "WebRTC";
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

}  // namespace

Result<std::unique_ptr<DtlsContext>> DtlsContext::make(std::int64_t wall_seconds) {
  constexpr Error cannot{Errc::unavailable, "dtls: OpenSSL cannot make a P-256 certificate"};
  auto shared = std::make_unique<Shared>();
  shared->key.reset(EVP_EC_gen("P-256"));
  shared->certificate.reset(X509_new());
  X509* const certificate = shared->certificate.get();
  if (shared->key == nullptr || certificate == nullptr) {
    return std::unexpected(cannot);
  }
  constexpr long version_3 = 2;
  unsigned bytes = 0;
  const bool made = X509_set_version(certificate, version_3) == 1 && set_serial(certificate) &&
                    set_dates(certificate, wall_seconds) && set_names(certificate) &&
                    X509_set_pubkey(certificate, shared->key.get()) == 1 &&
                    X509_sign(certificate, shared->key.get(), EVP_sha256()) > 0 &&
                    X509_digest(certificate, EVP_sha256(), shared->fingerprint.data(), &bytes) == 1;
  if (!made || bytes != shared->fingerprint.size()) {
    return std::unexpected(cannot);
  }
  TRY(prepare_dtls12(*shared));
  return std::unique_ptr<DtlsContext>(new DtlsContext(std::move(shared)));
}

DtlsContext::DtlsContext(std::unique_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
DtlsContext::~DtlsContext() = default;
const Fingerprint& DtlsContext::fingerprint() const noexcept { return shared_->fingerprint; }

}  // namespace v100::rtc
