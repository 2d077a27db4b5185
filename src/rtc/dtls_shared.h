// What DTLS sessions of one process share: key, certificate and OpenSSL's context. Internal to rtc.
#pragma once

#include <memory>
#include <openssl/ssl.h>

#include "rtc/dtls.h"

namespace v100::rtc {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreeBy<Free>>;

struct DtlsContext::Shared {
  Owned<EVP_PKEY, EVP_PKEY_free> key;
  Owned<X509, X509_free> certificate;
  Fingerprint fingerprint{};
  Owned<BIO_METHOD, BIO_meth_free> bio_method;  // datagrams in and out of memory: dtls12.cpp
  Owned<SSL_CTX, SSL_CTX_free> dtls12;
};

// dtls12.cpp: fills bio_method and dtls12. Errors: unavailable (this OpenSSL cannot).
Result<void> prepare_dtls12(DtlsContext::Shared& shared);

}  // namespace v100::rtc
