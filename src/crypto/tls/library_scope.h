// Within a scope, libcrypto's calls of this thread that name no context use the given one.
#pragma once

#include <openssl/crypto.h>

namespace v100::crypto {

class LibraryScope {
 public:
  // Null: leaves everything as it is.
  explicit LibraryScope(OSSL_LIB_CTX* library) noexcept
      : before_(library != nullptr ? OSSL_LIB_CTX_set0_default(library) : nullptr) {}
  LibraryScope(const LibraryScope&) = delete;
  LibraryScope& operator=(const LibraryScope&) = delete;
  ~LibraryScope() {
    if (before_ != nullptr) {
      OSSL_LIB_CTX_set0_default(before_);
    }
  }

 private:
  OSSL_LIB_CTX* before_;
};

}  // namespace v100::crypto
