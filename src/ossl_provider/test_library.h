// For tests: a library context with the default provider and ours, and owners of OpenSSL's objects.
#pragma once

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "ossl_provider/ossl_provider.h"

namespace v100::ossl {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;
using PKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using PKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Certificate = Owned<X509, X509_free>;
using Memory = Owned<BIO, BIO_free>;

// EVP_PKEY_Q_keygen of OpenSSL 3.0 knows the classical algorithms alone.
inline PKey generate(OSSL_LIB_CTX* library, const char* algorithm) {
  const PKeyContext context(EVP_PKEY_CTX_new_from_name(library, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1) {
    EVP_PKEY_generate(context.get(), &key);
  }
  return PKey(key);
}

class Library {
 public:
  Library() : context_(OSSL_LIB_CTX_new()) {
    standard_ = OSSL_PROVIDER_load(context_, "default");
    OSSL_PROVIDER_add_builtin(context_, "v100", provider_init);
    ours_ = OSSL_PROVIDER_load(context_, "v100");
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    OSSL_PROVIDER_unload(ours_);
    OSSL_PROVIDER_unload(standard_);
    OSSL_LIB_CTX_free(context_);
  }
  OSSL_LIB_CTX* get() const noexcept { return context_; }
  bool loaded() const noexcept { return standard_ != nullptr && ours_ != nullptr; }

  PKey generate(const char* algorithm) const { return ossl::generate(context_, algorithm); }

 private:
  OSSL_LIB_CTX* context_;
  OSSL_PROVIDER* standard_;
  OSSL_PROVIDER* ours_;
};

}  // namespace v100::ossl
